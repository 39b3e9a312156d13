//! One socket of the simulated model: upgrade, loop, faults, end.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

use super::brain::{Brain, Recorder};
use super::options::{Failure, Garbage, ModelOptions};
use super::record::{Ledger, SessionRecord};
use super::refusal::Refusal;
use super::upgrade::{Opening, Refused, check};
use crate::clock::Clock;

/// What a connection needs from its server.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) options: Arc<ModelOptions>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) clock: Clock,
}

/// Something that a test does to a session from outside.
#[derive(Debug)]
pub(super) enum Intrusion {
    /// Sends this as it is.
    Send(String),
    /// Closes with this code, or drops.
    Close(Option<u16>),
}

/// Serves one connection until it ends.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    host: Host,
    stream: S,
    failure: Failure,
    intrusions: impl FnOnce(usize) -> mpsc::Receiver<Intrusion> + Send,
) {
    sleep(host.options.accept_delay).await;
    if matches!(failure, Failure::NeverAnswerUpgrade) {
        return std::future::pending().await;
    }
    let Some((socket, opening)) = upgrade(&host, stream, &failure).await else {
        return;
    };
    let now = Instant::now();
    let index = host.ledger.change(|state| {
        state
            .sessions
            .push(SessionRecord::new(opening.model.clone(), now));
        state.sessions.len() - 1
    });
    let recorder = Recorder {
        ledger: Arc::clone(&host.ledger),
        index,
    };
    let mut connection = Connection {
        socket,
        intrusions: intrusions(index),
        failure,
        deltas: 0,
        keep_log: host.options.keep.is_everything(),
        recorder: recorder.clone(),
    };
    if opening.is_beta {
        connection.refuse_beta().await;
    } else {
        let unix_seconds = host.clock.now().as_ms() / 1000;
        let brain = Brain::new(host.options, recorder.clone(), &opening.model, unix_seconds);
        connection.run(brain).await;
    }
    recorder.note(|record| record.closed_at = Some(Instant::now()));
}

