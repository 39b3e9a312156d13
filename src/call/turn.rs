//! Whose turn it is to speak, and which of the agent's responses counts.

use std::mem;
use std::time::Instant;

use super::latency::Latency;
use super::{Reply, ResponseKey};

/// The agent's responses, one at a time, and the caller's wait for them.
#[derive(Debug, Default)]
pub(super) struct Turn {
    active: Option<ResponseKey>,
    /// What was asked for and has not begun.
    requested: Option<Request>,
    /// The response taken for what was asked for, while that goes on.
    taken: Option<Taken>,
    wanted: Option<Reply>,
    /// The latest response seen; with the earlier ones muted by a barge-in.
    latest: Option<ResponseKey>,
    muted: Option<ResponseKey>,
    /// The latest response that had a voice.
    spoken: Option<ResponseKey>,
    /// The responses that were over last.
    over: [Option<ResponseKey>; MAX_OVER],
    is_caller_speaking: bool,
    /// The agent answers them all the same: that they have paused may be lost.
    is_answered: bool,
    /// What the agent is about to begin without being asked now.
    due: Due,
    /// Since when the caller waits for an answer.
    waiting_since: Option<Instant>,
    /// Whether there were words in what the caller said last, once that is known.
    has_words: Option<bool>,
    /// How long they waited for the last.
    pub(super) latency: Latency,
}

/// Responses remembered that are over; what is told twice is told soon.
const MAX_OVER: usize = 8;

/// What was asked for, and what becomes of it once it begins.
#[derive(Clone, Copy, Debug)]
struct Request {
    reply: Reply,
    fate: Fate,
}

/// What was asked for, and the response that was taken for it.
#[derive(Clone, Copy, Debug)]
struct Taken {
    response: ResponseKey,
    reply: Reply,
    /// The agent was about to answer by itself: this may be that answer.
    is_doubtful: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Due {
    #[default]
    Nothing,
    /// The caller has paused, and nothing has begun since: its own answer to them.
    Answer,
    /// The caller cut what was taken for what had been asked for, in doubt. If it was the
    /// agent's own, the one that was asked for begins into their words.
    Asked,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    /// It is heard.
    Heard,
    /// It is wanted no more: it is cut before a word of it is heard.
    Cut,
    /// The caller has had a turn since: the agent answers that first, and
    /// refuses this.
    Overtaken,
}

/// Which response has begun.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Begun {
    /// The one that was asked for.
    Asked(Reply),
    /// The one that was asked for and is wanted no more: the agent must be told.
    Cut,
    /// One that the agent began of its own accord.
    Own,
}

impl Turn {
    /// Wants the agent to say something, as soon as that can be.
    pub(super) fn want(&mut self, reply: Reply) {
        if !self.wanted.is_some_and(Reply::is_goodbye) || reply.is_goodbye() {
            self.wanted = Some(reply);
        }
    }

    /// There is more to say: no goodbye is wanted, nor anything before it.
    pub(super) fn want_no_goodbye(&mut self) {
        self.wanted = None;
        if let Some(request) = &mut self.requested
            && request.reply.is_goodbye()
        {
            request.fate = Fate::Cut;
        }
    }

    /// What to ask the agent for now, if anything: it speaks one response at a
    /// time, and never into the caller's words.
    pub(super) fn next_request(&mut self) -> Option<Reply> {
        if self.is_busy() || self.is_caller_speaking {
            return None;
        }
        let reply = self.wanted.take()?;
        if !reply.is_answer() {
            // What we make the agent say is no answer that the caller waits for.
            self.waiting_since = None;
        }
        let fate = Fate::Heard;
        self.requested = Some(Request { reply, fate });
        Some(reply)
    }

    /// A response is under way, or asked for.
    pub(super) fn is_busy(&self) -> bool {
        self.active.is_some() || self.requested.is_some()
    }

    /// A response is under way that may still be heard.
    pub(super) fn is_answering(&self) -> bool {
        self.active.is_some() && self.active > self.muted
    }

