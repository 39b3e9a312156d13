//! Where calls go: hours by the clock on the wall, and the decision made of them.

mod decisions;
mod hours;
mod ivr;
mod ivr_properties;
mod values;
