//! One media stream: the 20 ms clock, the caller's sound out, the gateway's in.

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::caller::{Caller, Leaving};
use super::event::CarrierEventKind;
use super::gateway_message::{GatewayMessage, read};
use super::options::{CarrierOptions, Fault};
use super::playback::Playback;
use super::report::{Clear, EndedBy, Gap, MarkReport, StreamReport};
use super::teller::Teller;
use super::upgrade::open;
use crate::rehearsal::codec::{SAMPLES_PER_MS, SILENCE};

/// What a stream is opened with.
#[derive(Clone, Debug)]
pub(super) struct StreamPlan<'a> {
    pub(super) options: &'a CarrierOptions,
    pub(super) faults: &'a [Fault],
    pub(super) call_sid: &'a str,
    pub(super) url: &'a str,
    pub(super) parameters: &'a [(String, String)],
}

/// The stream while it lasts.
pub(super) struct Stream<'a, S> {
    pub(super) plan: StreamPlan<'a>,
    pub(super) socket: WebSocketStream<S>,
    caller: &'a mut Caller,
    teller: &'a mut Teller,
    pub(super) report: &'a mut StreamReport,
    playback: Playback,
    pub(super) late_marks: VecDeque<(Instant, String)>,
    pub(super) sequence: u64,
    pub(super) chunk: u64,
    pub(super) elapsed: Duration,
    /// Since when nothing is heard, and whether a clear was the reason.
    hole: Option<(Instant, bool)>,
    /// The gateway takes nothing more; what it sent before is still read.
    pub(super) is_mute: bool,
    /// The step at which the caller's patience was over.
    pub(super) gave_up_at: Option<String>,
}

/// What follows.
enum Next {
    GoOn,
    End(EndedBy),
}

impl<'a> Stream<'a, TcpStream> {
    /// Opens the socket; a refusal is in the report.
    pub(super) async fn open(
        plan: StreamPlan<'a>,
        caller: &'a mut Caller,
        teller: &'a mut Teller,
        report: &'a mut StreamReport,
    ) -> Option<Self> {
        let socket = match open(plan.options, plan.faults, plan.url).await {
            Ok(socket) => socket,
            Err(error) => {
                note_refusal(report, &error);
                return None;
            }
        };
        report.upgrade_status = Some(101);
        Some(Self::on(socket, plan, (caller, teller), report))
    }
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Stream<'a, S> {
    /// A stream on a socket that is open.
    pub(super) fn on(
        socket: WebSocketStream<S>,
        plan: StreamPlan<'a>,
        (caller, teller): (&'a mut Caller, &'a mut Teller),
        report: &'a mut StreamReport,
    ) -> Self {
        Self {
            plan,
            socket,
            caller,
            teller,
            report,
            playback: Playback::default(),
            late_marks: VecDeque::new(),
            sequence: 0,
            chunk: 0,
            elapsed: Duration::ZERO,
            hole: None,
            is_mute: false,
            gave_up_at: None,
        }
    }

    /// Runs until one side ends it.
    pub(super) async fn run(mut self) -> Option<String> {
        self.greet().await;
        let ended_by = self.stay().await;
        self.report.ended_by = ended_by;
        if ended_by == EndedBy::Caller {
            self.say_stop().await;
        }
        self.report.received_ms = self.playback.received_ms();
        self.report.played_ms = self.playback.played_ms();
        self.report.ended_at = Some(Instant::now());
        self.teller
            .tell(Instant::now(), CarrierEventKind::StreamEnded);
        self.gave_up_at
    }

    async fn greet(&mut self) {
        let connected = json!({"event": "connected", "protocol": "Call", "version": "1.0.0"});
        self.send(connected).await;
        if self.plan.faults.contains(&Fault::NeverStart) {
            return;
        }
        let StreamPlan {
            options,
            call_sid,
            parameters,
            ..
        } = self.plan;
        let custom: serde_json::Map<String, Value> = parameters
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let start = json!({
            "streamSid": self.report.stream_sid,
            "accountSid": options.account_sid,
            "callSid": call_sid,
            "tracks": ["inbound"],
            "customParameters": custom,
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        });
        let now = Instant::now();
        self.report.started_at = Some(now);
        self.teller.tell(now, CarrierEventKind::StreamStarted);
        self.send_numbered("start", start).await;
    }

