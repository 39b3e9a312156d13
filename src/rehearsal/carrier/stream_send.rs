//! What a media stream sends to the gateway.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::options::Fault;
use super::stream::{GOODBYE, Stream};

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<'_, S> {
    pub(super) async fn return_mark(&mut self, name: String, is_cleared: bool, now: Instant) {
        if self.plan.faults.contains(&Fault::MarksNever) {
            return;
        }
        for fault in self.plan.faults {
            if let Fault::MarksLate(by) = fault {
                self.late_marks.push_back((now + *by, name));
                return;
            }
        }
        let waiting = self
            .report
            .marks
            .iter_mut()
            .filter(|mark| mark.returned_at.is_none());
        if let Some(mark) = waiting.into_iter().find(|mark| mark.name == name) {
            mark.is_cleared = is_cleared;
        }
        self.send_mark(name, now).await;
    }

    pub(super) async fn send_mark(&mut self, name: String, now: Instant) {
        let waiting = self
            .report
            .marks
            .iter_mut()
            .filter(|mark| mark.returned_at.is_none());
        if let Some(mark) = waiting.into_iter().find(|mark| mark.name == name) {
            mark.returned_at = Some(now);
        }
        self.send_numbered("mark", json!({"name": name})).await;
    }

    pub(super) async fn send_media(&mut self, frame: &[u8]) {
        self.chunk += 1;
        let timestamp = self
            .elapsed
            .saturating_sub(self.plan.options.frame)
            .as_millis();
        let media = json!({
            "track": "inbound",
            "chunk": self.chunk.to_string(),
            "timestamp": timestamp.to_string(),
            "payload": STANDARD.encode(frame),
        });
        self.send_numbered("media", media).await;
    }

    /// Says goodbye properly: `stop`, the close, and the gateway's answer to it.
    pub(super) async fn say_stop(&mut self) {
        let stop = json!({
            "accountSid": self.plan.options.account_sid,
            "callSid": self.plan.call_sid,
        });
        if self.report.started_at.is_some() {
            self.send_numbered("stop", stop).await;
        }
        self.say_goodbye(None).await;
    }

    /// The close, and the gateway's answer to it.
    pub(super) async fn say_goodbye(&mut self, frame: Option<CloseFrame>) {
        let goodbye = async {
            let _ = self.socket.close(frame).await;
            while let Some(Ok(_)) = self.socket.next().await {}
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }

    pub(super) async fn send_numbered(&mut self, event: &str, body: Value) {
        self.sequence += 1;
        let mut message = json!({
            "event": event,
            "sequenceNumber": self.sequence.to_string(),
            "streamSid": self.report.stream_sid,
        });
        message[event] = body;
        self.send(message).await;
    }

    pub(super) async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    /// What the gateway said before it went is still to be read: that it is gone
    /// shows there.
    pub(super) async fn send_text(&mut self, text: String) {
        if !self.is_mute && self.socket.send(Message::text(text)).await.is_err() {
            self.is_mute = true;
        }
    }
}
