//! The carrier's half of a call: Media Streams messages <-> events and actions.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::wire::{Incoming, MAX_KEPT_BY_CALL, MAX_MESSAGES, Wire, empty};
use crate::audio::frames;
use crate::call::{CarrierAction, Event};
use crate::domain::StreamSid;
use crate::twilio::media_stream::{self, Inbound, Media, Start};

/// A stream must say what it is within this time.
const START_BUDGET: Duration = Duration::from_secs(5);
/// Messages that break the protocol before the stream is given up.
const MAX_FAULTS: u32 = 32;
/// The longest payload taken from one message: a second of sound.
const MAX_PAYLOAD: usize = 8_000;

/// At 8 kHz.
const MICROS_PER_SAMPLE: u64 = 125;

/// Why a stream did not come to its start.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum StartError {
    /// It said nothing for too long.
    #[error("no start message within 5 s")]
    Late,
    /// It said something else.
    #[error("the first messages were not connected and start")]
    Protocol,
    /// Its audio is not mu-law at 8 kHz.
    #[error("the audio is not mu-law at 8 kHz")]
    Format,
    /// It went away.
    #[error("the stream closed before its start message")]
    Gone,
}

/// Waits for the stream to say which call it belongs to.
///
/// On failure the wire has been closed, with 1008, or 1002 and 1003 for a
/// peer that does not speak the protocol.
pub(super) async fn await_start<S>(mut wire: Wire<S>) -> Result<(Start, Wire<S>), StartError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let error = match timeout(START_BUDGET, read_start(&mut wire)).await {
        Ok(Ok(start)) => return Ok((start, wire)),
        Ok(Err(error)) => error,
        Err(_) => StartError::Late,
    };
    let code = match error {
        StartError::Late => 1008,
        StartError::Protocol => 1002,
        StartError::Format => 1003,
        StartError::Gone => 1000,
    };
    wire.close(code).await;
    Err(error)
}

async fn read_start<S>(wire: &mut Wire<S>) -> Result<Start, StartError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for _ in 0..4 {
        let incoming = std::future::poll_fn(|cx| {
            wire.poll_flush(cx);
            wire.poll_message(cx)
        });
        let text = match incoming.await {
            Incoming::Text(text) => text,
            Incoming::Binary => return Err(StartError::Protocol),
            Incoming::Closed | Incoming::Broken => return Err(StartError::Gone),
        };
        match media_stream::parse(text.as_str()) {
            Ok(Inbound::Connected | Inbound::Unknown { .. }) => {}
            Ok(Inbound::Start(start)) if start.media_format.is_mulaw_8k() => return Ok(start),
            Ok(Inbound::Start(_)) => return Err(StartError::Format),
            Ok(Inbound::Media(_) | Inbound::Dtmf { .. } | Inbound::Mark { .. } | Inbound::Stop)
            | Err(_) => return Err(StartError::Protocol),
        }
    }
    Err(StartError::Protocol)
}

/// A media stream that has started, whatever socket carries it.
pub(super) trait Carrier: Send {
    /// Puts what the carrier said into `events`; pending once it has no more
    /// to say for now.
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut VecDeque<Event>) -> Poll<()>;

    /// Does what the machine asks for.
    fn perform(&mut self, action: CarrierAction);

    /// Everything of one turn of the loop leaves together.
    fn poll_flush(&mut self, cx: &mut Context<'_>);

    /// Whether the carrier has not taken everything.
    fn is_dirty(&self) -> bool;

    /// How many bytes it has not taken.
    fn unsent(&self) -> usize;

    /// How much sound it has not taken, as far as that is known.
    fn untaken(&self) -> Duration;

    /// Keeps idle proxies from cutting the line.
    fn ping(&mut self);

    /// Hands the carrier back to its TwiML.
    fn close(self: Box<Self>, code: u16) -> BoxFuture<'static, ()>;
}

/// A started stream on a WebSocket.
#[derive(Debug)]
pub(super) struct CarrierLeg<S> {
    wire: Wire<S>,
    stream_sid: StreamSid,
    /// Sound that leaves as one message at the end of a turn of the loop.
    pending: Vec<u8>,
    /// Samples sent since the carrier had taken everything.
    untaken: u64,
    payload: Vec<u8>,
    faults: u32,
}

