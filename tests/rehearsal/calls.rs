//! The simulated carrier: webhooks, TwiML, and how a call goes from verb to verb.

use std::time::Duration;

use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{
    Carrier, CarrierEventKind, CarrierOptions, DialOutcome, Fault, Script, Step,
};

use super::gateway::{Answer, Gateway, Line, Received, connect, xml};

const INBOUND: &str = "/api/voice/webhooks/twiml/inbound";

async fn no_stream(line: Line) {
    line.close().await;
}

/// A gateway that answers the inbound webhook with these verbs and `path` with those.
async fn gateway(inbound: &'static str, path: &'static str, then: &'static str) -> Gateway {
    let answers = move |request: &Received| match request.path.as_str() {
        INBOUND => xml(inbound),
        asked if asked == path => xml(then),
        _ => xml(""),
    };
    Gateway::start(answers, no_stream).await
}

/// The carrier's own rule, written out once more.
fn signature_of(request: &Received) -> String {
    let mut text = format!("https://desk.example{}", request.path);
    for (name, value) in &request.form {
        text.push_str(name);
        text.push_str(value);
    }
    super::streams::hmac(&text)
}

#[tokio::test]
async fn a_call_is_announced_signed_and_told_of_its_end() {
    let gateway = gateway("<Say>Good evening.</Say><Hangup/>", "", "").await;
    let carrier = gateway.carrier();
    let mut events = carrier.subscribe();
    let report = carrier.place_call(&Script::default()).await;
    assert_eq!(report.all_violations(), [""; 0]);
    assert_eq!(report.said(), ["Good evening."]);
    assert_eq!(report.final_status, "completed");
    let received = gateway.received();
    let paths: Vec<&str> = received
        .iter()
        .map(|request| request.path.as_str())
        .collect();
    assert_eq!(paths, [INBOUND, "/api/voice/webhooks/status"]);
    let [inbound, status] = &received[..] else {
        panic!("two requests")
    };
    assert_eq!(inbound.form["CallStatus"], "ringing");
    assert_eq!(inbound.form["CallSid"], report.call_sid);
    assert_eq!(inbound.form["FromCity"], "COEUR D'ALÈNE");
    assert_eq!(inbound.headers["host"], "desk.example");
    assert!(!inbound.headers["i-twilio-idempotency-token"].is_empty());
    assert_eq!(status.form["CallStatus"], "completed");
    assert_eq!(status.form["SequenceNumber"], "0");
    assert!(status.form["Timestamp"].ends_with(" +0000"));
    assert_eq!(inbound.headers["x-twilio-signature"], signature_of(inbound));
    assert_eq!(events.recv().await.unwrap().kind, CarrierEventKind::Placed);
}

#[tokio::test]
async fn verbs_lead_from_document_to_document() {
    let first = "<Say>First.</Say><Redirect>next?x=1&amp;y=2</Redirect><Say>Never.</Say>";
    let path = "/api/voice/webhooks/twiml/next?x=1&y=2";
    let report = gateway(first, path, "<Say>Second.</Say>").await;
    let report = report.carrier().place_call(&Script::default()).await;
    assert_eq!(report.said(), ["First.", "Second."]);
    assert_eq!(report.all_violations(), [""; 0]);
}

#[tokio::test]
async fn a_dial_is_reported_and_its_action_told_the_outcome() {
    let dial = "<Dial action=\"/dialled\" timeout=\"20\"><Number>+15550100009</Number></Dial>";
    let gateway = gateway(dial, "/dialled", "<Say>Nobody is there.</Say>").await;
    let outcome = DialOutcome {
        status: "no-answer".to_owned(),
        lasting: Duration::ZERO,
    };
    let options = CarrierOptions {
        dial_outcome: outcome,
        ..gateway.options()
    };
    let report = Carrier::new(options)
        .unwrap()
        .place_call(&Script::default())
        .await;
    assert_eq!(report.dialled(), ["+15550100009"]);
    assert_eq!(report.said(), ["Nobody is there."]);
    let action = &gateway.received()[1];
    assert_eq!(action.form["DialCallStatus"], "no-answer");
    assert!(!action.form.contains_key("DialCallDuration"));
}

