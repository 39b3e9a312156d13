//! Servers of tools that the agent asks by itself: who waits for them hears of it, and is answered.

use std::time::Duration;

use frontdesk::domain::{EndReason, McpServer, Toolkit};
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::model::{Line, McpCall, McpEnd, SessionRecord};
use serde_json::Value;

use super::desk::{Desk, ms};
use super::tools::{after_a_word, equip, heard};

fn kit() -> Toolkit {
    Toolkit {
        mcp: vec![McpServer {
            label: "calendar".to_owned(),
            url: "https://mcp.example.com/".to_owned(),
            allowed_tools: vec!["find_slot".to_owned()],
            authorization: None,
        }],
        ..Toolkit::default()
    }
}

fn find_slot(takes: Duration, end: McpEnd) -> McpCall {
    McpCall {
        server_label: "calendar".to_owned(),
        name: "find_slot".to_owned(),
        arguments: r#"{"day":"friday"}"#.to_owned(),
        takes,
        end,
        asks_leave: false,
    }
}

fn ten() -> McpEnd {
    McpEnd::Answers("Ten o'clock is free.".to_owned())
}

/// A caller who wishes for something, hears this, and waits for what comes of it.
async fn served(line: Line) -> SessionRecord {
    let desk = Desk::open(after_a_word(line)).await;
    equip(&desk, kit()).await;
    let (report, session) = desk.call(heard()).await;
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    session
}

/// The moments at which the gateway asked for a response, and heard that a call was over.
fn course(session: &SessionRecord) -> Vec<String> {
    let events = session.client_log.iter().chain(&session.server_log);
    let events = events.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let kinds = events.filter_map(|event| event["type"].as_str().map(str::to_owned));
    kinds
        .filter(|kind| kind == "response.create" || kind.starts_with("response.mcp_call."))
        .collect()
}

fn count(session: &SessionRecord, kind: &str) -> usize {
    let course = course(session);
    course.iter().filter(|one| *one == kind).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn o12_a_server_that_is_asked_behind_a_few_words_is_followed_by_its_answer() {
    let look = Line::say(Spoken::babble("Let me look.", ms(400)));
    let session = served(look.then_ask(find_slot(ms(300), ten()))).await;
    assert_eq!(count(&session, "response.mcp_call.completed"), 1);
    // The greeting, and what was found; the caller's own turn needs no asking.
    assert_eq!(count(&session, "response.create"), 2);
    assert_eq!(session.responses.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn o12_a_server_that_is_asked_without_a_word_is_waited_for_and_not_asked_beside() {
    let session = served(Line::default().then_ask(find_slot(ms(700), ten()))).await;
    assert_eq!(count(&session, "response.mcp_call.completed"), 1);
    assert_eq!(count(&session, "response.create"), 2);
    let second = Line::default()
        .then_ask(find_slot(ms(100), McpEnd::Fails("Not today.".to_owned())))
        .then_ask(find_slot(ms(400), ten()));
    let session = served(second).await;
    assert_eq!(count(&session, "response.mcp_call.failed"), 1);
    assert_eq!(count(&session, "response.mcp_call.completed"), 1);
    assert_eq!(count(&session, "response.create"), 2, "once for both");
}

#[tokio::test(flavor = "multi_thread")]
async fn o12_who_waits_for_a_server_hears_that_it_is_being_looked_up() {
    let session = served(Line::default().then_ask(find_slot(ms(5_000), McpEnd::Never))).await;
    assert_eq!(count(&session, "response.mcp_call.in_progress"), 1);
    let log = session.client_log.join("\n");
    assert!(log.contains("still being looked up"));
}

#[tokio::test(flavor = "multi_thread")]
async fn h5_leave_for_a_server_is_given_as_the_receptionist_is_permitted() {
    let asking = McpCall {
        asks_leave: true,
        ..find_slot(ms(200), ten())
    };
    let session = served(Line::default().then_ask(asking)).await;
    assert_eq!(count(&session, "response.mcp_call.completed"), 1);
    assert_eq!(count(&session, "response.create"), 2);
    let log = session.client_log.join("\n");
    let leave = r#""type":"mcp_approval_response""#;
    assert_eq!(log.matches(leave).count(), 1);
    assert!(log.contains(r#""approve":true"#));
}