impl<S: AsyncRead + AsyncWrite + Unpin> CarrierLeg<S> {
    pub(super) fn new(wire: Wire<S>, stream_sid: StreamSid) -> Self {
        Self {
            wire,
            stream_sid,
            pending: Vec::new(),
            untaken: 0,
            payload: Vec::new(),
            faults: 0,
        }
    }

    fn read(&mut self, text: &str, events: &mut VecDeque<Event>) {
        match media_stream::parse(text) {
            Ok(Inbound::Media(media)) => self.read_media(&media, events),
            Ok(Inbound::Mark { name }) => {
                // Marks that are not ours tell nothing.
                events.extend(name.parse().map(Event::MarkPlayed));
            }
            Ok(Inbound::Dtmf { digit }) => events.push_back(Event::Digit(digit)),
            Ok(Inbound::Stop) => events.push_back(Event::CarrierStopped),
            Ok(Inbound::Connected | Inbound::Start(_)) => self.fault("second start"),
            Ok(Inbound::Unknown { .. }) => {}
            Err(_) => self.fault("malformed"),
        }
    }

    fn read_media(&mut self, media: &Media<'_>, events: &mut VecDeque<Event>) {
        let is_ours = media
            .stream_sid
            .as_deref()
            .is_none_or(|sid| sid == self.stream_sid.as_str());
        let is_sound = is_ours && media.decode(&mut self.payload).is_ok();
        if is_sound && self.payload.len() <= MAX_PAYLOAD {
            let mut timestamp = media.timestamp_ms.map(Duration::from_millis);
            for frame in frames(&self.payload) {
                events.push_back(Event::CallerAudio { timestamp, frame });
                timestamp = timestamp.map(|at| at + frame.duration());
            }
        } else {
            self.fault("media");
        }
        empty(&mut self.payload, MAX_KEPT_BY_CALL);
    }

    fn send_pending(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        self.untaken += self.pending.len() as u64;
        self.wire
            .queue(|text| media_stream::write_media(text, &self.stream_sid, &self.pending));
        empty(&mut self.pending, MAX_KEPT_BY_CALL);
    }

    fn fault(&mut self, what: &'static str) {
        self.faults += 1;
        metrics::counter!("frontdesk_carrier_faults_total", "what" => what).increment(1);
        tracing::debug!(what, "carrier.fault");
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Carrier for CarrierLeg<S> {
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut VecDeque<Event>) -> Poll<()> {
        for _ in 0..MAX_MESSAGES {
            match futures::ready!(self.wire.poll_message(cx)) {
                Incoming::Text(text) => self.read(text.as_str(), events),
                Incoming::Binary => self.fault("binary"),
                // A hang-up is told of before, and a proxy that goes away says goodbye as well.
                Incoming::Closed | Incoming::Broken => {
                    events.push_back(Event::CarrierLost);
                    break;
                }
            }
            if self.faults > MAX_FAULTS {
                events.push_back(Event::CarrierLost);
                break;
            }
        }
        Poll::Ready(())
    }

    fn perform(&mut self, action: CarrierAction) {
        match action {
            CarrierAction::Play(frame) => self.pending.extend_from_slice(frame.bytes()),
            CarrierAction::Mark(mark) => {
                self.send_pending();
                self.wire
                    .queue(|text| media_stream::write_mark(text, &self.stream_sid, mark));
            }
            CarrierAction::Clear => {
                self.pending.clear();
                self.untaken = 0;
                self.wire
                    .queue(|text| media_stream::write_clear(text, &self.stream_sid));
            }
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) {
        self.send_pending();
        self.wire.poll_flush(cx);
        if !self.wire.is_dirty() {
            self.untaken = 0;
        }
    }

    fn is_dirty(&self) -> bool {
        self.wire.is_dirty()
    }

    fn unsent(&self) -> usize {
        self.wire.unsent()
    }

    fn untaken(&self) -> Duration {
        Duration::from_micros(self.untaken * MICROS_PER_SAMPLE)
    }

    fn ping(&mut self) {
        self.wire.queue_ping();
    }

    fn close(self: Box<Self>, code: u16) -> BoxFuture<'static, ()> {
        let code = if self.faults > MAX_FAULTS { 1008 } else { code };
        self.wire.close(code).boxed()
    }
}
