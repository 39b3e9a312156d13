//! Documents with every verb and attribute, each under the name that the oracle has for it.

use std::time::Duration;

use frontdesk::domain::{Party, Permit, PhoneNumber, Secret};
use frontdesk::twilio::twiml::{
    AnswerDetection, Application, Beep, BreakStrength, CallEvent, Callback, Client, Conference,
    ConferenceEvent, ConferenceRecord, Connect, ConversationRelay, Dial, DialRecord, Digits,
    EmphasisLevel, Enqueue, Fork, Gather, GatherInput, InterpretAs, Interruptible, JitterBuffer,
    Key, Language, MachineDetection, Message, MessagingResponse, Number, Parameter,
    PhonemeAlphabet, Play, Prosody, Queue, Record, Recording, RecordingChannels, RecordingEvent,
    RecordingTrack, Refer, Response, Say, Sim, Sip, Siprec, SpeechTimeout, Ssml, Start, Stop,
    Stream, StreamTrack, Task, Transcription, TranscriptionEngine, Trim, Webhook, WhatsApp,
};

use super::vocabularies;

/// Each document under its name.
pub(super) fn documents() -> Vec<(String, String)> {
    let mut table = Vec::new();
    speech(&mut table);
    input(&mut table);
    dialling(&mut table);
    nouns(&mut table);
    conferences(&mut table);
    queues(&mut table);
    connecting(&mut table);
    beside(&mut table);
    vocabularies::words(&mut table);
    messages(&mut table);
    table
}

/// Names and documents.
pub(super) type Table = Vec<(String, String)>;

/// Adds a document about a call.
pub(super) fn put(table: &mut Table, name: &str, response: &Response) {
    table.push((name.to_owned(), response.to_xml()));
}

fn speech(table: &mut Table) {
    let say = Say::new("Grüße & <\"both\">\nof 'you' \u{1F44B}");
    let say = say.voice("Polly.Joanna").language("en-US").repeat(0);
    put(table, "say", &Response::new().say(say));
    put(table, "say.plain", &Response::new().say("one").say("two"));
    let spoken = Say::ssml(ssml()).voice("Polly.Amy");
    put(table, "say.ssml", &Response::new().say(spoken));
    let digits = Digits::new("ww12#").expect("keys");
    let play = Play::new("https://h.example/a.mp3?b=1&c=2").repeat(3);
    put(
        table,
        "play",
        &Response::new().play(play).play(Play::digits(&digits)),
    );
    put(table, "pause", &Response::new().pause(seconds(7)));
    let plain = Response::new().echo().leave().hangup();
    put(table, "plain", &plain);
    let next = Webhook::get("/next?a=1&b=2");
    put(table, "redirect", &Response::new().redirect(next));
    let refer = Refer::new("sip:desk@example.com").action(Webhook::post("/referred"));
    put(table, "refer", &Response::new().refer(refer));
}

fn ssml() -> Ssml {
    let stressed = Ssml::new()
        .text("very")
        .pause_of(BreakStrength::Weak)
        .text("much");
    let prosody = Prosody::new().volume("loud").rate("85%").pitch("+10%");
    let sentence = Ssml::new().sentence(Ssml::new().text("One."));
    Ssml::new()
        .text("Call ")
        .say_as(InterpretAs::Telephone, "+14155550100")
        .text(" on ")
        .date("mdy", "9/30/2026")
        .pause(Duration::from_millis(500))
        .emphasis(EmphasisLevel::Strong, stressed)
        .lang("fr-FR", Ssml::new().text("Bonjour"))
        .paragraph(sentence)
        .phoneme(PhonemeAlphabet::Ipa, "pɪˈkɑːn", "pecan")
        .prosody(prosody, Ssml::new().text("aloud"))
        .sub("World Wide Web", "WWW")
        .word("amazon:VB", Ssml::new().text("read"))
        .text(" end")
}

fn input(table: &mut Table) {
    let gather = Gather::new()
        .action(Webhook::get("/gathered"))
        .input(GatherInput::DtmfSpeech)
        .timeout(seconds(4))
        .num_digits(3)
        .finish_on_key(Key::STAR)
        .action_on_empty_result(true)
        .speech_timeout(SpeechTimeout::Auto)
        .max_speech_time(seconds(20))
        .language("en-GB")
        .hints(&["sales", "support & service"])
        .profanity_filter(false)
        .speech_model("phone_call")
        .enhanced(true)
        .barge_in(false)
        .partial_result_callback(Webhook::get("/partial"))
        .debug(true)
        .say("Press one")
        .pause(seconds(1))
        .play("https://h.example/a.mp3");
    put(table, "gather", &Response::new().gather(gather));
    let gather = Gather::new().finish_on_key(None);
    let gather = gather.speech_timeout(SpeechTimeout::After(seconds(2)));
    put(table, "gather.no_key", &Response::new().gather(gather));
    let record = Record::new()
        .action(Webhook::post("/recorded"))
        .timeout(seconds(10))
        .finish_on_keys(&[Key::HASH, Key::STAR])
        .max_length(seconds(120))
        .play_beep(true)
        .trim(Trim::DoNotTrim)
        .recording_status_callback(recording_callback())
        .transcribe(true)
        .transcribe_callback("/transcribed")
        .recording_configuration_id("RC1");
    put(table, "record", &Response::new().record(record));
}

