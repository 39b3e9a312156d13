//! Whose turn it is to speak, and which of the agent's responses counts.

use std::time::{Duration, Instant};

use super::{Mark, Reply, ResponseKey};
use crate::domain::TurnLatency;

/// The agent's responses, one at a time, and the caller's wait for them.
#[derive(Debug, Default)]
pub(super) struct Turn {
    active: Option<ResponseKey>,
    requested: Option<Reply>,
    /// What was asked for, and the response taken for it while that goes on.
    taken: Option<(ResponseKey, Reply)>,
    wanted: Option<Reply>,
    /// The latest response seen; with the earlier ones muted by a barge-in.
    latest: Option<ResponseKey>,
    muted: Option<ResponseKey>,
    /// The latest response that had a voice.
    spoken: Option<ResponseKey>,
    is_caller_speaking: bool,
    /// Since when the caller waits for an answer.
    waiting_since: Option<Instant>,
    /// There were words in what the caller said last.
    has_words: bool,
    /// The answer was sent so long after; its first mark is awaited.
    sent: Option<(Instant, Duration, Option<Mark>)>,
}

impl Turn {
    /// Wants the agent to say something, as soon as that can be.
    pub(super) fn want(&mut self, reply: Reply) {
        if !self.wanted.is_some_and(Reply::is_goodbye) || reply.is_goodbye() {
            self.wanted = Some(reply);
        }
    }

    /// What was wanted is wanted no more.
    pub(super) fn want_nothing(&mut self) {
        self.wanted = None;
    }

    /// What to ask the agent for now, if anything: it speaks one response at a
    /// time, and never into the caller's words.
    pub(super) fn next_request(&mut self) -> Option<Reply> {
        if self.is_busy() || self.is_caller_speaking {
            return None;
        }
        self.requested = self.wanted.take();
        if self.requested.is_some_and(|reply| !is_answer(reply)) {
            // What we make the agent say is no answer that the caller waits for.
            self.waiting_since = None;
        }
        self.requested
    }

    /// A response is under way, or asked for.
    pub(super) fn is_busy(&self) -> bool {
        self.active.is_some() || self.requested.is_some()
    }

    /// A response is under way that may still be heard.
    pub(super) fn is_answering(&self) -> bool {
        self.active.is_some() && self.active > self.muted
    }

    /// An answer is due of which nothing has been heard.
    pub(super) fn is_owing(&self) -> bool {
        self.requested.is_some() || (self.is_answering() && self.spoken < self.active)
    }

    /// A response is under way of which something has been heard.
    pub(super) fn is_half_said(&self) -> bool {
        self.is_answering() && self.spoken >= self.active
    }

    /// The caller waits for the agent to be heard. A cough asks for nothing.
    pub(super) fn is_awaited(&self) -> bool {
        let has_asked = self.waiting_since.is_some() && self.has_words;
        self.is_owing() || (has_asked && !self.is_caller_speaking)
    }

    /// The caller speaks, or has spoken and has not been answered.
    pub(super) fn is_callers(&self) -> bool {
        self.is_caller_speaking || self.waiting_since.is_some()
    }

    pub(super) fn is_caller_speaking(&self) -> bool {
        self.is_caller_speaking
    }