    /// Something is to be said as soon as a response is over that is not heard.
    pub(super) fn is_held_up(&self) -> bool {
        self.wanted.is_some() && self.active.is_some() && !self.is_answering()
    }

    /// An answer is due of which nothing has been heard.
    pub(super) fn is_owing(&self) -> bool {
        let is_silent = self.is_answering() && self.spoken < self.active;
        self.requested.is_some() || is_silent || self.is_held_up()
    }

    /// A response is under way of which something has been heard.
    pub(super) fn is_half_said(&self) -> bool {
        self.is_answering() && self.spoken >= self.active
    }

    /// The caller waits for the agent to be heard. A cough asks for nothing; an agent that
    /// has fallen silent may never tell that it was one.
    pub(super) fn is_awaited(&self) -> bool {
        let has_asked = self.waiting_since.is_some() && self.has_words != Some(false);
        self.is_owing() || (has_asked && !self.is_caller_speaking)
    }

    /// The caller speaks, or has spoken and has not been answered.
    pub(super) fn is_callers(&self) -> bool {
        self.is_caller_speaking || self.waiting_since.is_some()
    }

    pub(super) fn is_caller_speaking(&self) -> bool {
        self.is_caller_speaking
    }

    /// The caller speaks, and the agent listens.
    pub(super) fn is_caller_heard(&self) -> bool {
        self.is_caller_speaking && !self.is_answered
    }

