//! What the agent does at servers of tools (Model Context Protocol), which it
//! asks by itself.
//!
//! We see it begin and end, and are asked for leave where the server of the
//! agent wants somebody to be asked: nobody on a telephone can be, so what the
//! receptionist is permitted is granted, and all else refused.
//!
//! <https://developers.openai.com/api/docs/guides/realtime-mcp>

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncWrite};

use super::realtime_leg::RealtimeLeg;
use crate::call::{AgentAct, Errand, Event, ToolEnd, ToolKey};
use crate::domain::{Pii, Receptionist};
use crate::realtime::client_event::ClientEvent;
use crate::realtime::{Item, ItemBody, NewItem};

/// So many are remembered; what is older is never spoken of again.
const MAX_ACTS: usize = 32;
/// What is told of one that failed, before it is told why.
const FAILED: &str = r#"{"error":"failed"}"#;
/// What is told of one that was refused.
const REFUSED: &str = r#"{"error":"not_permitted"}"#;
/// A tool whose name we were not told, or could not repeat.
const MAX_NAME: usize = 64;

/// What the agent does, or asks leave for.
#[derive(Debug, Default)]
pub(super) struct Acts(VecDeque<Act>);

#[derive(Debug)]
struct Act {
    item: Box<str>,
    name: Box<str>,
    /// The machine knows of it.
    has_begun: bool,
    is_over: bool,
}

