//! Ringing somebody of our own accord, or writing to them: is that allowed, and for what number?
//!
//! [`DialPolicy::judge`] is the gate. It is a function of values: a policy, a
//! number, what was used so far and a moment make a [`Permit`] or a
//! [`DialRefusal`].
//!
//! **Invariant:** nobody else makes a [`Permit`], but for one that is read from the
//! route with which it was kept, and nobody is rung at the carrier without one.

mod country;
mod line;
mod permit;
mod policy;
mod refusal;
mod writing;

pub use country::Country;
pub use line::{Line, LineKind};
pub use permit::Permit;
pub use policy::{Dial, DialPolicy, DialsUsed, Prefix, Purpose, Rate};
pub use refusal::DialRefusal;
pub use writing::Writing;