fn dialling(table: &mut Table) {
    let dial = Dial::new()
        .action(Webhook::post("/dialled"))
        .timeout(seconds(20))
        .time_limit(seconds(3_600))
        .caller_id(&Party::Number(number("+14155550100")))
        .answer_on_bridge(true)
        .hangup_on_star(true)
        .record(DialRecord::FromAnswerDual)
        .recording_status_callback(recording_callback())
        .recording_track(RecordingTrack::Inbound)
        .recording_configuration_id("RC1")
        .trim(Trim::TrimSilence)
        .ring_tone("us-old")
        .sequential(true)
        .refer_url(Webhook::get("/refer"))
        .call_reason("Your appointment")
        .expect("a short reason")
        .events("call-progress-event")
        .passports("a.b.c");
    put(table, "dial", &Response::new().dial(dial));
    let first = Number::new(&permit("+14155550101"))
        .url(Webhook::get("/whisper"))
        .send_digits(&Digits::new("wwww1928").expect("keys"))
        .byoc("BY1")
        .status_callback(call_callback())
        .answer_detection(answer_detection());
    let second = Number::new(&permit("+14155550102"));
    put(
        table,
        "dial.number",
        &Response::new().dial(Dial::new().number(first).number(second)),
    );
    let parameter = Parameter::new("key", "a & b").expect("a short parameter");
    let client = Client::new("alice & co")
        .url("/whisper")
        .status_callback(call_callback());
    let told = Client::new("bob").parameter(parameter);
    put(
        table,
        "dial.client",
        &Response::new().dial(Dial::new().client(client).client(told)),
    );
}

fn nouns(table: &mut Table) {
    let parameter = Parameter::new("key", "a & b").expect("a short parameter");
    let sip = Sip::new("sip:kate@example.com?x-customer=1&b=2")
        .credentials("me", &Secret::new("p&ss".to_owned()))
        .url(Webhook::get("/whisper"))
        .status_callback(call_callback())
        .answer_detection(answer_detection());
    put(
        table,
        "dial.sip",
        &Response::new().dial(Dial::new().sip(sip)),
    );
    put(
        table,
        "dial.sim",
        &Response::new().dial(Dial::new().sim(Sim::new("DE1"))),
    );
    let whats_app = WhatsApp::new(&permit("+14155550103"))
        .url("/whisper")
        .status_callback(call_callback());
    put(
        table,
        "dial.whats_app",
        &Response::new().dial(Dial::new().whats_app(whats_app)),
    );
    let application = Application::new("AP1")
        .url(Webhook::post("/whisper"))
        .status_callback(call_callback())
        .customer_id("customer-1")
        .copy_parent_to(true);
    let told = Application::new("AP2").parameter(parameter);
    put(
        table,
        "dial.application",
        &Response::new().dial(Dial::new().application(application)),
    );
    put(
        table,
        "dial.application.told",
        &Response::new().dial(Dial::new().application(told)),
    );
}

fn conferences(table: &mut Table) {
    let coach = "CA1".parse().expect("a call's name");
    let conference = Conference::new("Room 1")
        .muted(true)
        .beep(Beep::OnEnter)
        .start_conference_on_enter(false)
        .end_conference_on_exit(true)
        .participant_label("agent-1")
        .expect("a short label")
        .jitter_buffer_size(JitterBuffer::Small)
        .wait_url(Webhook::get(""))
        .max_participants(5)
        .record(ConferenceRecord::FromStart)
        .region("ie1")
        .trim(Trim::TrimSilence)
        .coach(&coach)
        .status_callback(
            Callback::new(Webhook::post("/conference"))
                .on(&[ConferenceEvent::Join, ConferenceEvent::Leave]),
        )
        .recording_status_callback(recording_callback())
        .recording_configuration_id("RC1")
        .event_callback_url("/events");
    put(
        table,
        "dial.conference",
        &Response::new().dial(Dial::new().conference(conference)),
    );
}

fn queues(table: &mut Table) {
    let queue = Queue::new("support")
        .expect("a short name")
        .url(Webhook::get("/about"))
        .reservation_sid("WR1")
        .post_work_activity_sid("WA1");
    put(
        table,
        "dial.queue",
        &Response::new().dial(Dial::new().queue(queue)),
    );
    let enqueue = Enqueue::new("support")
        .expect("a short name")
        .action(Webhook::post("/dequeued"))
        .wait_url(Webhook::get("/wait"))
        .max_queue_size(10);
    put(table, "enqueue", &Response::new().enqueue(enqueue));
    let task = Task::new("{\"skill\":\"<french>\"}")
        .priority(5)
        .timeout(seconds(30));
    let workflow = Enqueue::workflow("WW1").task(task);
    put(table, "enqueue.task", &Response::new().enqueue(workflow));
}

