//! Writing to somebody of our own accord: the same gate as for ringing them.

use super::policy::{DialPolicy, Rate};
use super::refusal::DialRefusal as Refusal;
use crate::domain::{PhoneNumber, Timestamp, Zone};

/// Somebody is to be written to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Writing<'a> {
    /// Whom.
    pub to: &'a PhoneNumber,
    /// Whether they have written or rung, and are answered.
    pub is_answer: bool,
    /// Whether they have said that they want nothing.
    pub is_unwanted: bool,
}

impl DialPolicy {
    /// Whether somebody may be written to at `now`, where so many were already.
    /// Who is answered may be anywhere, at any hour.
    pub fn judge_writing(
        &self,
        writing: &Writing<'_>,
        used: Rate,
        (zone, now): (&Zone, Timestamp),
    ) -> Result<(), Refusal> {
        if writing.is_unwanted {
            return Err(Refusal::Unwanted);
        }
        if writing.is_answer {
            Self::judge_anywhere(writing.to)?;
            self.judge_prefix(writing.to)?;
        } else {
            self.judge_number(writing.to)?;
            self.judge_hours(zone, now)?;
        }
        if used.per_hour >= self.texts.per_hour {
            return Err(Refusal::HourlyOfTexts);
        }
        if used.per_day >= self.texts.per_day {
            return Err(Refusal::DailyOfTexts);
        }
        Ok(())
    }
}
