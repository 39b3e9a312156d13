//! What runs beside a call for its agent: begun here, ended by an event.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::mpsc;

use super::admission::Admission;
use super::past::Past;
use super::registry::Bridge;
use super::tools::{Ask, Done, Toolbox};
use crate::call::{Errand, Event, ToolAction, ToolEnd, ToolKey};
use crate::domain::{CallId, CallSid, Pii, Receptionist, TenantId};
use crate::routing::Handover;

/// The machine runs fewer than this at one time.
const WAITING: usize = 16;

/// The errands of one call.
pub(super) struct Errands {
    bridge: Bridge,
    toolbox: Option<Toolbox>,
    tenant_id: TenantId,
    call_id: CallId,
    call_sid: CallSid,
    receptionist: Arc<Receptionist>,
    /// Another for each time that the caller comes back.
    leg: u32,
    /// Whether nothing is kept of what is said.
    is_discreet: bool,
    sender: mpsc::Sender<Box<(Errand, Done)>>,
    inbox: mpsc::Receiver<Box<(Errand, Done)>>,
    /// Where the call can go on, until the machine says whether it does.
    found: BTreeMap<Errand, Handover>,
}

impl Errands {
    pub(super) fn new(
        bridge: Bridge,
        admission: &Admission,
        receptionist: Arc<Receptionist>,
    ) -> Self {
        // A channel has room for 32 of what it carries from its first day: a box is small.
        let (sender, inbox) = mpsc::channel(WAITING);
        Self {
            toolbox: bridge.toolbox().cloned(),
            bridge,
            tenant_id: admission.tenant_id,
            call_id: admission.call_id,
            call_sid: admission.call_sid.clone(),
            receptionist,
            leg: admission.past.as_ref().map_or(0, |past| past.leg),
            is_discreet: false,
            sender,
            inbox,
            found: BTreeMap::new(),
        }
    }

    /// Does what the machine asks for, at a time of which nothing is kept if it
    /// `is_discreet`. Nothing waits.
    pub(super) fn perform(
        &mut self,
        action: ToolAction,
        is_discreet: bool,
        events: &mut VecDeque<Event>,
    ) {
        self.is_discreet = is_discreet;
        match action {
            ToolAction::Run {
                call,
                name,
                arguments,
            } => self.begin(Errand::Tool(call), (name, arguments), events),
            ToolAction::FindPerson => {
                let nothing = (String::new(), Pii::new(String::new()));
                self.begin(Errand::Person, nothing, events);
            }
            ToolAction::HandOver(errand) => {
                if let Some(handover) = self.found.remove(&errand) {
                    self.bridge.hand_over(&self.call_sid, handover);
                }
            }
            ToolAction::Withdraw(errand) => self.withdraw(errand),
        }
    }

    /// Puts what has ended into the events.
    pub(super) fn poll_ends(&mut self, cx: &mut Context<'_>, events: &mut VecDeque<Event>) {
        while let Poll::Ready(Some(ended)) = self.inbox.poll_recv(cx) {
            let (errand, done) = *ended;
            let (handover, hands_to) = done.handover.unzip();
            if let Some(handover) = handover {
                self.found.insert(errand, handover);
            }
            let end = ToolEnd {
                output: Pii::new(done.output),
                is_good: done.is_good,
                hands_to,
            };
            events.push_back(Event::ToolEnded { errand, end });
        }
    }

    /// Keeps what was said, if the call may come back.
    pub(super) fn keep(&self, past: impl FnOnce() -> Past) {
        self.bridge.keep(&self.call_sid, past);
    }

    /// What is begun is done to its end, also if the caller hangs up meanwhile:
    /// a message that was left is not lost.
    fn begin(
        &self,
        errand: Errand,
        (name, arguments): (String, Pii<String>),
        events: &mut VecDeque<Event>,
    ) {
        let Some(toolbox) = self.toolbox.clone() else {
            let end = ToolEnd {
                output: Pii::new(NO_TOOLBOX.to_owned()),
                is_good: false,
                hands_to: None,
            };
            events.push_back(Event::ToolEnded { errand, end });
            return;
        };
        let ask = self.ask(errand, name, arguments);
        let (sender, keeper) = (self.sender.clone(), self.bridge.keeper().clone());
        self.bridge.spawn(async move {
            let done = match errand {
                Errand::Tool(_) => toolbox.run(&ask, &keeper).await,
                Errand::Person => toolbox.find_person(&ask).await,
            };
            let Err(unsent) = sender.send(Box::new((errand, done))).await else {
                return;
            };
            let (_, done) = *unsent.0;
            if let Some((handover, _)) = done.handover {
                toolbox.withdraw(&ask, &handover).await;
            }
        });
    }

    fn withdraw(&mut self, errand: Errand) {
        let found = self.found.remove(&errand);
        if let (Some(handover), Some(toolbox)) = (found, self.toolbox.clone()) {
            let ask = self.ask(errand, String::new(), Pii::new(String::new()));
            let withdrawing = async move { toolbox.withdraw(&ask, &handover).await };
            self.bridge.spawn(withdrawing);
        }
    }

    fn ask(&self, errand: Errand, name: String, arguments: Pii<String>) -> Ask {
        Ask {
            tenant_id: self.tenant_id,
            call_id: self.call_id,
            receptionist: Arc::clone(&self.receptionist),
            number: match errand {
                Errand::Tool(ToolKey(key)) => i64::from(self.leg) << 32 | i64::from(key),
                Errand::Person => -1,
            },
            name,
            arguments,
            is_discreet: self.is_discreet,
        }
    }
}

const NO_TOOLBOX: &str = r#"{"error":"unavailable","detail":"There are no tools here."}"#;
