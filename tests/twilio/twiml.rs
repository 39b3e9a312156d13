//! TwiML: what is written, what cannot be, and that it is always XML.

use std::time::Duration;

use proptest::prelude::*;
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use frontdesk::domain::{Party, Permit, PhoneNumber, Secret};
use frontdesk::twilio::twiml::{
    Callback, Conference, Connect, ConversationRelay, Dial, Digits, Enqueue, Gather, Key, Message,
    MessagingResponse, Number, Parameter, Pause, Queue, Record, RejectReason, Response, Say, Sip,
    Ssml, Stream, Webhook,
};

#[test]
fn an_answered_call_connects_a_stream_and_says_who_is_asked_next() {
    let stream = Stream::new("wss://desk.example/media-stream")
        .parameter(Parameter::new("token", "a&b\"c").unwrap());
    let connect = Connect::stream(stream).action("/api/voice/webhooks/stream-ended");
    let xml = Response::new()
        .say("Hello <you> & you")
        .connect(connect)
        .to_xml();
    assert_eq!(
        xml,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>\
         <Say>Hello &lt;you&gt; &amp; you</Say>\
         <Connect action=\"/api/voice/webhooks/stream-ended\">\
         <Stream url=\"wss://desk.example/media-stream\">\
         <Parameter name=\"token\" value=\"a&amp;b&quot;c\"/></Stream></Connect></Response>"
    );
}

#[test]
fn an_empty_document_is_still_one() {
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";
    assert_eq!(Response::new().to_xml(), xml);
    assert_eq!(MessagingResponse::new().to_xml(), xml);
}

#[test]
fn a_refusal_is_the_first_verb() {
    let xml = Response::reject(RejectReason::Busy).to_xml();
    assert!(
        xml.ends_with("<Response><Reject reason=\"busy\"/></Response>"),
        "{xml}"
    );
}

#[test]
fn part_of_a_second_counts_as_one_and_milliseconds_stay() {
    let pause = |ms| {
        Response::new()
            .pause(Pause::new(Duration::from_millis(ms)))
            .to_xml()
    };
    assert!(pause(1).contains("length=\"1\""));
    assert!(pause(2_000).contains("length=\"2\""));
    assert!(pause(2_001).contains("length=\"3\""));
    assert!(pause(u64::MAX).contains("length=\"18446744073709552\""));
    let ssml = Ssml::new().pause(Duration::from_millis(250));
    assert!(
        Response::new()
            .say(Say::ssml(ssml))
            .to_xml()
            .contains("time=\"250ms\"")
    );
}

#[test]
fn an_attribute_given_twice_has_its_last_value_once() {
    let dial = Dial::new()
        .action(Webhook::get("/a"))
        .action("/b")
        .answer_on_bridge(true);
    let xml = Response::new().dial(dial.answer_on_bridge(false)).to_xml();
    assert!(
        xml.contains("action=\"/b\"") && !xml.contains("/a"),
        "{xml}"
    );
    assert_eq!(xml.matches("answerOnBridge").count(), 1, "{xml}");
}

#[test]
fn no_key_and_every_key_can_end_an_input() {
    let gather = Gather::new().finish_on_key(None).say("?");
    assert!(
        Response::new()
            .gather(gather)
            .to_xml()
            .contains("finishOnKey=\"\"")
    );
    let gather = Gather::new().finish_on_key(Key::STAR);
    assert!(
        Response::new()
            .gather(gather)
            .to_xml()
            .contains("finishOnKey=\"*\"")
    );
    let keys = [Key::new('1').unwrap(), Key::HASH];
    let record = Record::new().finish_on_keys(&keys);
    assert!(
        Response::new()
            .record(record)
            .to_xml()
            .contains("finishOnKey=\"1#\"")
    );
    assert_eq!(Key::new('A'), None);
}

#[test]
fn a_parameter_too_long_is_refused_with_a_remedy() {
    assert!(Parameter::new("n", &"v".repeat(498)).is_ok());
    assert!(Parameter::new("n", &"é".repeat(498)).is_ok());
    let error = Parameter::new("note", &"v".repeat(496)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Parameter note: shorten name and value to less than 500 characters together"
    );
    assert!(Parameter::new("", "v").is_err());
}

#[test]
fn texts_of_limited_length_or_alphabet_are_checked() {
    assert!(Dial::new().call_reason(&"é".repeat(50)).is_ok());
    assert_eq!(
        Dial::new().call_reason(&"x".repeat(51)).unwrap_err().field,
        "callReason"
    );
    let label = |text: &str| Conference::new("room").participant_label(text);
    assert!(label("agent").is_ok() && label("a/b").is_err() && label(&"x".repeat(129)).is_err());
    for name in ["", &*"x".repeat(65)] {
        assert!(Enqueue::new(name).is_err() && Queue::new(name).is_err());
    }
    assert!(Digits::new("ww1234#*AD").is_ok());
    for text in ["", "12 3", "e", "１"] {
        assert!(Digits::new(text).is_err(), "{text}");
    }
}

