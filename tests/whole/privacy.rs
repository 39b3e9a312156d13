//! A whole call leaves no number, no word, no name and no key in the log.

use frontdesk::rehearsal::carrier::Step;
use frontdesk::rehearsal::rest::RestFault;
use frontdesk::rehearsal::{CALLER, RECEPTIONIST};
use frontdesk::twilio::rest::NumberSettings;
use tracing_subscriber::prelude::*;

use super::desk::{Desk, TOKEN, ms, spoken, talkative};
use crate::support::ear::Ear;
use crate::support::rest_account::{RestAccount, SECRET};

#[test]
fn i10_a_whole_call_logs_nothing_personal_at_trace() {
    let ear = Ear::default();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(ear.clone())
        .with_ansi(false);
    // What the libraries write by way of `log` is heard too.
    let _ = tracing_log::LogTracer::init();
    let filter = frontdesk::app::filter("trace,frontdesk::rehearsal=off").unwrap();
    let log = tracing_subscriber::registry().with(filter).with(layer);
    // For every thread, the database's too, and for every other test: none of
    // them may tell these things either.
    tracing::subscriber::set_global_default(log).expect("nobody else listens");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let call_sid = runtime.block_on(async {
        let desk = Desk::open(talkative()).await;
        let steps = vec![
            Step::WaitForSpeech,
            Step::SpeakOver {
                spoken: spoken(&CALLER[0]),
                after: ms(800),
            },
            Step::WaitForSpeech,
            Step::Digit('7'),
            Step::Digit('3'),
            Step::Digit('#'),
            Step::WaitForQuiet(ms(300)),
            Step::HangUp,
        ];
        let (report, _) = desk.call(steps).await;
        desk.log(&report).await;
        buy_a_number().await;
        report.call_sid
    });
    let log = ear.heard();
    let is_heard = log.contains("call.ended") && log.contains("sqlx");
    assert!(is_heard, "the ear is deaf: {} bytes {log:.2000}", log.len());
    let words = CALLER
        .iter()
        .chain(RECEPTIONIST)
        .flat_map(|clip| clip.text.split(' '));
    let words = words.filter(|word| word.len() > 6);
    let secrets = SECRETS.iter().copied().chain([call_sid.as_str()]);
    for secret in words.chain(secrets) {
        if let Some(at) = log.find(secret) {
            let line = log[..at].rfind('\n').map_or(0, |start| start + 1);
            let end = log[at..].find('\n').map_or(log.len(), |end| at + end);
            panic!(
                "the log tells {secret:?}: {}",
                &log[line..end.min(line + 600)]
            );
        }
    }
}

/// At a carrier that refuses, falls silent, and sells.
async fn buy_a_number() {
    let account = RestAccount::open(&[NUMBER]).await;
    let (client, number) = (account.client(), NUMBER.parse().unwrap());
    let settings = NumberSettings::default();
    account.fail_next([RestFault::Failure(400), RestFault::AnswerLost]);
    for _ in 0..2 {
        let refused = client.buy_number(&number, &settings).await;
        tracing::warn!(error = %refused.unwrap_err(), "what we say of it ourselves");
    }
    assert!(client.find_number(&number).await.unwrap().is_some());
}

const NUMBER: &str = "+15105550101";

/// What no log may tell, beside what was said.
const SECRETS: &[&str] = &[
    "15550100001",
    "15550100000",
    "5105550101",
    TOKEN,
    SECRET,
    "sk-secret-key",
    "7 3",
    "Bearer",
];
