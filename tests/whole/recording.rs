//! Whole calls that are recorded: what is kept of them, and on what ground.

use std::path::{Path, PathBuf};
use std::time::Duration;

use frontdesk::audio::SILENCE;
use frontdesk::bridge::Happening;
use frontdesk::call::Report;
use frontdesk::clock::Clock;
use frontdesk::domain::{
    CallId, CallRecording, ConsentAnswer, ConsentPolicy, ConsentRule, Number, Outcome,
    RecordingFault, RecordingState, SettingKey, Speaker, TenantId,
};
use frontdesk::rehearsal::carrier::{CallReport, Carrier, Fault, Script, Step, StreamReport};
use frontdesk::rehearsal::model::{Line, ModelOptions};
use frontdesk::rehearsal::{CALLER, RECEPTIONIST, Spoken};
use frontdesk::store::{Store, call_consents, call_events, call_recordings, numbers, utterances};
use futures::future::join;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::desk::{Desk, ms, spoken, talkative};
use super::outbound;
use super::routed::{ask, form_to, key, logged, phone, put_setting, set, tenant};
use super::visitor::{STATUS, exchange, form, post};

/// The number that callers ring.
const OURS: &str = "+15550100000";

/// A house that records what callers consent to.
struct House {
    desk: Desk,
    storage: PathBuf,
}

impl House {
    async fn open(model: ModelOptions) -> Self {
        let mut storage = PathBuf::new();
        let desk = Desk::with(model, |plan| storage.clone_from(&plan.storage)).await;
        let house = Self { desk, storage };
        house.set(SettingKey::AutoRecordCalls, true).await;
        house
    }

    /// The same, with a number that asks in this way.
    async fn asking(policy: ConsentPolicy, words: Option<&str>) -> Self {
        Self::asking_with(policy, words, talkative()).await
    }

    async fn asking_with(policy: ConsentPolicy, words: Option<&str>, model: ModelOptions) -> Self {
        let house = Self::open(model).await;
        let clock = Clock::system();
        let tenant = tenant(&house.desk).await.0;
        let number = Number {
            recording: ConsentRule {
                policy,
                words: words.map(str::to_owned),
            },
            ..Number::new(clock.new_id(), tenant, phone(OURS), clock.now())
        };
        numbers::insert(&house.desk.store, &number).await.unwrap();
        house
    }

    async fn set(&self, key: SettingKey, value: bool) {
        put_setting(&self.desk, key, value).await;
    }

    async fn call(&self, steps: Vec<Step>) -> (CallReport, TenantId, CallId) {
        let (report, _) = self.desk.call(steps).await;
        let log = self.desk.log(&report).await;
        (report, log.tenant_id, log.id)
    }

    async fn recordings(&self, (tenant, call): (TenantId, CallId)) -> Vec<CallRecording> {
        let those = call_recordings::list_of_call(&self.desk.store, tenant, call).await;
        those.unwrap()
    }

    /// The one recording of the call, once its file is there.
    async fn kept(&self, of: (TenantId, CallId)) -> CallRecording {
        kept(&self.desk.store, of).await
    }

    /// What a call of the API answers.
    async fn api(&self, key: &str, (method, path): (&str, &str)) -> (u16, Value) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\
             Authorization: Bearer {key}\r\nContent-Length: 0\r\n\r\n"
        );
        let answer = exchange(&self.desk, &request).await;
        (
            answer.status,
            serde_json::from_str(&answer.body).unwrap_or(Value::Null),
        )
    }

    async fn kinds(&self, (tenant, call): (TenantId, CallId)) -> Vec<String> {
        let events = call_events::list(&self.desk.store, tenant, call).await;
        let kinds = events.unwrap().into_iter().map(|event| event.kind);
        kinds.filter(|kind| kind.starts_with("recording")).collect()
    }
}

/// The one recording of the call, once its file is there.
pub(crate) async fn kept(store: &Store, (tenant, call): (TenantId, CallId)) -> CallRecording {
    let made = async {
        loop {
            let those = call_recordings::list_of_call(store, tenant, call).await;
            let mut those = those.unwrap();
            let is_done = |one: &CallRecording| {
                matches!(one.state, RecordingState::Kept | RecordingState::Failed)
            };
            if those.iter().any(is_done) {
                assert_eq!(those.len(), 1);
                return those.remove(0);
            }
            sleep(ms(20)).await;
        }
    };
    let made = timeout(Duration::from_secs(20), made).await;
    let made = made.expect("its file is made");
    assert_eq!(made.state, RecordingState::Kept, "{made:?}");
    made
}