#[test]
fn a_text_message_gets_an_element_of_its_own_beside_media() {
    let plain = MessagingResponse::new().message("hi").to_xml();
    assert!(plain.contains("<Message>hi</Message>"), "{plain}");
    let picture = MessagingResponse::new().message(Message::new("hi").media("https://h/p.png"));
    let picture = picture.to_xml();
    assert!(
        picture.contains("<Message><Body>hi</Body><Media>https://h/p.png</Media></Message>"),
        "{picture}"
    );
}

#[test]
fn letters_that_xml_cannot_hold_are_left_out() {
    let xml = Response::new()
        .say("a\u{0}b\u{b}c\u{1f}d\u{fffe}e\u{ffff}f\tg\nh\u{1F600}")
        .to_xml();
    assert!(xml.contains("<Say>abcdef\tg\nh\u{1F600}</Say>"), "{xml}");
    let relay = ConversationRelay::new("wss://h/x").welcome_greeting("a\u{1b}[1m\n\r\tb");
    let xml = Response::new()
        .connect(Connect::conversation_relay(relay))
        .to_xml();
    assert!(
        xml.contains("welcomeGreeting=\"a[1m&#10;&#13;&#9;b\""),
        "{xml}"
    );
}

#[test]
fn debugging_shows_neither_numbers_nor_credentials() {
    let number: PhoneNumber = "+14155550100".parse().unwrap();
    let dial = Dial::new()
        .caller_id(&Party::Number(number.clone()))
        .number(
            Number::new(&Permit::kept(&number, Duration::from_mins(1)))
                .url(Webhook::get("https://h/secret")),
        )
        .sip(Sip::new("sip:a@b").credentials("me", &Secret::new("hunter2".to_owned())));
    let parameter = Parameter::new("token", "t0ken").unwrap();
    let connect = Connect::stream(Stream::new("wss://h/x").parameter(parameter));
    let callback = Callback::<()>::new("https://h/secret");
    let message = Message::new("my words").to(&number);
    let shown = format!(
        "{:?} {message:?} {callback:?}",
        Response::new().say("my words").dial(dial).connect(connect)
    );
    assert!(shown.contains("<Say>…</Say><Dial callerId>"), "{shown}");
    for secret in ["415", "hunter2", "t0ken", "words", "secret"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

proptest! {
    #[test]
    fn any_text_makes_well_formed_xml_that_says_it(text in any::<String>(), value in any::<String>()) {
        let relay = ConversationRelay::new("wss://h/x").welcome_greeting(&value);
        let document = Response::new()
            .say(Say::new(&text).voice(&value))
            .say(Say::ssml(Ssml::new().text(&text).sub(&value, &text)))
            .connect(Connect::conversation_relay(relay));
        let read = read(&document.to_xml());
        let (text, value) = (legal(&text), legal(&value));
        prop_assert_eq!(read.text, text.repeat(3));
        let expected = [&value, &value, "wss://h/x", &value].map(str::to_owned);
        prop_assert_eq!(read.values, expected);
    }
}

/// What a parser finds in a document.
struct Read {
    text: String,
    values: Vec<String>,
}

fn read(xml: &str) -> Read {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut found = Read {
        text: String::new(),
        values: Vec::new(),
    };
    loop {
        match reader.read_event().expect("the document is well-formed") {
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    let attribute = attribute.expect("attributes are well-formed");
                    let value = attribute.normalized_value(XmlVersion::Explicit1_0);
                    found
                        .values
                        .push(value.expect("entities are known").into_owned());
                }
            }
            Event::Text(text) => found.text.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) => found.text.push(resolve(&entity)),
            Event::Eof => return found,
            Event::End(_) | Event::Decl(_) => {}
            other @ (Event::CData(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_)) => {
                panic!("nobody wrote {other:?}")
            }
        }
    }
}

fn resolve(entity: &quick_xml::events::BytesRef<'_>) -> char {
    if let Some(letter) = entity.resolve_char_ref().expect("a reference to a letter") {
        return letter;
    }
    match &*entity.xml10_content() {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        other => panic!("unknown entity {other}"),
    }
}

/// The letters of `text` that XML 1.0 can hold, by the letter of its grammar.
fn legal(text: &str) -> String {
    let is_legal = |letter: &char| {
        matches!(
            *letter as u32,
            0x9 | 0xA | 0xD | 0x20..=0xD7FF | 0xE000..=0xFFFD | 0x1_0000..=0x10_FFFF
        )
    };
    text.chars().filter(is_legal).collect()
}
