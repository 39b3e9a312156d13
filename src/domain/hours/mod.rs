//! Opening hours: a week of spans, holidays and other exceptions, a time zone.
//!
//! Hours are written by the clock on the wall of the business. Where that
//! clock jumps, a span opens when the clock first shows or passes its
//! beginning, and closes when it last shows or passes its end: what lies in an
//! hour that does not exist is never open, and an hour that happens twice is
//! open twice.
//!
//! A span belongs to the day on which it opens. One that crosses midnight goes
//! on into a holiday, and a holiday's own span into the day after.

mod calendar;
mod opening;
mod span;
mod zone;

pub use calendar::{Exception, Hours, HoursPlan, Week};
pub use opening::{Closure, Opening};
pub use span::{Date, Span, Weekday};
pub use zone::Zone;
