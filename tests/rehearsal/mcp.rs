//! The simulated model and servers of tools, which it asks by itself.

use std::time::Duration;

use frontdesk::rehearsal::model::{Line, McpCall, McpEnd, ModelOptions, ModelServer};
use serde_json::{Value, json};

use super::model_client::{Client, quick};

fn find_slot(name: &str) -> McpCall {
    McpCall {
        server_label: "calendar".to_owned(),
        name: name.to_owned(),
        arguments: "{}".to_owned(),
        takes: Duration::from_millis(20),
        end: McpEnd::Answers("Ten.".to_owned()),
        asks_leave: true,
    }
}

async fn session(call: McpCall) -> (ModelServer, Client) {
    let options = ModelOptions {
        lines: vec![Line::default().then_ask(call)],
        ..quick()
    };
    let server = ModelServer::start(options).await.unwrap();
    let mut client = Client::connect(&server).await;
    let tools = json!([{
        "type": "mcp",
        "server_label": "calendar",
        "server_url": "https://mcp.example.com/",
        "allowed_tools": ["find_slot"],
        "require_approval": "always",
    }]);
    client.update(json!({"tools": tools})).await;
    let listed = client.until("mcp_list_tools.completed").await;
    let list = client.until("conversation.item.done").await["item"].clone();
    assert_eq!(listed["item_id"], list["id"]);
    assert_eq!(list["tools"][0]["name"], "find_slot");
    client.send(json!({"type": "response.create"})).await;
    (server, client)
}

fn leave(question: &Value, id: &str) -> Value {
    json!({"type": "conversation.item.create", "item": {
        "type": "mcp_approval_response",
        "id": id,
        "approval_request_id": question,
        "approve": true,
    }})
}

#[tokio::test]
async fn a_server_of_tools_is_asked_with_leave_and_answers_when_the_response_is_over() {
    let (server, mut client) = session(find_slot("find_slot")).await;
    let written = client.until("response.mcp_call_arguments.done").await;
    let done = client.until("response.done").await["response"].clone();
    assert_eq!(written["item_id"], done["output"][0]["id"]);
    let question = &done["output"][1];
    assert_eq!(question["type"], "mcp_approval_request");
    let error = client
        .refused(leave(&json!("mcpr_unknown"), "leave_1"))
        .await;
    assert_eq!(error["code"], "invalid_value");
    assert_eq!(server.violations().len(), 1);
    client.send(leave(&question["id"], "leave_2")).await;
    client.until("response.mcp_call.in_progress").await;
    let ended = client.until("response.mcp_call.completed").await;
    assert_eq!(ended["item_id"], written["item_id"]);
    let item = client.until("conversation.item.done").await["item"].clone();
    assert_eq!(item["output"], "Ten.");
    let error = client.refused(leave(&question["id"], "leave_3")).await;
    assert_eq!(error["code"], "invalid_value", "it was answered before");
}

#[tokio::test]
async fn a_tool_of_a_server_that_the_session_was_not_given_is_told() {
    let (server, mut client) = session(find_slot("delete_all")).await;
    client.until("response.done").await;
    assert_eq!(
        server.violations(),
        ["the session has no server 'calendar' with a tool 'delete_all'"]
    );
}