#[tokio::test]
async fn keys_are_gathered_and_a_message_is_recorded() {
    let menu =
        "<Gather numDigits=\"2\" action=\"/menu\"><Say>Press.</Say></Gather><Say>No key.</Say>";
    let record = "<Record action=\"/kept\" maxLength=\"60\" recordingStatusCallback=\"/status\"/>";
    let gateway = gateway(menu, "/menu", record).await;
    let message = Spoken::babble("call me back", Duration::from_secs(3));
    let steps = [
        Step::Digit('4'),
        Step::Digit('2'),
        Step::Speak(message),
        Step::HangUp,
    ];
    let report = gateway.carrier().place_call(&Script::new(steps)).await;
    assert_eq!(report.all_violations(), [""; 0]);
    assert_eq!(report.said(), ["Press."]);
    let received = gateway.received();
    assert_eq!(received[1].form["Digits"], "42");
    assert_eq!(
        (received[2].path.as_str(), received[3].path.as_str()),
        ("/status", "/kept")
    );
    assert_eq!(received[2].form["RecordingStatus"], "completed");
    assert_eq!(received[3].form["RecordingDuration"], "3");
    assert_eq!(received[3].form["CallStatus"], "completed");
    let report = gateway.carrier().place_call(&Script::default()).await;
    assert_eq!(report.said(), ["Press.", "No key."]);
}

#[tokio::test]
async fn a_call_may_be_rejected() {
    let gateway = gateway("<Reject reason=\"busy\"/>", "", "").await;
    let report = gateway.carrier().place_call(&Script::default()).await;
    assert_eq!(
        (report.final_status.as_str(), report.verb_names()),
        ("busy", vec!["Reject"])
    );
    assert_eq!(gateway.received()[1].form["CallStatus"], "busy");
}

#[tokio::test]
async fn a_document_that_fails_is_replaced_by_the_fallback() {
    let cases: [(Answer, &str); 5] = [
        ((500, "text/xml", String::new()), "11200"),
        ((200, "application/json", "{}".to_owned()), "12300"),
        ((200, "text/xml", "<Response>".to_owned()), "12100"),
        ((200, "text/xml", "<Say>x</Say>".to_owned()), "12102"),
        (
            xml("<Connect><Stream url=\"https://desk.example/m\"/></Connect>"),
            "31922",
        ),
    ];
    for (answer, code) in cases {
        let answers = move |request: &Received| match request.path.as_str() {
            INBOUND => answer.clone(),
            "/api/voice/webhooks/fallback" => xml("<Say>Please call later.</Say>"),
            _ => xml(""),
        };
        let gateway = Gateway::start(answers, no_stream).await;
        let report = gateway.carrier().place_call(&Script::default()).await;
        assert!(
            report.failures[0].starts_with(code),
            "{:?}",
            report.failures
        );
        assert_eq!(report.failures.len(), 1);
        assert_eq!(report.said(), ["Please call later."]);
        let fallback = &gateway.received()[1];
        assert_eq!(fallback.form["ErrorCode"], code);
        assert_eq!(
            fallback.form["ErrorUrl"],
            format!("https://desk.example{INBOUND}")
        );
    }
}

#[tokio::test]
async fn a_gateway_that_is_not_there_fails_the_call() {
    let options = CarrierOptions::new("http://127.0.0.1:1", "12345".to_owned().into());
    let report = Carrier::new(options)
        .unwrap()
        .place_call(&Script::default())
        .await;
    assert_eq!(report.final_status, "failed");
    assert!(report.failures[0].starts_with("11205"));
}

#[tokio::test]
async fn webhooks_may_come_twice_or_forged() {
    let gateway = gateway("<Hangup/>", "", "").await;
    let twice = Script::default().with(Fault::DuplicatedWebhook);
    gateway.carrier().place_call(&twice).await;
    let received = gateway.received();
    let token = |at: usize| &received[at].headers["i-twilio-idempotency-token"];
    assert_eq!((received[1].path.as_str(), token(0)), (INBOUND, token(1)));
    assert_eq!(received[0].form, received[1].form);
    let forged = Script::default().with(Fault::ForgedWebhookSignature);
    gateway.carrier().place_call(&forged).await;
    let last = gateway.received().pop().unwrap();
    assert_ne!(last.headers["x-twilio-signature"], signature_of(&last));
}

#[tokio::test]
async fn what_follows_a_stream_is_asked_for() {
    let answers = |request: &Received| match request.path.as_str() {
        "/ended" => xml("<Dial>+15550100009</Dial>"),
        _ => connect(request),
    };
    let gateway = Gateway::start(answers, no_stream).await;
    let report = gateway
        .carrier()
        .place_call(&Script::new([Step::StayUntilEnd]))
        .await;
    assert_eq!(report.verb_names(), ["Connect", "Dial"]);
    assert_eq!(gateway.received()[1].form["CallStatus"], "in-progress");
    assert_eq!(report.all_violations(), [""; 0]);
}
