//! What happens in the house, in order, for whoever watches from now on or
//! from where they left off.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;

use super::live::{Happening, LiveEvent};
use super::quiet::{Quiet, Quiets};
use super::registry::Bridge;
use crate::clock::random_bytes;
use crate::domain::{CallId, CallLog, ParseError, Timestamp};

/// Events that a watcher may be behind before it misses some.
const WATCHED: usize = 1_024;
/// Events that are kept for watchers who were away.
const KEPT: usize = 4_096;

/// The name of an event, and its place among all of this process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EventId {
    /// Which process it was; another one counts anew.
    process: u32,
    number: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{}", self.process, self.number)
    }
}

impl FromStr for EventId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parts = text.split_once('-').and_then(|(process, number)| {
            let process = u32::from_str_radix(process, 16).ok()?;
            Some((process, number.parse().ok()?))
        });
        let (process, number) = parts.ok_or(ParseError {
            expected: "the id of an event",
        })?;
        Ok(Self { process, number })
    }
}

/// What came after an event.
pub struct Resumed {
    /// Where whoever has seen what was missed stands.
    pub place: EventId,
    /// What has happened since; none if not all of it is kept.
    pub missed: Option<Vec<Arc<LiveEvent>>>,
    /// What happens from now on, without a gap.
    pub rest: broadcast::Receiver<Arc<LiveEvent>>,
}

/// Tells events to watchers, and keeps the newest.
#[derive(Clone)]
pub(super) struct Feed {
    process: u32,
    told: Arc<Mutex<Told>>,
}

struct Told {
    /// The number of the next event.
    next: u64,
    kept: VecDeque<Arc<LiveEvent>>,
    quiets: Quiets,
    /// None once the house is closed.
    watchers: Option<broadcast::Sender<Arc<LiveEvent>>>,
}

impl Feed {
    pub(super) fn new() -> Self {
        let (watchers, _) = broadcast::channel(WATCHED);
        Self {
            process: u32::from_le_bytes(random_bytes()),
            told: Arc::new(Mutex::new(Told {
                // Whoever has seen nothing stands before the first.
                next: 1,
                kept: VecDeque::new(),
                quiets: Quiets::default(),
                watchers: Some(watchers),
            })),
        }
    }

    /// Tells the event that `make` makes of its id.
    pub(super) fn tell(&self, make: impl FnOnce(EventId) -> LiveEvent) {
        let mut told = self.told();
        let id = EventId {
            process: self.process,
            number: told.next,
        };
        let event = Arc::new(make(id));
        told.next += 1;
        told.quiets.note(&event);
        if told.kept.len() == KEPT {
            told.kept.pop_front();
        }
        told.kept.push_back(Arc::clone(&event));
        if let Some(watchers) = &told.watchers {
            // Nobody watching is no fault.
            let _ = watchers.send(event);
        }
    }

    /// Tells that a call is over; so it was said at that time.
    pub(super) fn tell_closed(&self, call: &CallLog, time: Timestamp) {
        let ms = u64::try_from(time.as_ms() - call.created_at.as_ms());
        self.tell(|id| LiveEvent {
            id,
            call_id: call.id,
            tenant_id: call.tenant_id,
            at: Duration::from_millis(ms.unwrap_or_default()),
            time,
            what: Happening::Closed(call.status),
        });
    }

    pub(super) fn watch(&self) -> broadcast::Receiver<Arc<LiveEvent>> {
        subscribed(&self.told())
    }

    /// What has happened after that event, or from now on.
    pub(super) fn resume(&self, after: Option<EventId>) -> Resumed {
        let told = self.told();
        let place = EventId {
            process: self.process,
            number: told.next - 1,
        };
        let after = after.unwrap_or(place);
        let first = told.kept.front().map_or(told.next, |event| event.id.number);
        let next = after.number.checked_add(1);
        let is_kept = next.is_some_and(|next| (first..=told.next).contains(&next));
        let missed = (after.process == self.process && is_kept).then(|| {
            let is_new = |event: &&Arc<LiveEvent>| event.id.number > after.number;
            told.kept.iter().filter(is_new).cloned().collect()
        });
        Resumed {
            place,
            missed,
            rest: subscribed(&told),
        }
    }