    /// Something is still to be said.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    pub(super) fn active(&self) -> Option<ResponseKey> {
        self.active
    }

    /// A later response than this one goes on that nobody has asked for.
    pub(super) fn goes_on_by_itself(&self, since: Option<ResponseKey>) -> bool {
        self.active > since && self.taken.is_none()
    }

    /// The agent began a response. The reply that was asked for, if it is one.
    pub(super) fn response_started(&mut self, response: ResponseKey) -> Option<Reply> {
        self.see(response);
        self.active = Some(response);
        let asked = self.requested.take();
        self.taken = asked.map(|reply| (response, reply));
        asked
    }

    /// The agent is at another response: ours comes after it. The other one,
    /// if it was taken for ours, for it is told of before the refusal.
    pub(super) fn response_refused(&mut self) -> Option<ResponseKey> {
        let (other, mistaken) = self.taken.take().unzip();
        let refused = self.requested.take().or(mistaken);
        self.wanted = self.wanted.or(refused);
        other
    }

    /// A response is over. What had been asked for, if it is what came of it.
    pub(super) fn response_done(&mut self, response: ResponseKey) -> Option<Reply> {
        self.see(response);
        if self.active != Some(response) {
            return None;
        }
        self.active = None;
        self.taken.take().map(|(_, reply)| reply)
    }

    /// Whether this response may still be heard.
    pub(super) fn is_audible(&mut self, response: ResponseKey) -> bool {
        self.see(response);
        self.muted.is_none_or(|muted| response > muted)
    }

    /// There was audio in it.
    pub(super) fn response_spoke(&mut self, response: ResponseKey) {
        self.spoken = self.spoken.max(Some(response));
    }

    /// Whether there was audio in it.
    pub(super) fn has_spoken(&self, response: ResponseKey) -> bool {
        self.spoken == Some(response)
    }

    /// The caller broke in: no response known so far is heard any more.
    pub(super) fn mute(&mut self) {
        self.muted = self.latest;
    }

    /// The answer that is due is waited for no more, and not heard if it comes
    /// after all. What had been asked for.
    pub(super) fn give_up(&mut self) -> Option<Reply> {
        self.mute();
        self.active = None;
        let taken = self.taken.take().map(|(_, reply)| reply);
        self.requested.take().or(taken)
    }

    /// The agent is gone. Whether it owed the caller something; what we had
    /// asked it to say of our own accord is asked of the next one.
    pub(super) fn agent_lost(&mut self) -> bool {
        let owes = self.is_awaited() || self.active.is_some() || self.is_caller_speaking;
        let asked = self.give_up().filter(|reply| reply.is_due_later());
        self.wanted = self.wanted.or(asked);
        self.is_caller_speaking = false;
        owes
    }

    pub(super) fn caller_began(&mut self) {
        self.is_caller_speaking = true;
        self.waiting_since = None;
        self.has_words = false;
        self.sent = None;
    }

    pub(super) fn caller_paused(&mut self, now: Instant) {
        self.is_caller_speaking = false;
        self.waiting_since = Some(now);
    }

    /// The caller's words were written down.
    pub(super) fn words(&mut self, text: &str) {
        self.has_words |= !text.trim().is_empty();
    }

    /// Audio of the agent goes to the carrier. True if it is the first of an
    /// answer that the caller waited for.
    pub(super) fn audio_sent(&mut self, now: Instant) -> bool {
        let Some(since) = self.waiting_since.take() else {
            return false;
        };
        self.sent = Some((since, now.saturating_duration_since(since), None));
        true
    }

    /// A mark went out behind it.
    pub(super) fn mark_sent(&mut self, mark: Mark) {
        if let Some((_, _, awaited @ None)) = &mut self.sent {
            *awaited = Some(mark);
        }
    }

    /// A mark came back. The latency of the turn, if it is the first of it.
    pub(super) fn mark_played(&mut self, mark: Mark, now: Instant) -> Option<TurnLatency> {
        let (since, sent, awaited) = self.sent?;
        if awaited.is_none_or(|awaited| mark < awaited) {
            return None;
        }
        self.sent = None;
        Some(TurnLatency {
            sent,
            heard: Some(now.saturating_duration_since(since)),
        })
    }

    /// The latency of a turn whose mark never came, if there is one.
    pub(super) fn take_unheard(&mut self) -> Option<TurnLatency> {
        let (_, sent, _) = self.sent.take()?;
        Some(TurnLatency { sent, heard: None })
    }

    fn see(&mut self, response: ResponseKey) {
        self.latest = self.latest.max(Some(response));
    }
}

/// Whether it is what the caller waits for.
fn is_answer(reply: Reply) -> bool {
    matches!(reply, Reply::Answer | Reply::AnswerWithoutTools)
}