impl Acts {
    fn find(&mut self, item: &str) -> &mut Act {
        let at = self.0.iter().rposition(|act| *act.item == *item);
        let at = at.unwrap_or_else(|| {
            if self.0.len() == MAX_ACTS {
                self.0.pop_front();
            }
            self.0.push_back(Act {
                item: item.into(),
                name: Box::default(),
                has_begun: false,
                is_over: false,
            });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// The latest with this tool that goes on.
    fn latest(&self, name: &str) -> Option<Box<str>> {
        let goes_on = |act: &&Act| *act.name == *name && act.has_begun && !act.is_over;
        let found = self.0.iter().rev().find(goes_on)?;
        Some(found.item.clone())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> RealtimeLeg<S> {
    /// An item came, or is done: of a call its name, and perhaps what came of it.
    pub(super) fn on_act_item(&mut self, item: &Item, events: &mut VecDeque<Event>) {
        match &item.body {
            ItemBody::McpCall { name, end } => {
                let act = self.acts.find(&item.id);
                if act.name.is_empty() {
                    act.name = plain(name);
                }
                match end {
                    Some(Ok(output)) => self.end_act(&item.id, (output.clone(), true), events),
                    Some(Err(error)) => self.end_act(&item.id, (error.clone(), false), events),
                    None => {}
                }
            }
            ItemBody::McpApprovalRequest { server_label, name } => {
                self.on_question(&item.id, (server_label, name), events);
            }
            ItemBody::Message { .. }
            | ItemBody::FunctionCall { .. }
            | ItemBody::FunctionCallOutput { .. }
            | ItemBody::Other { .. } => {}
        }
    }

    /// It is about to be done, or is being done.
    pub(super) fn begin_act(
        &mut self,
        item: &str,
        arguments: Pii<String>,
        events: &mut VecDeque<Event>,
    ) {
        let act = self.acts.find(item);
        if std::mem::replace(&mut act.has_begun, true) {
            return;
        }
        let name = (!act.name.is_empty()).then(|| act.name.to_string());
        events.push_back(Event::AgentActs(AgentAct {
            call: ToolKey(self.wishes.key(item)),
            name,
            arguments,
        }));
    }

    pub(super) fn on_act_completed(&mut self, item: &str, events: &mut VecDeque<Event>) {
        self.end_act(item, (Pii::new(String::new()), true), events);
    }

    pub(super) fn on_act_failed(&mut self, item: &str, events: &mut VecDeque<Event>) {
        self.end_act(item, (Pii::new(FAILED.to_owned()), false), events);
    }

    /// What came of it may be told after its end; the machine knows what to make of that.
    fn end_act(
        &mut self,
        item: &str,
        (output, is_good): (Pii<String>, bool),
        events: &mut VecDeque<Event>,
    ) {
        self.begin_act(item, Pii::new(String::new()), events);
        self.acts.find(item).is_over = true;
        events.push_back(Event::ToolEnded {
            errand: Errand::Tool(ToolKey(self.wishes.key(item))),
            end: ToolEnd {
                output,
                is_good,
                hands_to: None,
            },
        });
    }

    fn on_question(
        &mut self,
        item: &str,
        (server, tool): (&str, &str),
        events: &mut VecDeque<Event>,
    ) {
        let question = self.acts.find(item);
        if std::mem::replace(&mut question.is_over, true) {
            return;
        }
        let may = permits(&self.receptionist, server, tool);
        tracing::warn!(may, "agent.asks_leave");
        let id = format!("leave_{}", self.wishes.key(item));
        self.send(&ClientEvent::ItemCreate {
            item: NewItem::mcp_approval_response(item, may).with_id(&id),
            previous_item_id: None,
        });
        if !may && let Some(act) = self.acts.latest(&plain(tool)) {
            self.end_act(&act, (Pii::new(REFUSED.to_owned()), false), events);
        }
    }
}

fn permits(receptionist: &Receptionist, server: &str, tool: &str) -> bool {
    let servers = receptionist.toolkit.mcp.iter();
    servers
        .filter(|one| one.label == server)
        .any(|one| one.allowed_tools.iter().any(|allowed| allowed == tool))
}

/// A name that may also be told to another agent.
fn plain(name: &str) -> Box<str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let plain = |c| if fits(c) { c } else { '_' };
    name.chars()
        .take(MAX_NAME)
        .map(plain)
        .collect::<String>()
        .into()
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use futures::StreamExt as _;
    use tokio::io::DuplexStream;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::super::agent_leg::AgentLeg as _;
    use super::super::realtime_leg::tests::{a_receptionist, fresh};
    use super::*;
    use crate::domain::McpServer;

    async fn leg() -> (RealtimeLeg<DuplexStream>, WebSocketStream<DuplexStream>) {
        let mut receptionist = a_receptionist();
        receptionist.toolkit.mcp.push(McpServer {
            label: "calendar".to_owned(),
            url: "https://mcp.example.com/".to_owned(),
            allowed_tools: vec!["find_slot".to_owned()],
            authorization: None,
        });
        let (leg, far) = fresh(64 * 1024, receptionist).await;
        let far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
        (leg, far)
    }

    /// What became of what was told: `acts`, or `ended` with this output.
    fn course(leg: &mut RealtimeLeg<DuplexStream>, told: &[String]) -> Vec<String> {
        let mut events = VecDeque::new();
        for text in told {
            leg.read(text, &mut events);
        }
        let mut course = Vec::new();
        for event in events {
            if let Event::AgentActs(act) = event {
                course.push(format!("acts {}", act.name.as_deref().unwrap_or("?")));
            } else if let Event::ToolEnded { end, .. } = event {
                course.push(format!("ended {} {}", end.is_good, end.output.expose()));
            } else {
                panic!("{event:?}");
            }
        }
        course
    }

    fn item(kind: &str, body: &str) -> String {
        let rest = r#""server_label":"calendar","arguments":"{}""#;
        let place = r#""response_id":"resp_1","output_index":0"#;
        format!(r#"{{"type":"{kind}",{place},"item":{{{body},{rest}}}}}"#)
    }

    fn news(kind: &str, id: &str) -> String {
        let place = r#""response_id":"resp_1","output_index":0"#;
        let kind = format!("response.mcp_call{kind}");
        format!(r#"{{"type":"{kind}",{place},"item_id":"{id}","arguments":"{{}}"}}"#)
    }

    #[tokio::test]
    async fn o12_a_call_begins_once_and_what_came_of_it_may_be_told_late() {
        let (mut leg, _far) = leg().await;
        let call = r#""type":"mcp_call","id":"mcp_1","name":"find.slot""#;
        let done = format!(r#"{call},"output":"Ten.""#);
        let told = [
            item("response.output_item.added", call),
            news("_arguments.done", "mcp_1"),
            news(".in_progress", "mcp_1"),
            news(".completed", "mcp_1"),
            item("response.output_item.done", &done),
        ];
        assert_eq!(
            course(&mut leg, &told),
            ["acts find_slot", "ended true ", "ended true Ten."]
        );
        // Who tells nothing of the beginning is understood, too.
        assert_eq!(
            course(&mut leg, &[news(".failed", "mcp_2")]),
            ["acts ?", r#"ended false {"error":"failed"}"#]
        );
    }

    #[tokio::test]
    async fn h5_what_the_receptionist_may_not_use_is_refused_and_over() {
        let (mut leg, mut far) = leg().await;
        let call = r#""type":"mcp_call","id":"mcp_1","name":"delete_all""#;
        let question = r#""type":"mcp_approval_request","id":"mcpr_1","name":"delete_all""#;
        let told = [
            item("response.output_item.added", call),
            news("_arguments.done", "mcp_1"),
            item("response.output_item.done", question),
            item("conversation.item.done", question),
        ];
        assert_eq!(
            course(&mut leg, &told),
            [
                "acts delete_all",
                r#"ended false {"error":"not_permitted"}"#
            ]
        );
        poll_fn(|cx| {
            leg.poll_flush(cx);
            Poll::Ready(())
        })
        .await;
        drop(leg);
        let mut sent = Vec::new();
        while let Some(Ok(message)) = far.next().await {
            sent.push(message.to_string());
        }
        let answers = sent
            .iter()
            .filter(|text| text.contains("mcp_approval_response"));
        let answers: Vec<_> = answers.collect();
        assert_eq!(answers.len(), 1, "{sent:?}");
        assert!(answers[0].contains(r#""approve":false"#), "{answers:?}");
    }
}