/// Both tracks of a recording: the caller, the receptionist.
#[cfg(not(feature = "opus"))]
pub(crate) fn tracks(storage: &Path, recording: &CallRecording) -> [Vec<u8>; 2] {
    let file = storage.join(recording.file.as_deref().unwrap());
    let file = std::fs::read(file).unwrap();
    assert_eq!(recording.bytes, Some(i64::try_from(file.len()).unwrap()));
    let sound = &file[58..];
    let side = |side: usize| sound.iter().skip(side).step_by(2).copied().collect();
    [side(0), side(1)]
}

#[cfg(feature = "opus")]
pub(crate) fn tracks(storage: &Path, recording: &CallRecording) -> [Vec<u8>; 2] {
    use audiopus::coder::Decoder;
    use audiopus::{Channels, SampleRate};
    let file = storage.join(recording.file.as_deref().unwrap());
    let file = std::io::Cursor::new(std::fs::read(file).unwrap());
    let mut packets = ogg::PacketReader::new(file);
    let head = packets.read_packet().unwrap().unwrap();
    let skip = usize::from(u16::from_le_bytes([head.data[10], head.data[11]])) / 6;
    packets.read_packet().unwrap();
    let mut decoder = Decoder::new(SampleRate::Hz8000, Channels::Stereo).unwrap();
    let mut both = [Vec::new(), Vec::new()];
    while let Some(packet) = packets.read_packet().unwrap() {
        let mut sound = [0_i16; 2 * 960];
        let count = decoder.decode(
            Some((&packet.data).try_into().unwrap()),
            (&mut sound[..]).try_into().unwrap(),
            false,
        );
        for pair in sound[..2 * count.unwrap()].chunks(2) {
            for (track, sample) in both.iter_mut().zip(pair) {
                track.push(frontdesk::audio::g711::encode_mulaw(*sample));
            }
        }
    }
    both.map(|track| track[skip..].to_vec())
}

/// How loud a track is, every 5 ms.
fn loudness(track: &[u8]) -> Vec<f64> {
    let level = |byte: &u8| f64::from(frontdesk::audio::g711::decode_mulaw(*byte)).abs();
    let steps = track.chunks(40);
    steps
        .map(|step| step.iter().map(level).sum::<f64>())
        .collect()
}

/// A job deletes the file.
async fn is_gone(file: &Path) {
    let gone = async {
        while file.exists() {
            sleep(ms(10)).await;
        }
    };
    let gone = timeout(Duration::from_secs(5), gone).await;
    gone.expect("a job deletes the file");
}

/// By how many milliseconds `kept` comes behind `real`, at most 100 either way,
/// and how alike the two are there: 1 is the same. The carrier begins to play a
/// sentence when its next frame is due, so each may be moved by as much.
fn shift(real: &[u8], kept: &[u8]) -> (i64, f64) {
    let (real, kept) = (loudness(real), loudness(kept));
    let mut best = (0, f64::MIN);
    for shift in -20_i64..=20 {
        let skip = usize::try_from(shift.unsigned_abs()).unwrap();
        let (one, other) = if shift < 0 {
            (&real[skip..], &kept[..])
        } else {
            (&real[..], &kept[skip..])
        };
        let (mut both, mut first, mut second) = (0.0, 1.0, 1.0);
        for (one, other) in one.iter().zip(other) {
            both += one * other;
            first += one * one;
            second += other * other;
        }
        let likeness = both / (first * second).sqrt();
        if likeness > best.1 {
            best = (shift * 5, likeness);
        }
    }
    best
}

