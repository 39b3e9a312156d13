//! A stage for one call: the machine, its time, and a carrier's buffer.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use frontdesk::call::{Action, CallPlan, CarrierAction, Event, Mark, Phrase, Session};

/// A machine, and what a carrier would do with what it is sent.
pub(super) struct Stage {
    pub(super) session: Session,
    pub(super) began: Instant,
    pub(super) now: Instant,
    /// What the carrier has not played: frames' durations and marks.
    buffer: VecDeque<Played>,
    /// When the first thing in the buffer has been played.
    front_at: Instant,
    /// Whether marks come back.
    pub(super) returns_marks: bool,
    /// How long a sentence is that needs no agent.
    pub(super) sentence: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Played {
    Sound(Duration),
    Mark(Mark),
}

impl Stage {
    pub(super) fn new(plan: CallPlan) -> Self {
        let now = origin();
        Self {
            session: Session::new(plan, now),
            began: now,
            now,
            buffer: VecDeque::new(),
            front_at: now,
            returns_marks: true,
            sentence: Duration::from_millis(800),
        }
    }

    /// Lets time pass until `until`; `seen` gets what happens on the way.
    pub(super) fn pass(&mut self, until: Instant, seen: &mut impl FnMut(Duration, &Action)) {
        loop {
            let mark_at = self.next_mark().filter(|at| *at <= until);
            let timeout = self.session.poll_timeout().filter(|at| *at <= until);
            match (mark_at, timeout) {
                (Some(at), timeout) if timeout.is_none_or(|timeout| at <= timeout) => {
                    self.now = self.now.max(at);
                    self.return_mark(seen);
                }
                (_, Some(at)) => {
                    self.now = self.now.max(at);
                    self.session.handle_timeout(self.now);
                    self.drain(seen);
                }
                (_, None) => break,
            }
        }
        self.now = self.now.max(until);
    }

    /// Hands the machine one event and does what it answers.
    pub(super) fn happen(&mut self, event: Event, seen: &mut impl FnMut(Duration, &Action)) {
        self.session.handle_event(event, self.now);
        self.drain(seen);
    }

    fn drain(&mut self, seen: &mut impl FnMut(Duration, &Action)) {
        let (mut cleared, mut uttered) = (Vec::new(), Vec::new());
        while let Some(action) = self.session.poll_action() {
            seen(self.now - self.began, &action);
            match action {
                Action::Carrier(action) => self.carry(action, &mut cleared),
                Action::Utter(phrase) => uttered.push(utter(phrase, self.sentence)),
                Action::Agent(_)
                | Action::Tool(_)
                | Action::Dial
                | Action::DialSpare
                | Action::Swap
                | Action::Report(_)
                | Action::End(_) => {}
            }
        }
        for mark in cleared {
            self.happen(Event::MarkPlayed(mark), seen);
        }
        for event in uttered {
            self.happen(event, seen);
        }
    }

    fn carry(&mut self, action: CarrierAction, cleared: &mut Vec<Mark>) {
        match action {
            CarrierAction::Play(frame) => self.push(Played::Sound(frame.duration())),
            CarrierAction::Mark(mark) => self.push(Played::Mark(mark)),
            CarrierAction::Clear => {
                cleared.extend(self.buffer.drain(..).filter_map(|played| match played {
                    Played::Mark(mark) => Some(mark),
                    Played::Sound(_) => None,
                }));
            }
        }
    }

    fn push(&mut self, played: Played) {
        if self.buffer.is_empty() {
            self.front_at = self.now;
        }
        self.buffer.push_back(played);
    }

    /// When the next mark has been reached.
    fn next_mark(&self) -> Option<Instant> {
        let mut at = self.front_at;
        for played in &self.buffer {
            match played {
                Played::Sound(duration) => at += *duration,
                Played::Mark(_) => return self.returns_marks.then_some(at),
            }
        }
        None
    }

    fn return_mark(&mut self, seen: &mut impl FnMut(Duration, &Action)) {
        while let Some(played) = self.buffer.pop_front() {
            match played {
                Played::Sound(duration) => self.front_at += duration,
                Played::Mark(mark) => return self.happen(Event::MarkPlayed(mark), seen),
            }
        }
    }
}

/// A sentence that needs no agent.
fn utter(phrase: Phrase, lasting: Duration) -> Event {
    let text = match phrase {
        Phrase::OneMoment => "One moment, please.",
        Phrase::Apology => "I am sorry.",
    };
    Event::Uttered {
        text: text.to_owned().into(),
        sound: vec![0xFF; 8 * lasting.as_millis() as usize].into(),
    }
}

/// Any moment will do; all others are counted from it.
#[expect(
    clippy::disallowed_methods,
    reason = "an origin for a time that tests make themselves"
)]
fn origin() -> Instant {
    Instant::now()
}
