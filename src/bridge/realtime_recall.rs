//! What an agent is told that comes in the middle of a call.

use tokio::io::{AsyncRead, AsyncWrite};

use super::cues;
use super::realtime_leg::RealtimeLeg;
use crate::call::{Recalled, ToolAnswer, ToolKey};
use crate::domain::{Pii, Speaker};
use crate::realtime::NewItem;
use crate::realtime::client_event::ClientEvent;

/// How the ids of items begin that were said before the agent came.
pub(super) const RECALLED: &str = "said_before_";

impl<S: AsyncRead + AsyncWrite + Unpin> RealtimeLeg<S> {
    /// What was before this agent came, item by item. Their ids are ours, so
    /// that they are not taken for something new.
    pub(super) fn recall(&mut self, recalled: &[Recalled]) {
        for (at, recalled) in recalled.iter().enumerate() {
            let id = format!("{RECALLED}{at}");
            let keyed;
            let item = match recalled {
                Recalled::Said(said) => {
                    let text = said.text.expose();
                    match said.speaker {
                        Speaker::Caller => NewItem::user(text),
                        Speaker::Receptionist => NewItem::assistant(text),
                    }
                }
                Recalled::Keyed(digits) => {
                    keyed = cues::keyed(digits);
                    NewItem::user(&keyed)
                }
            };
            self.send(&ClientEvent::ItemCreate {
                item: item.with_id(&id),
                previous_item_id: None,
            });
        }
    }

    /// A tool that was asked for before this agent came, and its answer as soon
    /// as there is one.
    pub(super) fn recall_tool(
        &mut self,
        call: ToolKey,
        (name, arguments): (&str, &Pii<String>),
        answer: Option<&ToolAnswer>,
    ) {
        let call_id = recalled_id(call);
        let item = NewItem::function_call(&call_id, name, arguments.expose());
        self.send(&ClientEvent::ItemCreate {
            item,
            previous_item_id: None,
        });
        self.recalled.push(call);
        if let Some(answer) = answer {
            self.answer_tool(call, &cues::answer(answer));
        }
    }
}

/// The `call_id` under which an agent knows of a wish before its time.
pub(super) fn recalled_id(call: ToolKey) -> String {
    format!("{RECALLED}{}", call.0)
}