    async fn stay(&mut self) -> EndedBy {
        let frame = self.plan.options.frame;
        let begun = Instant::now();
        let mut clock = interval_at(begun + frame, frame);
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            let is_reading = !self.is_slow_at(begun.elapsed());
            // In this order, so that the same happens again when it is repeated.
            let next = tokio::select! {
                biased;
                message = self.socket.next(), if is_reading => self.receive(message).await,
                _ = clock.tick() => self.tick().await,
            };
            if let Next::End(ended_by) = next {
                return ended_by;
            }
        }
    }

    async fn tick(&mut self) -> Next {
        let (now, frame) = (Instant::now(), self.plan.options.frame);
        self.elapsed += frame;
        let frame_ms = usize::try_from(frame.as_millis()).unwrap_or(usize::MAX);
        let len = frame_ms.clamp(1, 1000) * SAMPLES_PER_MS;
        let played = self.playback.next_frame(len);
        self.note_hole(played.filled > 0, now);
        for mark in played.marks {
            self.return_mark(mark, false, now).await;
        }
        while self.late_marks.front().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, mark)) = self.late_marks.pop_front() {
                self.send_mark(mark, now).await;
            }
        }
        if self.plan.faults.contains(&Fault::NeverStart) {
            return self.lose_patience();
        }
        let step = self.caller.live(&played.mulaw, frame);
        for (ago, kind) in step.events {
            self.teller.tell(now.checked_sub(ago).unwrap_or(now), kind);
        }
        for digit in step.digits {
            let dtmf = json!({"track": "inbound_track", "digit": digit.to_string()});
            self.send_numbered("dtmf", dtmf).await;
        }
        for text in step.texts {
            self.send_text(text).await;
        }
        match step.ending {
            Some(Leaving::HangUp) => return Next::End(EndedBy::Caller),
            Some(Leaving::DropSocket) => return Next::End(EndedBy::Break),
            Some(Leaving::CloseSocket) => {
                self.say_goodbye(Some(GOING_AWAY)).await;
                return Next::End(EndedBy::Break);
            }
            None => {}
        }
        if self.plan.options.keep.is_everything() {
            self.report.heard.extend_from_slice(&played.mulaw);
            let spoken = step.frame.clone().unwrap_or_else(|| vec![SILENCE; len]);
            self.report.spoken.extend_from_slice(&spoken);
        }
        if let Some(frame) = step.frame {
            self.send_media(&frame).await;
        }
        self.lose_patience()
    }

    fn lose_patience(&mut self) -> Next {
        if self.elapsed < self.plan.options.patience {
            return Next::GoOn;
        }
        self.gave_up_at = Some(self.caller.present_step());
        Next::End(EndedBy::Caller)
    }

    async fn receive(&mut self, message: Option<Result<Message, tungstenite::Error>>) -> Next {
        match message {
            Some(Ok(Message::Text(text))) => {
                self.take(&text).await;
                Next::GoOn
            }
            Some(Ok(Message::Binary(_))) => {
                self.warn("31950: binary message".to_owned());
                Next::GoOn
            }
            Some(Ok(Message::Close(frame))) => {
                self.report.close_code = frame.map(|frame| u16::from(frame.code));
                if let Some(code) = self
                    .report
                    .close_code
                    .filter(|code| ![1000, 1001].contains(code))
                {
                    self.warn(format!("31921: the gateway closed with {code}"));
                }
                // The answer goes out while the end is awaited.
                let _ = timeout(GOODBYE, self.socket.next()).await;
                Next::End(EndedBy::Gateway)
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Next::GoOn,
            Some(Err(error)) => {
                let is_broken = matches!(
                    error,
                    tungstenite::Error::Io(_)
                        | tungstenite::Error::Protocol(
                            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake
                        )
                );
                let code = if is_broken { 31921 } else { 31924 };
                self.warn(format!("{code}: {error}"));
                Next::End(EndedBy::Gateway)
            }
            None => Next::End(EndedBy::Gateway),
        }
    }

    async fn take(&mut self, text: &str) {
        let now = Instant::now();
        if self.plan.options.keep.is_everything() {
            self.report.messages.push((now, text.to_owned()));
        }
        match read(text, &self.report.stream_sid) {
            Ok(GatewayMessage::Media(mulaw)) => {
                self.report.media_count += 1;
                self.report.first_media_at.get_or_insert(now);
                if !self.playback.push(mulaw) {
                    self.warn("31931: more than ten minutes are waiting".to_owned());
                }
                let lead = self.playback.waiting_ms();
                self.report.max_lead_ms = self.report.max_lead_ms.max(lead);
            }
            Ok(GatewayMessage::Mark(name)) => {
                self.report.marks.push(MarkReport {
                    name: name.clone(),
                    received_at: now,
                    returned_at: None,
                    is_cleared: false,
                });
                if let Some(name) = self.playback.mark(name) {
                    self.return_mark(name, false, now).await;
                }
            }
            Ok(GatewayMessage::Clear) => self.clear(now).await,
            Err(warning) => self.warn(warning),
        }
    }

    async fn clear(&mut self, now: Instant) {
        let received_ms_total = self.playback.received_ms();
        let cleared = self.playback.clear();
        self.report.clears.push(Clear {
            at: now,
            received_ms_total,
            played_ms_since_last_clear: cleared.played_since_clear_ms,
            dropped_ms: cleared.dropped_ms,
        });
        if let Some((_, is_after_clear)) = &mut self.hole {
            *is_after_clear = true;
        } else {
            self.hole = Some((now, true));
        }
        let dropped_ms = cleared.dropped_ms;
        self.teller
            .tell(now, CarrierEventKind::Cleared { dropped_ms });
        for mark in cleared.marks {
            self.return_mark(mark, true, now).await;
        }
    }

    fn note_hole(&mut self, is_filled: bool, now: Instant) {
        match (is_filled, self.hole) {
            (true, Some((at, is_after_clear))) => {
                let lasting = now.duration_since(at);
                self.report.gaps.push(Gap {
                    at,
                    lasting,
                    is_after_clear,
                });
                self.hole = None;
            }
            (false, None) if self.playback.played_ms() > 0 => self.hole = Some((now, false)),
            (true, None) | (false, _) => {}
        }
    }

    fn is_slow_at(&self, elapsed: Duration) -> bool {
        self.plan.faults.iter().any(|fault| {
            matches!(fault, Fault::SlowReader { after, lasting }
                if (*after..*after + *lasting).contains(&elapsed))
        })
    }

    fn warn(&mut self, warning: String) {
        if self.report.violations.len() < MAX_VIOLATIONS {
            self.report.violations.push(warning);
        }
    }
}

/// Remembers why there is no stream.
pub(super) fn note_refusal(report: &mut StreamReport, error: &tungstenite::Error) {
    report.ended_at = Some(Instant::now());
    if let tungstenite::Error::Http(response) = error {
        report.upgrade_status = Some(response.status().as_u16());
        report.violations.push(format!(
            "31920: upgrade answered with {}",
            response.status()
        ));
    } else {
        report.violations.push(format!("31902: {error}"));
    }
}

const MAX_VIOLATIONS: usize = 100;
/// What a proxy says that stops.
const GOING_AWAY: CloseFrame = CloseFrame {
    code: CloseCode::Away,
    reason: Utf8Bytes::from_static(""),
};
/// A gateway that does not answer a close by then is left alone.
pub(super) const GOODBYE: Duration = Duration::from_secs(2);
