//! Records a call: what passes both legs goes onto a tape, and the tape to the spool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use super::admission::Admission;
use super::keeper::Keeper;
use super::note::Note;
use super::recording_news::{News, RecordingNews};
use crate::call::{CarrierAction, Event, Tape};
use crate::domain::{
    CallId, Consent, ConsentAnswer, RecordingFault, RecordingState, RecordingTitle, TenantId,
};
use crate::recordings::{Spool, SpoolWriter};

/// What somebody wants of the recording of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RecordOrder {
    /// It begins, on the ground of this consent.
    Start(Consent),
    /// Nothing of what is said now is kept.
    Pause,
    /// It is kept again.
    Resume,
    /// It is over.
    Stop,
}

/// Shows, without asking the call, whether it is being recorded.
#[derive(Debug, Default)]
pub(super) struct Light(AtomicU8);

impl Light {
    /// How the recording stands; none where there is none.
    pub(super) fn state(&self) -> Option<RecordingState> {
        match self.0.load(Ordering::Relaxed) {
            1 => Some(RecordingState::Recording),
            2 => Some(RecordingState::Paused),
            _ => None,
        }
    }

    fn show(&self, running: Option<&Running>) {
        let code = running.map_or(0, |running| 1 + u8::from(running.tape.is_paused()));
        self.0.store(code, Ordering::Relaxed);
    }
}

/// The recorder of one call.
pub(super) struct Recorder {
    call: (TenantId, CallId),
    keeper: Keeper,
    light: Arc<Light>,
    /// Records as soon as there is a caller.
    starts_with: Option<Consent>,
    has_caller: bool,
    running: Option<Running>,
    /// How it stood when that was last told.
    told: Option<RecordingState>,
}

/// A recording that goes on.
struct Running {
    title: RecordingTitle,
    tape: Tape,
    writer: SpoolWriter,
}

impl Recorder {
    pub(super) fn new(admission: &Admission, keeper: Keeper, light: Arc<Light>) -> Self {
        Self {
            call: (admission.tenant_id, admission.call_id),
            keeper,
            light,
            starts_with: admission.recording.clone(),
            has_caller: false,
            running: None,
            told: None,
        }
    }

    /// Something happened on one of the two legs.
    pub(super) fn hear(&mut self, event: &Event, now: Instant) {
        if let Event::CallerAudio { timestamp, frame } = event {
            self.record(|tape| tape.hear(*timestamp, frame, now), now);
        } else if *event == Event::CarrierReplaced {
            self.record(|tape| tape.restart(now), now);
        } else if *event == Event::CarrierStarted {
            self.has_caller = true;
            if let Some(mut consent) = self.starts_with.take() {
                // They have heard it to its end now, or stayed.
                if matches!(consent.answer, ConsentAnswer::Told | ConsentAnswer::Stayed) {
                    consent.at = self.keeper.now();
                }
                self.start(consent, now);
            }
        }
    }

    /// The carrier was asked for something.
    pub(super) fn perform(&mut self, action: &CarrierAction, now: Instant) {
        self.record(|tape| tape.perform(action, now), now);
    }

    /// Tells how the recording stands, if that has changed since it was last told.
    pub(super) fn tell_change(&mut self, tell: impl FnOnce(Option<RecordingState>)) {
        let state = self.light.state();
        if state != self.told {
            self.told = state;
            tell(state);
        }
    }

    /// Somebody wants something of the recording.
    pub(super) fn order(&mut self, order: RecordOrder, now: Instant) {
        match order {
            RecordOrder::Start(consent) if self.has_caller => self.start(consent, now),
            RecordOrder::Start(consent) => self.starts_with = Some(consent),
            RecordOrder::Pause => self.pause(true, now),
            RecordOrder::Resume => self.pause(false, now),
            RecordOrder::Stop => {
                self.starts_with = None;
                if let Some(ended) = self.end(None, now) {
                    self.keeper.note(ended);
                }
            }
        }
    }

    /// The call is over; nobody hears it any more, so there is time.
    pub(super) async fn finish(mut self, now: Instant) {
        if let Some(ended) = self.end(None, now) {
            self.keeper.tell(ended).await;
        }
    }

    fn start(&mut self, consent: Consent, now: Instant) {
        let Some(spool) = self.keeper.spool().filter(|_| consent.answer.permits()) else {
            return;
        };
        if self.running.is_some() {
            return;
        }
        let (tenant_id, call_id) = self.call;
        let title = RecordingTitle {
            id: self.keeper.new_id(),
            tenant_id,
            call_id,
            started_at: self.keeper.now(),
            consent,
        };
        self.tell(News::Began, &title);
        let Some(writer) = begun(spool, &title) else {
            // The disk is so far behind that nothing more is begun.
            self.tell(News::Ended(Some(RecordingFault::DiskFailed)), &title);
            return;
        };
        self.running = Some(Running {
            title,
            tape: Tape::new(now),
            writer,
        });
        self.light.show(self.running.as_ref());
    }

    fn pause(&mut self, is_on: bool, now: Instant) {
        let Some(running) = &mut self.running else {
            return;
        };
        if running.tape.is_paused() == is_on {
            return;
        }
        if is_on {
            running.tape.pause(now);
        } else {
            running.tape.resume(now);
        }
        running.hand_over();
        let title = running.title.clone();
        self.light.show(self.running.as_ref());
        self.tell(News::Paused(is_on), &title);
    }

    fn record(&mut self, lay: impl FnOnce(&mut Tape), now: Instant) {
        let Some(running) = &mut self.running else {
            return;
        };
        lay(&mut running.tape);
        if running.hand_over()
            && let Some(fault) = running.writer.fault()
            && let Some(ended) = self.end(Some(fault), now)
        {
            self.keeper.note(ended);
        }
    }

    fn end(&mut self, fault: Option<RecordingFault>, now: Instant) -> Option<Note> {
        let mut running = self.running.take()?;
        self.light.show(None);
        running.tape.finish(now);
        running.hand_over();
        let news = RecordingNews {
            what: News::Ended(fault.or(running.writer.fault())),
            title: running.title,
            at: self.keeper.now(),
        };
        Some(Note::Recording(Box::new(news)))
    }

    fn tell(&self, what: News, title: &RecordingTitle) {
        let news = RecordingNews {
            what,
            title: title.clone(),
            at: self.keeper.now(),
        };
        self.keeper.note(Note::Recording(Box::new(news)));
    }
}

fn begun(spool: &Spool, title: &RecordingTitle) -> Option<SpoolWriter> {
    let writer = spool.begin(title.clone());
    if writer.is_none() {
        tracing::error!(call.id = %title.call_id, "recording.not_begun: the disk is too slow");
    }
    writer
}

impl Running {
    /// Hands over what the tape has ready; whether there was any.
    fn hand_over(&mut self) -> bool {
        let mut is_news = false;
        while let Some(snippet) = self.tape.poll_snippet() {
            self.writer.keep(snippet);
            is_news = true;
        }
        is_news
    }
}