    /// Who is kept waiting or from being heard in that call, as far as was told here.
    pub(super) fn quiet(&self, call: CallId) -> Quiet {
        self.told().quiets.of(call)
    }

    /// Keeps nothing of that call any more.
    pub(super) fn forget(&self, call: CallId) {
        let mut told = self.told();
        told.kept.retain(|event| event.call_id != call);
        told.quiets.forget(call);
    }

    /// Nothing more will happen: who watches is let go.
    pub(super) fn close(&self) {
        self.told().watchers = None;
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bridge {
    /// Tells whoever watches that a call is over, which nobody has told them yet.
    pub fn tell_closed(&self, call: &CallLog) {
        self.shared.feed.tell_closed(call, self.keeper().now());
    }
}

/// A closed house has nothing to tell.
fn subscribed(told: &Told) -> broadcast::Receiver<Arc<LiveEvent>> {
    match &told.watchers {
        Some(watchers) => watchers.subscribe(),
        None => broadcast::channel(1).1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TenantId;

    fn told(feed: &Feed, count: u64) {
        for _ in 0..count {
            feed.tell(|id| LiveEvent {
                id,
                call_id: CallId::from((Timestamp::default(), 1)),
                tenant_id: TenantId::from((Timestamp::default(), 1)),
                at: Duration::ZERO,
                time: Timestamp::default(),
                what: Happening::Admitted,
            });
        }
    }

    fn numbers(events: Option<Vec<Arc<LiveEvent>>>) -> Option<Vec<u64>> {
        events.map(|events| events.iter().map(|event| event.id.number).collect())
    }

    fn id(feed: &Feed, number: u64) -> EventId {
        EventId {
            process: feed.process,
            number,
        }
    }

    #[test]
    fn who_was_away_is_told_what_was_missed_and_nothing_twice() {
        let feed = Feed::new();
        told(&feed, 5);
        let mut resumed = feed.resume(Some(id(&feed, 3)));
        assert_eq!(numbers(resumed.missed), Some(vec![4, 5]));
        told(&feed, 1);
        assert_eq!(resumed.rest.try_recv().unwrap().id.number, 6);
        assert!(resumed.rest.try_recv().is_err());
        assert_eq!(
            numbers(feed.resume(Some(id(&feed, 6))).missed),
            Some(vec![])
        );
    }

    #[test]
    fn who_has_seen_nothing_yet_can_come_back_too() {
        let feed = Feed::new();
        let place = feed.resume(None).place;
        told(&feed, 2);
        assert_eq!(numbers(feed.resume(Some(place)).missed), Some(vec![1, 2]));
        let place = feed.resume(None).place;
        assert_eq!(numbers(feed.resume(Some(place)).missed), Some(vec![]));
    }

    #[test]
    fn who_was_away_too_long_or_elsewhere_is_told_so() {
        let feed = Feed::new();
        told(&feed, 5_000);
        assert_eq!(numbers(feed.resume(Some(id(&feed, 100))).missed), None);
        assert_eq!(numbers(feed.resume(Some(id(&feed, 9_000))).missed), None);
        assert_eq!(numbers(feed.resume(Some(id(&feed, u64::MAX))).missed), None);
        let elsewhere = EventId {
            process: feed.process.wrapping_add(1),
            number: 4_999,
        };
        assert_eq!(numbers(feed.resume(Some(elsewhere)).missed), None);
        let oldest = id(&feed, 5_000 - 4_096);
        assert_eq!(
            numbers(feed.resume(Some(oldest)).missed).unwrap().len(),
            4_096
        );
    }

    #[test]
    fn a_closed_house_lets_its_watchers_go() {
        let feed = Feed::new();
        let (mut early, resumed) = (feed.watch(), feed.resume(None));
        feed.close();
        let closed = broadcast::error::TryRecvError::Closed;
        assert_eq!(early.try_recv().unwrap_err(), closed);
        let mut rest = resumed.rest;
        assert_eq!(rest.try_recv().unwrap_err(), closed);
        assert_eq!(feed.watch().try_recv().unwrap_err(), closed);
    }

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let feed = Feed::new();
        let id = id(&feed, 17);
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "-", "x-1", "00000000-", "00000000-x", "1"] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
    }
}