#[expect(
    clippy::result_large_err,
    reason = "the shape of the callback is tungstenite's"
)]
async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
    host: &Host,
    stream: S,
    failure: &Failure,
) -> Option<(WebSocketStream<S>, Opening)> {
    let mut opening = Opening::default();
    let callback = |request: &Request, response: Response| {
        let result = match failure {
            Failure::RefuseUpgrade(status) => Err(Refused::scripted(*status)),
            Failure::Healthy
            | Failure::NeverAnswerUpgrade
            | Failure::CloseAfterHello(_)
            | Failure::SayNothing { .. }
            | Failure::CloseAfterDeltas { .. }
            | Failure::FreezeAfterDeltas(_)
            | Failure::GarbageAfterDeltas { .. }
            | Failure::ExpireAfter(_) => check(request, host.options.required_key.as_deref())
                .inspect_err(|refused| {
                    let violation = refused.violation();
                    host.ledger
                        .change(|state| state.upgrade_violations.push(violation));
                }),
        };
        opening = result.map_err(|refused| refused.to_response())?;
        Ok(response)
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        .write_buffer_size(0)
        .max_message_size(Some(32 << 20))
        .max_frame_size(Some(32 << 20));
    let socket = accept_hdr_async_with_config(stream, callback, Some(config))
        .await
        .ok()?;
    Some((socket, opening))
}

struct Connection<S> {
    socket: WebSocketStream<S>,
    intrusions: mpsc::Receiver<Intrusion>,
    failure: Failure,
    deltas: usize,
    keep_log: bool,
    recorder: Recorder,
}

/// Why the loop goes on or not.
enum Next {
    GoOn,
    End,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn run(&mut self, mut brain: Brain) {
        match self.failure {
            Failure::ExpireAfter(after) => brain.expire_at(Instant::now() + after),
            Failure::CloseAfterHello(code) => {
                self.say_hello(&mut brain).await;
                return self.close(code, "").await;
            }
            Failure::SayNothing { but_hello } => {
                if but_hello {
                    self.say_hello(&mut brain).await;
                }
                return self.stay_silent().await;
            }
            Failure::Healthy
            | Failure::RefuseUpgrade(_)
            | Failure::NeverAnswerUpgrade
            | Failure::CloseAfterDeltas { .. }
            | Failure::FreezeAfterDeltas(_)
            | Failure::GarbageAfterDeltas { .. } => {}
        }
        while let Next::GoOn = self.turn(&mut brain).await {}
    }

    async fn say_hello(&mut self, brain: &mut Brain) {
        if let Some(event) = brain.poll_event() {
            self.send_event(&event).await;
        }
    }

    /// Hears everything, and does nothing about it.
    async fn stay_silent(&mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    async fn turn(&mut self, brain: &mut Brain) -> Next {
        while let Some(event) = brain.poll_event() {
            if let Next::End = self.send_event(&event).await {
                return Next::End;
            }
        }
        if brain.is_over() {
            self.close(1001, "session expired").await;
            return Next::End;
        }
        let due = brain.poll_timeout();
        // In this order, so that the same happens again when it is repeated.
        tokio::select! {
            biased;
            intrusion = self.intrusions.recv() => return self.suffer(intrusion).await,
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            message = self.socket.next(), if !brain.is_busy() => {
                return self.receive(brain, message);
            }
        }
        brain.handle_timeout(Instant::now());
        Next::GoOn
    }

    fn receive(
        &mut self,
        brain: &mut Brain,
        message: Option<Result<Message, tungstenite::Error>>,
    ) -> Next {
        match message {
            Some(Ok(Message::Text(text))) => brain.handle_message(&text, Instant::now()),
            Some(Ok(Message::Binary(_))) => brain.handle_binary(),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(frame))) => {
                let code = frame.map(|frame| u16::from(frame.code));
                self.recorder.note(|record| record.close_code = code);
            }
            Some(Err(_)) | None => return Next::End,
        }
        Next::GoOn
    }

    async fn send_event(&mut self, event: &Value) -> Next {
        let is_delta = event["type"] == "response.output_audio.delta";
        if let Next::End = self.send(event.to_string()).await {
            return Next::End;
        }
        if !is_delta {
            return Next::GoOn;
        }
        self.deltas += 1;
        match &self.failure {
            Failure::CloseAfterDeltas { deltas, code } if *deltas == self.deltas => {
                let code = *code;
                return self.suffer(Some(Intrusion::Close(code))).await;
            }
            Failure::FreezeAfterDeltas(deltas) if *deltas == self.deltas => {
                std::future::pending().await
            }
            Failure::GarbageAfterDeltas { deltas, messages } if *deltas == self.deltas => {
                for message in messages.clone() {
                    let sent = match message {
                        Garbage::Text(text) => self.send(text).await,
                        Garbage::Binary(bytes) => self.put_message(bytes.into()).await,
                    };
                    if let Next::End = sent {
                        return Next::End;
                    }
                }
                Next::GoOn
            }
            Failure::Healthy
            | Failure::RefuseUpgrade(_)
            | Failure::NeverAnswerUpgrade
            | Failure::CloseAfterHello(_)
            | Failure::SayNothing { .. }
            | Failure::CloseAfterDeltas { .. }
            | Failure::FreezeAfterDeltas(_)
            | Failure::GarbageAfterDeltas { .. }
            | Failure::ExpireAfter(_) => Next::GoOn,
        }
    }

    async fn suffer(&mut self, intrusion: Option<Intrusion>) -> Next {
        match intrusion {
            Some(Intrusion::Send(text)) => self.send(text).await,
            Some(Intrusion::Close(Some(code))) => {
                self.close(code, "").await;
                Next::End
            }
            Some(Intrusion::Close(None)) | None => Next::End,
        }
    }

    async fn send(&mut self, text: String) -> Next {
        if self.keep_log {
            self.recorder
                .note(|record| record.server_log.push(text.clone()));
        }
        self.put_message(Message::text(text)).await
    }

    async fn put_message(&mut self, message: Message) -> Next {
        match self.socket.send(message).await {
            Ok(()) => Next::GoOn,
            Err(_) => Next::End,
        }
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        let _ = self.socket.close(Some(frame)).await;
        // The close is finished when the client has answered it, or is gone.
        let answered = async { while let Some(Ok(_)) = self.socket.next().await {} };
        let _ = timeout(GOODBYE, answered).await;
    }

    /// <https://platform.openai.com/docs/guides/realtime#beta-to-ga-migration>
    async fn refuse_beta(&mut self) {
        let code = "beta_api_shape_disabled";
        let message = "The Realtime beta API is no longer supported. Please use /v1/realtime \
            with the GA event shapes and without the OpenAI-Beta header.";
        let refusal = Refusal::new(code, message);
        self.recorder
            .note(|record| record.violations.push(format!("{code}: {message}")));
        let mut event = refusal.to_event(None);
        event["event_id"] = Value::from(crate::rehearsal::names::model_name("event"));
        if let Next::GoOn = self.send(event.to_string()).await {
            self.close(4000, "invalid_request_error.beta_api_shape_disabled")
                .await;
        }
    }
}

/// A client that does not answer a close by then is left alone.
const GOODBYE: Duration = Duration::from_secs(2);
