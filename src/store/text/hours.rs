//! Opening hours as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::value::{Few, Line, Text};
use crate::domain::{Date, Exception, HoursPlan, ParseError, Span, Week, Weekday, Zone};

/// The spans of one day.
type Spans = Few<Text<Span>, 0, 12>;

/// When it is open.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HoursText {
    /// The usual week.
    #[serde(default)]
    pub week: WeekText,
    /// The days that are not as usual.
    #[serde(default)]
    pub exceptions: Few<ExceptionText, 0, 400>,
}

macro_rules! week {
    ($($day:ident = $weekday:ident,)*) => {
        /// The spans of each day, such as `09:00-17:30`. An end that is not
        /// after the beginning is one of the next day. No spans: closed.
        #[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct WeekText {
            $(
                #[serde(default)]
                #[schema(value_type = Vec<String>, max_items = 12, required = false,
                pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
                    example = json!(["09:00-12:00", "13:00-17:30"]))]
                $day: Spans,
            )*
        }

        impl From<&Week> for WeekText {
            fn from(week: &Week) -> Self {
                Self { $($day: written(week.spans(Weekday::$weekday)),)* }
            }
        }

        impl From<WeekText> for Week {
            fn from(text: WeekText) -> Self {
                Self::new([$((Weekday::$weekday, read(text.$day)),)*])
            }
        }
    };
}

week! {
    monday = Monday,
    tuesday = Tuesday,
    wednesday = Wednesday,
    thursday = Thursday,
    friday = Friday,
    saturday = Saturday,
    sunday = Sunday,
}

/// A day that is not as its weekday usually is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionText {
    /// Which day.
    #[schema(value_type = String, format = Date, example = "2026-12-25")]
    date: Text<Date>,
    /// What it is called.
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$", example = "Christmas")]
    name: Line<200>,
    /// When it is open all the same; not at all if there are none.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 12, required = false,
        pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
    spans: Spans,
}

impl HoursText {
    /// The hours by a clock. A day that is told of twice is refused, by its
    /// place among the exceptions.
    pub fn into_plan(self, zone: Zone) -> Result<HoursPlan, (usize, ParseError)> {
        let mut exceptions = BTreeMap::new();
        for (place, exception) in self.exceptions.0.into_iter().enumerate() {
            let mut spans = read(exception.spans);
            spans.sort_unstable();
            let name = exception.name.0;
            let before = exceptions.insert(exception.date.0, Exception { name, spans });
            if before.is_some() {
                let expected = "each day once";
                return Err((place, ParseError { expected }));
            }
        }
        Ok(HoursPlan {
            zone,
            week: self.week.into(),
            exceptions,
        })
    }
}

impl From<&HoursPlan> for HoursText {
    fn from(plan: &HoursPlan) -> Self {
        let exceptions = plan
            .exceptions
            .iter()
            .map(|(date, exception)| ExceptionText {
                date: Text(*date),
                name: Line(exception.name.clone()),
                spans: written(&exception.spans),
            });
        Self {
            week: (&plan.week).into(),
            exceptions: Few(exceptions.collect()),
        }
    }
}

fn written(spans: &[Span]) -> Spans {
    Few(spans.iter().copied().map(Text).collect())
}

fn read(spans: Spans) -> Vec<Span> {
    spans.0.into_iter().map(|Text(span)| span).collect()
}