fn connecting(table: &mut Table) {
    let stream = Stream::new("wss://h.example/media-stream")
        .name("main")
        .status_callback(Webhook::post("https://h.example/status"))
        .parameter(parameter());
    let connect = Connect::stream(stream).action(Webhook::post("/stream-ended"));
    put(table, "connect.stream", &Response::new().connect(connect));
    let language = Language::new("sv-SE")
        .tts_provider("Amazon")
        .voice("Elin-Neural")
        .transcription_provider("Google")
        .speech_model("long");
    let relay = ConversationRelay::new("wss://h.example/relay")
        .welcome_greeting("Hi & hello")
        .welcome_greeting_interruptible(Interruptible::Speech)
        .interruptible(Interruptible::Any)
        .language("en-US")
        .tts_provider("ElevenLabs")
        .voice("UgBBYS2sOqTuMpoF3BR0")
        .transcription_provider("Deepgram")
        .speech_model("nova-3-general")
        .dtmf_detection(true)
        .hints(&["frontdesk", "TwiML"])
        .alternative(language)
        .parameter(parameter());
    put(
        table,
        "connect.relay",
        &Response::new().connect(Connect::conversation_relay(relay)),
    );
}

fn beside(table: &mut Table) {
    let fork = Fork::new("wss://h.example/fork")
        .name("fork")
        .track(StreamTrack::Both)
        .status_callback(Webhook::get("https://h.example/status"))
        .parameter(parameter());
    let start = Start::stream(fork).action(Webhook::get("/started"));
    put(
        table,
        "start.stream",
        &Response::new().start(start).stop(Stop::stream("fork")),
    );
    let siprec = Siprec::new("recorder")
        .name("copy")
        .track(StreamTrack::Both)
        .status_callback(Webhook::post("https://h.example/status"))
        .parameter(parameter());
    let siprec = Response::new()
        .start(Start::siprec(siprec))
        .stop(Stop::siprec("copy"));
    put(table, "start.siprec", &siprec);
    let recording = Recording::new()
        .recording_status_callback(recording_callback())
        .trim(Trim::TrimSilence)
        .track(RecordingTrack::Both)
        .channels(RecordingChannels::Dual)
        .recording_configuration_id("RC1");
    put(
        table,
        "start.recording",
        &Response::new().start(Start::recording(recording)),
    );
    let transcription = Transcription::new()
        .name("words")
        .track(StreamTrack::Both)
        .status_callback(Webhook::post("https://h.example/words"))
        .inbound_track_label("caller")
        .outbound_track_label("desk")
        .partial_results(true)
        .language_code("en-US")
        .transcription_engine(TranscriptionEngine::Google)
        .profanity_filter(true)
        .speech_model("telephony")
        .hints(&["frontdesk", "TwiML"])
        .enable_automatic_punctuation(true)
        .intelligence_service("GA1");
    let start = Start::transcription(transcription);
    let both = Response::new()
        .start(start)
        .stop(Stop::transcription("words"));
    put(table, "start.transcription", &both);
}

fn messages(table: &mut Table) {
    let message = Message::new("Thanks & bye")
        .to(&number("+14155550100"))
        .from(&number("+14155550101"))
        .action(Webhook::post("/sent"))
        .status_callback("/status");
    let picture = Message::new("Look")
        .media("https://h.example/a.png?b=1&c=2")
        .media("/b.png");
    let response = MessagingResponse::new().message(message).message(picture);
    let response = response.redirect(Webhook::get("/next"));
    table.push(("message".to_owned(), response.to_xml()));
}

fn parameter() -> Parameter {
    Parameter::new("token", "a\"b").expect("a short parameter")
}

fn call_callback() -> Callback<CallEvent> {
    Callback::new(Webhook::post("/status")).on(&[CallEvent::Initiated, CallEvent::Answered])
}

fn recording_callback() -> Callback<RecordingEvent> {
    Callback::new(Webhook::get("/recording"))
        .on(&[RecordingEvent::Completed, RecordingEvent::Absent])
}

fn answer_detection() -> AnswerDetection {
    AnswerDetection::new(MachineDetection::DetectMessageEnd)
        .status_callback(Webhook::get("/amd"))
        .timeout(seconds(20))
        .speech_threshold(seconds(2))
        .speech_end_threshold(seconds(1))
        .silence_timeout(seconds(4))
}

/// That number may be rung.
fn permit(text: &str) -> Permit {
    Permit::kept(&number(text), seconds(60))
}

fn number(text: &str) -> PhoneNumber {
    text.parse().expect("a number in E.164 form")
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
