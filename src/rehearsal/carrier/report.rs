//! What became of a call, as the carrier and the caller saw it.

use std::time::Duration;

use tokio::time::Instant;

use super::event::{CarrierEvent, CarrierEventKind};
use super::twiml::Element;

/// One call.
#[derive(Clone, Debug)]
pub struct CallReport {
    /// The carrier's name for it.
    pub call_sid: String,
    /// When it was placed.
    pub placed_at: Instant,
    /// When it was over.
    pub ended_at: Instant,
    /// Every request made, in order.
    pub requests: Vec<WebhookReport>,
    /// Every verb that was run, in order.
    pub verbs: Vec<Element>,
    /// Every media stream, in order; most calls have one.
    pub streams: Vec<StreamReport>,
    /// What became of the second stream of [`Fault::ReplayedStream`](super::Fault).
    pub replay: Option<StreamReport>,
    /// `CallStatus` at the end: `completed`, `busy`, `no-answer`, `failed`.
    pub final_status: String,
    /// Errors that end a document or a call, by the carrier's codes.
    pub failures: Vec<String>,
    /// What the gateway did that the carrier warns of, outside the streams.
    pub violations: Vec<String>,
    /// The step at which the caller's patience was over, if it was.
    pub gave_up_at: Option<String>,
    /// What happened when.
    pub events: Vec<CarrierEvent>,
    /// Those whom it has rung, and who were led elsewhere over REST.
    pub legs: Vec<CallReport>,
}

impl CallReport {
    pub(super) fn new(call_sid: String, now: Instant) -> Self {
        Self {
            call_sid,
            placed_at: now,
            ended_at: now,
            requests: Vec::new(),
            verbs: Vec::new(),
            streams: Vec::new(),
            replay: None,
            final_status: "ringing".to_owned(),
            failures: Vec::new(),
            violations: Vec::new(),
            gave_up_at: None,
            events: Vec::new(),
            legs: Vec::new(),
        }
    }

    /// Everything that the gateway did wrong, in the call and in its streams.
    pub fn all_violations(&self) -> Vec<String> {
        let streams = self
            .streams
            .iter()
            .flat_map(|stream| stream.violations.iter());
        self.failures
            .iter()
            .chain(&self.violations)
            .chain(streams)
            .cloned()
            .chain(self.legs.iter().flat_map(Self::all_violations))
            .collect()
    }

    /// The first stream, if the call had one.
    pub fn stream(&self) -> Option<&StreamReport> {
        self.streams.first()
    }

    /// What `<Say>` said, in order, also inside a `<Gather>`.
    pub fn said(&self) -> Vec<String> {
        self.texts_of("Say")
    }

    /// Whom `<Dial>` called, in order.
    pub fn dialled(&self) -> Vec<String> {
        let dials = self.verbs.iter().filter(|verb| verb.name == "Dial");
        dials.flat_map(Element::leaf_texts).collect()
    }

    /// The verbs' names, in order.
    pub fn verb_names(&self) -> Vec<&str> {
        self.verbs.iter().map(|verb| verb.name.as_str()).collect()
    }

    /// From the end of each of the caller's sentences to the first sound of the answer.
    pub fn response_times(&self) -> Vec<Duration> {
        let mut stopped = None;
        let mut times = Vec::new();
        for event in &self.events {
            if event.kind == CarrierEventKind::CallerStopped {
                stopped = Some(event.at);
            } else if matches!(event.kind, CarrierEventKind::CallerStarted(_)) {
                stopped = None;
            } else if event.kind == CarrierEventKind::ReceptionistStarted {
                times.extend(stopped.take().map(|at| event.at.duration_since(at)));
            }
        }
        times
    }

    /// From each word that the caller put into the receptionist's to her silence.
    pub fn barge_in_times(&self) -> Vec<Duration> {
        let (mut is_speaking, mut barged) = (false, None);
        let mut times = Vec::new();
        for event in &self.events {
            if event.kind == CarrierEventKind::ReceptionistStarted {
                is_speaking = true;
            } else if matches!(event.kind, CarrierEventKind::CallerStarted(_)) {
                barged = is_speaking.then_some(event.at);
            } else if event.kind == CarrierEventKind::ReceptionistStopped {
                is_speaking = false;
                // One who spoke after her last sound did not interrupt her.
                let barged = barged
                    .take()
                    .and_then(|at| event.at.checked_duration_since(at));
                times.extend(barged);
            }
        }
        times
    }

