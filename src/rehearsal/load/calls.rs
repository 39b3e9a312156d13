//! The calls of a load that go on, and whose turn it is.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::line::{Call, Shared};
use super::plan::{FRAME, LAST_WORDS};
use super::report::Going;

/// So long they sleep who need not be exact.
const NAP: Duration = Duration::from_millis(1);

/// The calls that go on, by their numbers.
pub(super) struct Calls {
    all: BTreeMap<usize, Rc<Call>>,
    next: usize,
    shared: Rc<Shared>,
    may_sleep: bool,
}

impl Calls {
    /// None yet. Who may sleep between two frames sends some of them later.
    pub(super) fn new(shared: &Rc<Shared>, may_sleep: bool) -> Self {
        Self {
            all: BTreeMap::new(),
            next: 0,
            shared: Rc::clone(shared),
            may_sleep,
        }
    }

    pub(super) fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }

    /// How many go on.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// A number that no call has had.
    pub(super) fn next_number(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// Another call goes on.
    pub(super) fn add(&mut self, number: usize, call: Rc<Call>) {
        self.shared.tally.borrow_mut().placed += 1;
        self.all.insert(number, call);
    }

    /// Makes room for those that are over, and says which they were.
    pub(super) fn take_ended(&mut self) -> Vec<Rc<Call>> {
        let is_over = |_: &usize, call: &mut Rc<Call>| call.is_over();
        let ended = self.all.extract_if(.., is_over);
        ended.map(|(_, call)| call).collect()
    }

    /// Lets them go on until all that counts has arrived, or is lost.
    pub(super) async fn settle(&self) {
        let end = Instant::now() + LAST_WORDS;
        while Instant::now() < end && !self.all.values().all(|call| call.is_settled()) {
            self.go_on(FRAME).await;
        }
    }

    /// Everybody hangs up.
    pub(super) fn end_all(&self) {
        for call in self.all.values() {
            call.end();
        }
    }

    /// How it goes.
    pub(super) fn going(&self) -> Going {
        self.shared.tally.borrow().going(self.count())
    }

    /// Lets them go on for so long.
    pub(super) async fn go_on(&self, lasting: Duration) {
        let end = Instant::now() + lasting;
        while Instant::now() < end {
            self.perform_due();
            self.pause().await;
        }
    }

    /// Lets them go on until `future` is ready.
    pub(super) async fn meanwhile<F: Future>(&self, future: F) -> F::Output {
        let go_on = async {
            loop {
                self.perform_due();
                self.pause().await;
            }
        };
        tokio::select! {
            output = future => output,
            () = go_on => unreachable!("it goes on for ever"),
        }
    }

    async fn pause(&self) {
        if self.may_sleep {
            sleep(NAP).await;
        } else {
            yield_now().await;
        }
    }

    fn perform_due(&self) {
        loop {
            let now = Instant::now();
            let Some((due, call, cue)) = self.shared.agenda.borrow_mut().pop(now) else {
                return;
            };
            if let Some(call) = self.all.get(&call) {
                call.perform(cue, due, now);
            }
        }
    }
}