/// The recording has what was said and heard, and side by side as it was.
#[track_caller]
fn assert_like(stream: &StreamReport, [caller, receptionist]: &[Vec<u8>; 2]) {
    let (spoken_by, spoken_like) = shift(&stream.spoken, caller);
    let (heard_by, heard_like) = shift(&stream.heard, receptionist);
    assert!(
        spoken_like > 0.9,
        "{spoken_like} of what was said at {spoken_by} ms"
    );
    assert!(
        heard_like > 0.9,
        "{heard_like} of what was heard at {heard_by} ms"
    );
    assert!(
        spoken_by.abs_diff(heard_by) <= 40,
        "the tracks are {spoken_by} and {heard_by} ms from where they were"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_both_voices_are_kept_side_by_side_as_they_were_heard() {
    let house = House::open(talkative()).await;
    let (report, tenant, call) = house.call(outbound::steps()).await;
    assert_eq!(report.verb_names()[..2], ["Say", "Connect"]);
    assert_eq!(report.said(), ["This call is recorded."]);
    let recording = house.kept((tenant, call)).await;
    let consent = &recording.title.consent;
    assert_eq!(
        (consent.policy, consent.answer),
        (ConsentPolicy::Announce, ConsentAnswer::Told)
    );
    assert_eq!((recording.fault, recording.lost_ms), (None, 0));
    let stream = report.stream().unwrap();
    let both = tracks(&house.storage, &recording);
    assert_like(stream, &both);
    let lasted = recording.duration_ms.unwrap();
    let spoken = i64::try_from(stream.spoken.len() / 8).unwrap();
    assert!((lasted - spoken).abs() < 200, "{lasted} ms of {spoken}");
    assert_eq!(
        house.kinds((tenant, call)).await,
        [
            "recording.consent",
            "recording.started",
            "recording.stopped"
        ]
    );
    let left = std::fs::read_dir(house.storage.join("spool")).unwrap();
    assert_eq!(left.count(), 0, "the spool is empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_words_that_the_caller_broke_into_are_not_in_the_recording() {
    let house = House::open(talkative()).await;
    let steps = vec![
        Step::SpeakOver {
            spoken: spoken(&CALLER[1]),
            after: ms(600),
        },
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::HangUp,
    ];
    let (report, tenant, call) = house.call(steps).await;
    let stream = report.stream().unwrap();
    assert!(stream.clears.iter().any(|clear| clear.dropped_ms > 0));
    let recording = house.kept((tenant, call)).await;
    let both = tracks(&house.storage, &recording);
    assert_like(stream, &both);
    let sounds = |track: &[u8]| track.iter().filter(|byte| **byte != SILENCE).count();
    #[cfg(not(feature = "opus"))]
    {
        let (heard, kept) = (sounds(&stream.heard), sounds(&both[1]));
        assert!(
            heard.abs_diff(kept) < 800,
            "{heard} were heard, {kept} are kept"
        );
    }
    assert!(sounds(&both[1]) > RECEPTIONIST[0].mulaw.len() / 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_presses_1_is_recorded_and_who_does_not_goes_on_without() {
    for (key, answer) in [
        (Some('1'), ConsentAnswer::Agreed),
        (Some('2'), ConsentAnswer::Refused),
        (None, ConsentAnswer::Silent),
    ] {
        let house = House::asking(ConsentPolicy::Keypress, None).await;
        let mut steps = outbound::steps();
        steps.splice(..0, key.map(Step::Digit));
        let (report, tenant, call) = house.call(steps).await;
        assert_eq!(report.verb_names()[..2], ["Gather", "Connect"], "{key:?}");
        assert!(
            report.stream().unwrap().played_ms > 0,
            "they speak all the same"
        );
        let consent = call_consents::find(&house.desk.store, (tenant, call)).await;
        let consent = consent.unwrap().expect("the evidence is kept");
        assert_eq!(
            (consent.policy, consent.answer),
            (ConsentPolicy::Keypress, answer)
        );
        let said = consent.words.map(|words| words.expose().clone());
        assert_eq!(said, key.map(String::from));
        if answer.permits() {
            let recording = house.kept((tenant, call)).await;
            assert_eq!(recording.title.consent.answer, answer);
            assert!(recording.title.started_at >= recording.title.consent.at);
        } else {
            assert_eq!(house.recordings((tenant, call)).await, []);
            assert_eq!(house.kinds((tenant, call)).await, ["recording.consent"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w1_who_is_asked_in_words_is_asked_once_however_often_the_carrier_repeats_itself() {
    let words = "Dürfen wir mitschneiden?";
    let house = House::asking(ConsentPolicy::Verbal, Some(words)).await;
    let desk = &house.desk;
    let form = form_to("CAverbal", OURS, &[]);
    let asked = ask(desk, "twiml/inbound", &form).await;
    assert!(
        asked.contains(words) && asked.contains("dtmf speech"),
        "{asked}"
    );
    assert!(!asked.contains("<Stream"), "{asked}");
    assert_eq!(desk.model.accepted(), 0, "no agent waits for the answer");
    assert_eq!(ask(desk, "twiml/inbound", &form).await, asked);
    let said = form_to(
        "CAverbal",
        OURS,
        &[("SpeechResult", "Yes, sure."), ("Confidence", "0.9")],
    );
    let path = "consent?stop=0&asked=verbal";
    for _ in 0..2 {
        let xml = ask(desk, path, &said).await;
        assert!(xml.contains("<Stream") && !xml.contains("<Gather"), "{xml}");
    }
    // Who was heard is not asked again, and what was said first stays.
    let again = ask(desk, "twiml/inbound", &form).await;
    assert!(
        again.contains("<Stream") && !again.contains("<Gather"),
        "{again}"
    );
    let no = form_to("CAverbal", OURS, &[("SpeechResult", "No.")]);
    ask(desk, path, &no).await;
    let call_sid = "CAverbal".parse().unwrap();
    let log = frontdesk::store::calls::find_by_sid(&desk.store, &call_sid).await;
    let log = log.unwrap().unwrap();
    let consent = call_consents::find(&desk.store, (log.tenant_id, log.id)).await;
    let consent = consent.unwrap().unwrap();
    assert_eq!(consent.answer, ConsentAnswer::Agreed);
    assert_eq!(consent.words.unwrap().expose(), "Yes, sure.");
    assert_eq!(desk.bridge.counts().live, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn w1_a_webhook_that_comes_twice_records_once() {
    let house = House::asking(ConsentPolicy::StayOnLine, None).await;
    let script = Script::new(outbound::steps()).with(Fault::DuplicatedWebhook);
    let report = house.desk.carrier().place_call(&script).await;
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.verb_names()[..3], ["Say", "Pause", "Connect"]);
    let log = house.desk.log(&report).await;
    let recording = house.kept((log.tenant_id, log.id)).await;
    assert_eq!(recording.title.consent.answer, ConsentAnswer::Stayed);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_recorded_where_it_is_switched_off_or_nobody_wants_it() {
    for setting in [SettingKey::EnableCallRecording, SettingKey::AutoRecordCalls] {
        let house = House::open(talkative()).await;
        house.set(setting, false).await;
        let (report, tenant, call) = house.call(outbound::steps()).await;
        assert_eq!(report.verb_names()[0], "Connect", "nobody is told");
        assert_eq!(house.recordings((tenant, call)).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_we_make_is_recorded_as_whoever_placed_it_wants() {
    for wish in [true, false] {
        let (desk, account, key) = outbound::open().await;
        let (_, receptionist) = tenant(&desk).await;
        // The other way round, so that the wish is what counts.
        put_setting(&desk, SettingKey::AutoRecordCalls, !wish).await;
        let body = json!({"to": outbound::THEIRS, "record": wish,
            "receptionist_id": receptionist.to_string()});
        outbound::placed(&desk, &key, &body).await;
        let report =
            outbound::answered(outbound::ringing(&desk, &account), outbound::steps()).await;
        let heard: &[&str] = if wish {
            &["Say", "Connect"]
        } else {
            &["Connect"]
        };
        assert_eq!(report.verb_names(), heard);
        let log = desk.log(&report).await;
        let of = (log.tenant_id, log.id);
        if wish {
            let recording = kept(&desk.store, of).await;
            assert_eq!(recording.title.consent.answer, ConsentAnswer::Told);
        } else {
            let those = call_recordings::list_of_call(&desk.store, of.0, of.1).await;
            assert_eq!(those.unwrap(), []);
        }
    }
}

/// A call that goes on until `hang_up` is dropped.
async fn begun(house: &House) -> (tokio::task::JoinHandle<CallReport>, TenantId, CallId) {
    let carrier: Carrier = house.desk.carrier();
    let mut watched = house.desk.bridge.watch();
    let script = Script::new(vec![
        Step::Speak(spoken(&CALLER[0])),
        Step::Speak(spoken(&CALLER[0])),
        Step::Speak(spoken(&CALLER[1])),
        Step::Speak(spoken(&CALLER[0])),
        Step::StayUntilEnd,
    ]);
    let call = tokio::spawn(async move { carrier.place_call(&script).await });
    loop {
        let event = watched.recv().await.unwrap();
        if matches!(event.what, Happening::Answered) {
            return (call, event.tenant_id, event.call_id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_keeps_a_cards_number_out_of_the_recording() {
    let house = House::asking(ConsentPolicy::None, None).await;
    let key = key(&house.desk).await;
    let mut watched = house.desk.bridge.watch();
    let (carrier, tenant, call) = begun(&house).await;
    let path = |what: &str| format!("/api/calls/{call}/recording/{what}");
    let began = Instant::now();
    sleep(ms(700)).await;
    assert_eq!(house.api(&key, ("POST", &path("pause"))).await.0, 204);
    let paused = began.elapsed();
    sleep(ms(800)).await;
    let live = house.api(&key, ("GET", "/api/calls/live")).await.1;
    assert_eq!(live["data"][0]["recording"], "paused");
    assert_eq!(house.api(&key, ("POST", &path("resume"))).await.0, 204);
    let resumed = began.elapsed();
    sleep(ms(500)).await;
    assert_eq!(house.api(&key, ("POST", &path("stop"))).await.0, 204);
    let (status, told) = house.api(&key, ("POST", &path("pause"))).await;
    assert_eq!(status, 409, "{told}");
    let recording = house.kept((tenant, call)).await;
    let [pause] = recording.pauses[..] else {
        panic!("{:?}", recording.pauses)
    };
    let about = |ms: u64, at: Duration| ms.abs_diff(u64::try_from(at.as_millis()).unwrap()) < 150;
    assert!(
        about(pause.from_ms, paused) && about(pause.until_ms, resumed),
        "{pause:?}"
    );
    let both = tracks(&house.storage, &recording);
    let place = |ms: u64| usize::try_from(ms * 8).unwrap();
    let held = place(pause.from_ms + 20)..place(pause.until_ms - 20);
    for track in &both {
        let is_quiet = |byte: &u8| frontdesk::audio::g711::decode_mulaw(*byte).abs() < 50;
        assert!(track[held.clone()].iter().all(is_quiet));
    }
    let before = &both[0][..place(pause.from_ms)];
    assert!(
        before.iter().any(|byte| *byte != SILENCE),
        "the caller spoke before"
    );
    let url = format!("/api/calls/{call}/hangup");
    assert_eq!(house.api(&key, ("POST", &url)).await.0, 204);
    carrier.await.unwrap();
    let mut told = Vec::new();
    while let Ok(event) = watched.try_recv() {
        if let Happening::Recording(state) = event.what {
            told.push(state.map_or("off", RecordingState::as_str));
        }
    }
    assert_eq!(told, ["recording", "paused", "recording", "off"]);
    assert_eq!(
        house.kinds((tenant, call)).await,
        [
            "recording.consent",
            "recording.started",
            "recording.paused",
            "recording.resumed",
            "recording.stopped"
        ]
    );
}

/// What is said before, while and after a number is read out; the receptionist repeats it.
fn with_a_card() -> ModelOptions {
    let says = |words: &str| Line::say(Spoken::babble(words, ms(600)));
    let lines = [
        "Hello.",
        "Which card?",
        "So it is 4111 1111.",
        "Thank you.",
        "Goodbye.",
    ];
    let heard = ["I want to pay.", "Four one one one, 1111.", "That was all."];
    ModelOptions {
        lines: lines.map(says).into(),
        caller_transcripts: heard.map(str::to_owned).into(),
        ..talkative()
    }
}

/// Reads out a number, and keys in the rest, a while after the second answer.
fn paying() -> Vec<Step> {
    let speak = || {
        let answered = [Step::WaitForSpeech, Step::WaitForQuiet(ms(400))];
        [Step::Speak(Spoken::babble("", ms(700)))]
            .into_iter()
            .chain(answered)
    };
    let mut steps = vec![Step::WaitForSpeech, Step::WaitForQuiet(ms(400))];
    steps.extend(speak());
    steps.push(Step::Wait(ms(1_000)));
    steps.extend(speak());
    steps.extend("123#".chars().map(Step::Digit));
    steps.extend([Step::WaitForSpeech, Step::WaitForQuiet(ms(400))]);
    steps.push(Step::Wait(ms(2_500)));
    steps.extend(speak());
    steps.push(Step::HangUp);
    steps
}

/// What stands in the place of words.
const UNKEPT: &str = "[not kept: the recording was paused]";

/// Pauses the recording behind the third utterance, and resumes it behind the sixth. What
/// was told of words and keys by the end of the call.
async fn watch_paying(house: &House) -> (Vec<(Speaker, String)>, Vec<String>) {
    let key = key(&house.desk).await;
    let mut watched = house.desk.bridge.watch();
    let (mut told, mut digits) = (Vec::new(), Vec::new());
    loop {
        let event = watched.recv().await.unwrap();
        if let Happening::Reported(Report::Said(said)) = &event.what {
            told.push((said.speaker, said.text.expose().clone()));
            let order = match told.len() {
                3 => "pause",
                6 => "resume",
                _ => continue,
            };
            // While the call goes on, too.
            let kept = utterances::list(&house.desk.store, event.tenant_id, event.call_id).await;
            let is_told = |text: &str| text.contains("1111");
            assert!(!kept.unwrap().iter().any(|one| is_told(one.text.expose())));
            let path = format!("/api/calls/{}/recording/{order}", event.call_id);
            assert_eq!(house.api(&key, ("POST", &path)).await.0, 204);
        } else if let Happening::Reported(Report::Digits(keys)) = &event.what {
            digits.push(keys.expose().clone());
        } else if let Happening::Ended(_) = event.what {
            return (told, digits);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_a_pause_keeps_a_cards_number_out_of_all_that_is_kept_or_shown() {
    let house = House::asking_with(ConsentPolicy::None, None, with_a_card()).await;
    let watching = watch_paying(&house);
    let ((told, digits), (report, tenant, call)) = join(watching, house.call(paying())).await;
    let (caller, receptionist) = (Speaker::Caller, Speaker::Receptionist);
    let expected = [
        (receptionist, "Hello."),
        (caller, "I want to pay."),
        (receptionist, "Which card?"),
        (caller, UNKEPT),
        (receptionist, UNKEPT),
        (receptionist, UNKEPT),
        (caller, "That was all."),
        (receptionist, "Goodbye."),
    ]
    .map(|(speaker, text)| (speaker, text.to_owned()));
    assert_eq!(told, expected);
    assert_eq!(digits, ["•••"]);
    let kept = utterances::list(&house.desk.store, tenant, call).await;
    let kept = kept.unwrap().into_iter();
    let kept: Vec<_> = kept
        .map(|one| (one.speaker, one.text.expose().clone()))
        .collect();
    assert_eq!(kept, expected);
    let key = key(&house.desk).await;
    for (words, count) in [("4111", 0), ("1111", 0), ("want", 1)] {
        let path = format!("/api/calls/log?q={words}");
        let (_, found) = house.api(&key, ("GET", &path)).await;
        assert_eq!(
            found["data"].as_array().map(Vec::len),
            Some(count),
            "{found}"
        );
    }
    // The receptionist has heard all of it.
    let session = house.desk.session(0).await;
    assert!(session.client_log.iter().any(|line| line.contains("1 2 3")));
    assert_eq!(report.failures, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_begins_to_record_only_where_the_caller_may_be_recorded() {
    for (policy, status) in [(ConsentPolicy::None, 204), (ConsentPolicy::Announce, 409)] {
        let house = House::asking(policy, None).await;
        house.set(SettingKey::AutoRecordCalls, false).await;
        let key = key(&house.desk).await;
        let (carrier, tenant, call) = begun(&house).await;
        assert_eq!(house.recordings((tenant, call)).await, []);
        let start = format!("/api/calls/{call}/recording/start");
        let (answer, told) = house.api(&key, ("POST", &start)).await;
        assert_eq!(answer, status, "{told}");
        sleep(ms(300)).await;
        let url = format!("/api/calls/{call}/hangup");
        assert_eq!(house.api(&key, ("POST", &url)).await.0, 204);
        carrier.await.unwrap();
        if status == 204 {
            let recording = house.kept((tenant, call)).await;
            assert_eq!(recording.title.consent.answer, ConsentAnswer::NotAsked);
        } else {
            assert_eq!(house.recordings((tenant, call)).await, []);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_heard_in_parts_deleted_and_not_heard_again() {
    let house = House::open(talkative()).await;
    let (_, tenant, call) = house.call(outbound::steps()).await;
    let recording = house.kept((tenant, call)).await;
    let key = key(&house.desk).await;
    let list = house
        .api(&key, ("GET", &format!("/api/calls/{call}/recordings")))
        .await
        .1;
    let shown = &list["data"][0];
    assert_eq!(shown["state"], "kept");
    assert_eq!(shown["consent"]["answer"], "told");
    assert_eq!(shown["pauses"], json!([]));
    let path = format!("/api/recordings/{}", recording.title.id);
    let request = format!(
        "GET {path}/audio HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\
         Authorization: Bearer {key}\r\nRange: bytes=0-3\r\n\r\n"
    );
    let part = exchange(&house.desk, &request).await;
    assert_eq!(part.status, 206, "{}", part.head);
    let length = recording.bytes.unwrap();
    assert!(
        part.head
            .contains(&format!("content-range: bytes 0-3/{length}")),
        "{}",
        part.head
    );
    assert!(
        part.head.contains("cache-control: private"),
        "{}",
        part.head
    );
    let magic = if cfg!(feature = "opus") {
        "OggS"
    } else {
        "RIFF"
    };
    assert_eq!(part.body, magic);
    // A player asks for one part after another: that is one listening.
    let rest = request.replace("bytes=0-3", "bytes=1-3");
    assert_eq!(exchange(&house.desk, &rest).await.status, 206);
    let file = house.storage.join(recording.file.unwrap());
    assert!(file.exists());
    assert_eq!(house.api(&key, ("DELETE", &path)).await.0, 204);
    assert_eq!(
        house.api(&key, ("GET", &format!("{path}/audio"))).await.0,
        409
    );
    is_gone(&file).await;
    let shown = house.api(&key, ("GET", &path)).await.1;
    assert_eq!(
        (&shown["state"], &shown["reason"]),
        (&json!("deleted"), &json!("deleted"))
    );
    let audit = house.api(&key, ("GET", "/api/audit")).await.1;
    let actions = audit["data"].as_array().unwrap().iter();
    let actions: Vec<_> = actions
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["recording.deleted", "recording.played"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_forgotten_takes_its_recording_along() {
    let house = House::open(talkative()).await;
    let (_, tenant, call) = house.call(outbound::steps()).await;
    let recording = house.kept((tenant, call)).await;
    let key = key(&house.desk).await;
    let file = house.storage.join(recording.file.unwrap());
    assert_eq!(
        house
            .api(&key, ("DELETE", &format!("/api/calls/{call}")))
            .await
            .0,
        204
    );
    let path = format!("/api/recordings/{}", recording.title.id);
    assert_eq!(house.api(&key, ("GET", &path)).await.0, 404);
    assert_eq!(house.recordings((tenant, call)).await, []);
    is_gone(&file).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_a_call_goes_on_when_the_disk_does_not_take_its_recording() {
    let house = House::open(talkative()).await;
    // A file stands where the folder of spools would be.
    std::fs::create_dir_all(&house.storage).unwrap();
    std::fs::write(house.storage.join("spool"), "").unwrap();
    let (report, tenant, call) = house.call(outbound::steps()).await;
    assert!(report.stream().unwrap().played_ms > 1_000);
    let failed = async {
        loop {
            let those = house.recordings((tenant, call)).await;
            if let Some(one) = those.iter().find(|one| one.state == RecordingState::Failed) {
                return one.fault;
            }
            sleep(ms(20)).await;
        }
    };
    let fault = timeout(Duration::from_secs(10), failed).await;
    assert_eq!(fault.expect("it says so"), Some(RecordingFault::DiskFailed));
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_who_hangs_up_at_the_question_is_missed_and_no_agent_is_dialled() {
    let house = House::asking(ConsentPolicy::Keypress, None).await;
    let desk = &house.desk;
    let xml = ask(desk, "twiml/inbound", &form_to("CA1", OURS, &[])).await;
    assert!(xml.contains("<Gather"), "{xml}");
    let told = post(desk, STATUS, &form("CA1", "completed")).await;
    assert_eq!(told.status, 204);
    // A key that comes all the same, late or once more, leads nowhere.
    for status in ["completed", "in-progress"] {
        let mut pressed = form_to("CA1", OURS, &[("Digits", "1")]);
        set(&mut pressed, "CallStatus", status);
        let xml = ask(desk, "consent?stop=0&asked=keypress", &pressed).await;
        assert!(xml.contains("<Response><Hangup/></Response>"), "{xml}");
    }
    let log = logged(desk, "CA1", |call| call.status.is_terminal()).await;
    assert_eq!(Outcome::of(&log), Outcome::Missed);
    assert_eq!((desk.model.accepted(), desk.bridge.counts().live), (0, 0));
    let of = (log.tenant_id, log.id);
    assert_eq!(house.recordings(of).await, []);
    let consent = call_consents::find(&desk.store, of).await;
    assert_eq!(consent.unwrap(), None);
}
