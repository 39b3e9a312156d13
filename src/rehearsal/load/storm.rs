//! Callers for whom there is no place, many a second: what they are told, and how soon.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::line::Shared;
use crate::rehearsal::carrier::Carrier;

/// Who waits longer for an answer than the carrier does gets none.
const MOST: usize = 8_192;

/// A storm of callers; it is over with this value.
pub(super) struct Storm {
    is_over: Rc<Cell<bool>>,
}

impl Storm {
    /// Begins one of so many callers a second.
    pub(super) fn begin(rate: usize, carrier: &Carrier, shared: &Rc<Shared>) -> Self {
        let is_over = Rc::<Cell<bool>>::default();
        if rate > 0 {
            let every = Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX);
            let ringing = ring(
                every,
                carrier.clone(),
                Rc::clone(shared),
                Rc::clone(&is_over),
            );
            tokio::task::spawn_local(ringing);
        }
        Self { is_over }
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.is_over.set(true);
    }
}

async fn ring(every: Duration, carrier: Carrier, shared: Rc<Shared>, is_over: Rc<Cell<bool>>) {
    let waiting = Rc::<Cell<usize>>::default();
    let mut due = Instant::now();
    while !is_over.get() {
        due += every;
        sleep_until(due).await;
        if waiting.get() >= MOST {
            shared
                .tally
                .borrow_mut()
                .note_unanswered("nobody is answered any more");
            continue;
        }
        waiting.set(waiting.get() + 1);
        let (carrier, shared) = (carrier.clone(), Rc::clone(&shared));
        let (waiting, is_over) = (Rc::clone(&waiting), Rc::clone(&is_over));
        tokio::task::spawn_local(async move {
            let turned_away = carrier.is_turned_away().await;
            waiting.set(waiting.get() - 1);
            // Once it is over there are places.
            if is_over.get() {
                return;
            }
            let mut tally = shared.tally.borrow_mut();
            match turned_away {
                Ok(took) => tally.note_turned_away(took),
                Err(why) => tally.note_unanswered(&why),
            }
        });
    }
}