    fn texts_of(&self, name: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for verb in &self.verbs {
            verb.visit(&mut |element| {
                if element.name == name {
                    texts.push(element.text.clone());
                }
            });
        }
        texts
    }
}

/// A request to the gateway and its answer.
#[derive(Clone, Debug)]
pub struct WebhookReport {
    /// The URL as signed.
    pub url: String,
    /// The form that was sent.
    pub form: Vec<(String, String)>,
    /// The status; none if there was no answer.
    pub status: Option<u16>,
    /// The body.
    pub body: String,
    /// How long the answer took.
    pub took: Duration,
}

/// One media stream.
#[derive(Clone, Debug)]
pub struct StreamReport {
    /// The carrier's name for it.
    pub stream_sid: String,
    /// The URL of its `<Stream>`.
    pub url: String,
    /// When the upgrade was asked for.
    pub asked_at: Instant,
    /// When `start` was sent; none if the upgrade was refused.
    pub started_at: Option<Instant>,
    /// When the socket was gone.
    pub ended_at: Option<Instant>,
    /// The status of a refused upgrade; 101 for one that was answered.
    pub upgrade_status: Option<u16>,
    /// What the caller's side sent, mu-law, frame by frame.
    pub spoken: Vec<u8>,
    /// What the caller heard, mu-law, in step with `spoken`.
    pub heard: Vec<u8>,
    /// When the first sound came.
    pub first_media_at: Option<Instant>,
    /// Sound received, in milliseconds.
    pub received_ms: u64,
    /// Sound played, in milliseconds.
    pub played_ms: u64,
    /// Media messages received.
    pub media_count: usize,
    /// Most sound that ever waited in the buffer, in milliseconds.
    pub max_lead_ms: u64,
    /// Holes in what was heard.
    pub gaps: Vec<Gap>,
    /// Clears.
    pub clears: Vec<Clear>,
    /// Marks.
    pub marks: Vec<MarkReport>,
    /// Messages from the gateway, as they came.
    pub messages: Vec<(Instant, String)>,
    /// The gateway's close code; none if it closed without one or not at all.
    pub close_code: Option<u16>,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// What the gateway did that the carrier warns of.
    pub violations: Vec<String>,
}

impl StreamReport {
    pub(super) fn new(stream_sid: String, url: String, now: Instant) -> Self {
        Self {
            stream_sid,
            url,
            asked_at: now,
            started_at: None,
            ended_at: None,
            upgrade_status: None,
            spoken: Vec::new(),
            heard: Vec::new(),
            first_media_at: None,
            received_ms: 0,
            played_ms: 0,
            media_count: 0,
            max_lead_ms: 0,
            gaps: Vec::new(),
            clears: Vec::new(),
            marks: Vec::new(),
            messages: Vec::new(),
            close_code: None,
            ended_by: EndedBy::Gateway,
            violations: Vec::new(),
        }
    }

    /// From `start` to the first sound.
    pub fn first_audio_after(&self) -> Option<Duration> {
        Some(self.first_media_at?.duration_since(self.started_at?))
    }

    /// Silence within sentences: holes shorter than `pause` that no clear made.
    pub fn underrun(&self, pause: Duration) -> Duration {
        let within = self
            .gaps
            .iter()
            .filter(|gap| gap.lasting < pause && !gap.is_after_clear);
        within.map(|gap| gap.lasting).sum()
    }

    /// Both sides as a WAV file: the caller on the left, the gateway on the right.
    pub fn to_wav(&self) -> Vec<u8> {
        super::tracks::wav(&self.spoken, &self.heard)
    }
}

/// Who ended a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EndedBy {
    /// The gateway closed the socket, or refused it.
    Gateway,
    /// The caller hung up.
    Caller,
    /// The socket broke, as the script wanted.
    Break,
}

/// A hole in what was heard: sound, nothing, sound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gap {
    /// When it began.
    pub at: Instant,
    /// How long it was.
    pub lasting: Duration,
    /// Whether a clear came in it or before it.
    pub is_after_clear: bool,
}

/// A `clear` from the gateway.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Clear {
    /// When it came.
    pub at: Instant,
    /// Sound received until then.
    pub received_ms_total: u64,
    /// Sound played since the clear before.
    pub played_ms_since_last_clear: u64,
    /// Sound dropped by this one.
    pub dropped_ms: u64,
}

/// A `mark` from the gateway.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MarkReport {
    /// Its name.
    pub name: String,
    /// When it came.
    pub received_at: Instant,
    /// When it went back.
    pub returned_at: Option<Instant>,
    /// Whether a clear sent it back.
    pub is_cleared: bool,
}
