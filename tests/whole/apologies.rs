//! What was said beforehand is there at once when no agent can be had.

use std::fs;
use std::path::PathBuf;

use frontdesk::clock::Clock;
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{CallReport, Script, Step};
use frontdesk::rehearsal::model::{Failure, Line, ModelOptions, SessionRecord};
use frontdesk::store::{default_receptionist, receptionists, tenants, utterances};
use sha2::{Digest as _, Sha256};

use super::desk::{Desk, ms, talkative};

const MOMENT: &str = "One moment, please.";
const APOLOGY: &str = "I am sorry, this takes longer than it should. Please stay on the line.";
/// A loud sound that nothing else in a call sounds like.
const SIGN: u8 = 0x13;

/// A file as it is kept for the voice of the receptionist of a new house.
fn file(folder: &str, words: &str) -> PathBuf {
    let clock = Clock::system();
    let voice = default_receptionist(clock.new_id(), clock.new_id()).voice;
    let mut hash = Sha256::new();
    hash.update(&voice);
    hash.update([0]);
    hash.update(words);
    let digest = hash.finalize();
    let half = digest[..16].iter();
    let half = half.fold(0_u128, |half, byte| (half << 8) | u128::from(*byte));
    let name = format!("{half:032x}");
    PathBuf::from(folder).join(format!("phrases/{name}.ulaw"))
}

/// A call whose agents all fail so, of a house that has its sentences.
async fn apology_after(failure: Failure) -> (CallReport, Desk) {
    let model = ModelOptions {
        failures: vec![failure; 8],
        ..talkative()
    };
    let desk = Desk::with(model, |plan| {
        plan.speaks_ahead = true;
        let storage = plan.storage.to_str().expect("a plain name");
        for (words, sound) in [(MOMENT, [0x22; 8_000]), (APOLOGY, [SIGN; 8_000])] {
            let path = file(storage, words);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, sound).unwrap();
        }
    })
    .await;
    let script = Script::new([Step::StayUntilEnd]);
    (desk.carrier().place_call(&script).await, desk)
}

async fn assert_apology(failure: Failure) {
    let (report, desk) = apology_after(failure).await;
    assert_eq!(report.verb_names(), ["Connect", "Say", "Hangup"]);
    let heard = &report.stream().unwrap().heard;
    let at = heard.iter().position(|byte| *byte == SIGN);
    let at_ms = at.expect("the apology is heard") / 8;
    assert!((2_300..2_500).contains(&at_ms), "after {at_ms} ms");
    let log = desk.log(&report).await;
    let said = utterances::list(&desk.store, log.tenant_id, log.id).await;
    let said: Vec<_> = said.unwrap().into_iter().map(|said| said.text).collect();
    let said: Vec<_> = said.iter().map(|text| text.expose().as_str()).collect();
    assert_eq!(said, [MOMENT, APOLOGY]);
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_where_agents_refuse_the_apology_that_is_kept_is_heard_within_2_5_s() {
    assert_apology(Failure::RefuseUpgrade(503)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_where_agents_never_answer_the_apology_that_is_kept_is_heard_within_2_5_s() {
    assert_apology(Failure::NeverAnswerUpgrade).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o6_a_language_that_we_have_no_words_in_has_its_sentences_from_the_agent() {
    const CHWILE: &str = "Chwileczk\u{119}, prosz\u{119}.";
    let moment = Line::say(Spoken::babble(CHWILE, ms(300)));
    let mut folder = None;
    let model = ModelOptions {
        lines: vec![moment],
        ..talkative()
    };
    let desk = Desk::with(model, |plan| {
        plan.speaks_ahead = true;
        folder = Some(plan.storage.join("phrases"));
    })
    .await;
    let folder = folder.unwrap();
    let tenant = tenants::default_tenant(&desk.store).await.unwrap().unwrap();
    let id = tenant.default_receptionist.unwrap();
    let found = receptionists::find(&desk.store, tenant.id, id).await;
    let mut receptionist = found.unwrap().unwrap().receptionist;
    receptionist.language = "pl-PL".to_owned();
    desk.bridge.say_ahead(&[receptionist]).await;
    let files = fs::read_dir(&folder).unwrap();
    let texts = files.map(|file| file.unwrap().path());
    let texts = texts.filter(|path| path.extension().is_some_and(|kind| kind == "txt"));
    let words: Vec<_> = texts
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(words, [CHWILE, CHWILE]);
    let asked = desk.model.sessions();
    let is_asked = |one: &&SessionRecord| one.client_log.iter().any(|line| line.contains("pl-PL"));
    assert_eq!(asked.iter().filter(is_asked).count(), 2);
}
