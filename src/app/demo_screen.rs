//! What the demo shows while the calls go on.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use crate::bridge::{Happening, LiveEvent};
use crate::call::Report;
use crate::domain::Speaker;
use crate::rehearsal::carrier::{CarrierEvent, CarrierEventKind};

type Events = broadcast::Receiver<Arc<LiveEvent>>;
type Sounds = broadcast::Receiver<CarrierEvent>;

/// A terminal that follows the calls.
pub(super) struct Screen {
    showing: JoinHandle<()>,
    end: CancellationToken,
}

impl Screen {
    /// One call is shown as a conversation, several as one line.
    pub(super) fn open(calls: u16, events: Events, sounds: Sounds) -> Self {
        let end = CancellationToken::new();
        let ended = end.clone();
        let showing = if calls == 1 {
            tokio::spawn(show_conversation(events, sounds, ended))
        } else {
            tokio::spawn(show_status(calls, events, ended))
        };
        Self { showing, end }
    }

    /// Shows what is left to show.
    pub(super) async fn close(self) {
        self.end.cancel();
        // A screen that broke has shown what it could.
        let _ = self.showing.await;
    }
}

async fn show_conversation(mut events: Events, mut sounds: Sounds, end: CancellationToken) {
    let began = Instant::now();
    loop {
        let line = tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(event) => tell(&event.what),
                Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => break,
            },
            sound = sounds.recv() => sound.ok().and_then(|sound| hear(&sound.kind)),
            () = end.cancelled() => break,
        };
        if let Some(line) = line {
            let at = began.elapsed().as_secs_f64();
            // A terminal that is gone is no reason to stop.
            let _ = writeln!(io::stdout(), "{at:7.2} s  {line}");
        }
    }
}

/// What the gateway tells.
fn tell(what: &Happening) -> Option<String> {
    Some(match what {
        Happening::Placed(_)
        | Happening::Routed(_)
        | Happening::Queued(_)
        | Happening::Dequeued
        | Happening::Taken(..)
        | Happening::Held(_)
        | Happening::Muted(..)
        | Happening::Closed(_) => return None,
        Happening::Admitted => "gateway       webhook answered, model dialled".to_owned(),
        Happening::Answered => "gateway       media stream opened".to_owned(),
        Happening::Reported(report) => return tell_report(report),
        Happening::Recording(state) => match state {
            Some(state) => format!("gateway       recording: {}", state.as_str()),
            None => "gateway       recording ends".to_owned(),
        },
        Happening::Ended(end_reason) => {
            format!("gateway       call ended: {}", end_reason.as_str())
        }
    })
}

fn tell_report(report: &Report) -> Option<String> {
    Some(match report {
        Report::Connected => "gateway       model ready".to_owned(),
        Report::AgentLost => "gateway       model lost; another is dialled".to_owned(),
        Report::AgentBack { after } => {
            format!("gateway       model back after {} ms", after.as_millis())
        }
        Report::Said(said) => {
            let cut = if said.interrupted { " --" } else { "" };
            let who = match said.speaker {
                Speaker::Caller => "caller      ",
                Speaker::Receptionist => "receptionist",
            };
            format!("{who}  \"{}{cut}\"", said.text.expose())
        }
        Report::Interrupted { heard, .. } => {
            format!(
                "gateway       interrupted; {} ms of the answer had been heard",
                heard.as_millis()
            )
        }
        Report::Latency(latency) => {
            let heard = latency.heard.map_or(String::new(), |heard| {
                format!(", heard after {} ms", heard.as_millis())
            });
            format!(
                "gateway       answer sent after {} ms{heard}",
                latency.sent.as_millis()
            )
        }
        Report::Digits(digits) => format!("caller        pressed {}", digits.expose()),
        Report::Tool { name, outcome } => {
            let name = name.as_deref().unwrap_or("unknown");
            format!("gateway       tool {name}: {outcome}")
        }
        Report::Silence { prompts } => format!("gateway       silence, prompt {prompts}"),
        Report::Speaking(_)
        | Report::Used(_)
        | Report::RanDry { .. }
        | Report::OutOfDate { .. }
        | Report::Muted { .. }
        | Report::Held(_) => return None,
    })
}

/// What sounds on the line.
fn hear(kind: &CarrierEventKind) -> Option<String> {
    Some(match kind {
        CarrierEventKind::Placed => "caller        rings".to_owned(),
        CarrierEventKind::CallerStarted(_) => "caller        speaks ...".to_owned(),
        CarrierEventKind::ReceptionistStarted => "receptionist  speaks ...".to_owned(),
        CarrierEventKind::Digit(digit) => format!("caller        presses {digit}"),
        CarrierEventKind::Cleared { dropped_ms } => {
            format!("carrier       threw away {dropped_ms} ms that had not been played")
        }
        CarrierEventKind::Verb(_)
        | CarrierEventKind::StreamStarted
        | CarrierEventKind::StreamEnded
        | CarrierEventKind::CallerStopped
        | CarrierEventKind::ReceptionistStopped
        | CarrierEventKind::Ended => return None,
    })
}

/// One line that is written over again and again, or now and then a new one
/// where the output is a file.
async fn show_status(calls: u16, mut events: Events, end: CancellationToken) {
    let (mut live, mut ended, mut answers, mut interruptions) = (0_u32, 0_u32, 0_u32, 0_u32);
    let is_terminal = io::stdout().is_terminal();
    let mut ticks = interval(Duration::from_millis(if is_terminal { 200 } else { 2_000 }));
    loop {
        tokio::select! {
            event = events.recv() => match event.as_ref().map(|event| &event.what) {
                Ok(Happening::Admitted) => live += 1,
                Ok(Happening::Ended(_)) => {
                    live = live.saturating_sub(1);
                    ended += 1;
                }
                Ok(Happening::Reported(Report::Latency(_))) => answers += 1,
                Ok(Happening::Reported(Report::Interrupted { .. })) => interruptions += 1,
                Ok(
                    Happening::Answered
                    | Happening::Reported(_)
                    | Happening::Recording(_)
                    | Happening::Placed(_)
                    | Happening::Routed(_)
                    | Happening::Queued(_)
                    | Happening::Dequeued
                    | Happening::Taken(..)
                    | Happening::Held(_)
                    | Happening::Muted(..)
                    | Happening::Closed(_),
                )
                | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            },
            _ = ticks.tick() => {
                let (before, after) = if is_terminal { ("\r", "") } else { ("", "\n") };
                let mut out = io::stdout();
                // A terminal that is gone is no reason to stop.
                let _ = write!(out, "{before}{live} live, {ended} of {calls} ended, ");
                let _ = write!(out, "{answers} answers, {interruptions} interruptions {after}");
                let _ = out.flush();
            }
            () = end.cancelled() => break,
        }
    }
    if is_terminal {
        let _ = writeln!(io::stdout());
    }
}