    /// Something is still to be said.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    pub(super) fn active(&self) -> Option<ResponseKey> {
        self.active
    }

    /// A later response than this one is heard that nobody has asked for.
    pub(super) fn goes_on_by_itself(&self, since: Option<ResponseKey>) -> bool {
        self.is_answering() && self.active > since && self.taken.is_none()
    }

    /// The agent began a response.
    pub(super) fn response_started(&mut self, response: ResponseKey) -> Begun {
        self.see(response);
        self.active = Some(response);
        self.taken = None;
        for over in &mut self.over {
            over.take_if(|over| *over == response);
        }
        let due = mem::take(&mut self.due);
        let request = self.requested.take();
        match request.map(|request| (request.fate, request.reply)) {
            Some((Fate::Heard, reply)) => {
                self.taken = Some(Taken {
                    response,
                    reply,
                    is_doubtful: due == Due::Answer,
                });
                Begun::Asked(reply)
            }
            None if due != Due::Asked => {
                self.is_answered = self.is_caller_speaking;
                Begun::Own
            }
            Some((Fate::Overtaken, _)) => Begun::Own,
            Some((Fate::Cut, _)) | None => {
                self.muted = self.muted.max(Some(response));
                Begun::Cut
            }
        }
    }

    /// The agent is at another response: ours comes after it. The other one,
    /// if it was taken for ours, for it is told of before the refusal.
    pub(super) fn response_refused(&mut self) -> Option<ResponseKey> {
        self.nothing_comes_late();
        if self.requested.is_some() {
            let refused = self.request_failed();
            self.wanted = self.wanted.or(refused);
            return None;
        }
        let taken = self.taken.take();
        let (other, mistaken) = taken.map(|taken| (taken.response, taken.reply)).unzip();
        // What the caller says meanwhile is answered instead.
        let is_due = |reply: &Reply| !self.is_caller_speaking || reply.is_goodbye();
        self.wanted = self.wanted.or(mistaken.filter(is_due));
        other
    }

    /// The agent does not answer the caller, for it is at the response that we
    /// had asked for before; the answer comes after it, where it `may_answer`.
    /// Or it did not say whose response it refused: then the same as above.
    pub(super) fn answer_refused(&mut self, may_answer: bool) -> Option<ResponseKey> {
        match &mut self.requested {
            Some(request) if request.fate != Fate::Heard => request.fate = Fate::Cut,
            None if self.taken.is_none() => {}
            Some(_) | None => return self.response_refused(),
        }
        let answer = may_answer.then_some(Reply::Answer);
        self.wanted = self.wanted.or(answer);
        None
    }

    /// What was asked for does not begin. What it was, if it is still wanted.
    pub(super) fn request_failed(&mut self) -> Option<Reply> {
        self.nothing_comes_late();
        let request = self.requested.take()?;
        (request.fate == Fate::Heard).then_some(request.reply)
    }

    /// A response is over. Whether that is told again.
    pub(super) fn is_over_again(&mut self, response: ResponseKey) -> bool {
        let is_known = self.over.contains(&Some(response));
        if !is_known {
            self.over.rotate_right(1);
            self.over[0] = Some(response);
        }
        is_known
    }

    /// A response is over. What had been asked for, if it is what came of it.
    ///
    /// Into whose words an answer is said to its end, they have paused. An agent that has
    /// nothing to say to them has heard no words, unless it is told that there were some.
    pub(super) fn response_done(&mut self, response: ResponseKey, is_cut: bool) -> Option<Reply> {
        self.see(response);
        if self.active != Some(response) {
            return None;
        }
        if self.is_answering() {
            self.has_words.get_or_insert(false);
        }
        self.active = None;
        if mem::take(&mut self.is_answered) && !is_cut {
            self.is_caller_speaking = false;
        }
        let taken = self.taken.take()?;
        if taken.is_doubtful && is_cut && self.is_caller_speaking {
            self.due = Due::Asked;
        }
        Some(taken.reply)
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
        if mem::take(&mut self.is_answered) {
            self.is_caller_speaking = false;
        }
        self.due = Due::Nothing;
        let taken = self.taken.take().map(|taken| taken.reply);
        self.request_failed().or(taken)
    }

    /// The agent is gone. Whether it owed the caller something; what we had
    /// asked it to say of our own accord is asked of the next one.
    pub(super) fn agent_lost(&mut self) -> bool {
        let owes = self.is_awaited() || self.active.is_some() || self.is_caller_speaking;
        let asked = self.give_up().filter(|reply| reply.is_due_later());
        self.wanted = self.wanted.or(asked);
        self.caller_is_silent();
        owes
    }

    /// The caller speaks: what was to be said to them before is not said into
    /// their words, nor after them, unless the call ends with it.
    pub(super) fn caller_began(&mut self) {
        self.is_caller_speaking = true;
        self.is_answered = false;
        if self.due == Due::Answer {
            self.due = Due::Nothing;
        }
        let mut wanted = self.wanted.filter(|reply| reply.is_due_later());
        if let Some(request) = &mut self.requested {
            request.fate = Fate::Cut;
            wanted = wanted.or(request.reply.is_goodbye().then_some(request.reply));
        }
        self.wanted = wanted;
        self.waiting_since = None;
        self.has_words = None;
        self.latency.forget();
    }

    /// The caller does not speak: what the agent takes for their voice is noise, or will not
    /// end, and is spoken into.
    pub(super) fn caller_is_silent(&mut self) {
        self.is_caller_speaking = false;
        self.is_answered = false;
        self.due = Due::Nothing;
    }

    pub(super) fn caller_paused(&mut self, now: Instant) {
        self.caller_is_silent();
        self.due = Due::Answer;
        self.waiting_since = Some(now);
        if let Some(request) = &mut self.requested
            && request.fate == Fate::Cut
        {
            request.fate = Fate::Overtaken;
        }
    }

    /// The caller's words were written down.
    pub(super) fn words(&mut self, text: &str) {
        let has_words = !text.trim().is_empty();
        self.has_words = Some(has_words || self.has_words == Some(true));
    }

    /// Audio of the agent goes to the carrier. True if it is the first of an
    /// answer that the caller waited for.
    pub(super) fn audio_sent(&mut self, now: Instant) -> bool {
        let Some(since) = self.waiting_since.take() else {
            return false;
        };
        self.latency.begin(since, now);
        true
    }

    fn nothing_comes_late(&mut self) {
        if self.due == Due::Asked {
            self.due = Due::Nothing;
        }
    }

    fn see(&mut self, response: ResponseKey) {
        self.latest = self.latest.max(Some(response));
    }
}
