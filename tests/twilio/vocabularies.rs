//! Each word of each closed vocabulary, in a document of its own.

use frontdesk::twilio::twiml::{
    AnswerDetection, Beep, BreakStrength, CallEvent, Callback, Client, Conference, ConferenceEvent,
    ConferenceRecord, Connect, ConversationRelay, Dial, DialRecord, EmphasisLevel, Fork, Gather,
    GatherInput, InterpretAs, Interruptible, JitterBuffer, MachineDetection, PhonemeAlphabet,
    Record, Recording, RecordingChannels, RecordingEvent, RecordingTrack, RejectReason, Response,
    Say, Sip, Ssml, Start, StreamTrack, Transcription, TranscriptionEngine, Trim,
};

use super::documents::{Table, put};

/// Adds them all.
pub(super) fn words(table: &mut Table) {
    let mut word = |kind: &str, word: &str, response: &Response| {
        put(table, &format!("{kind}={word}"), response);
    };
    call(&mut word);
    recording_and_streaming(&mut word);
    conferences(&mut word);
    spoken(&mut word);
}

fn call(word: &mut impl FnMut(&str, &str, &Response)) {
    for it in GatherInput::ALL {
        word(
            "input",
            it.as_str(),
            &Response::new().gather(Gather::new().input(*it)),
        );
    }
    for it in RejectReason::ALL {
        word("reason", it.as_str(), &Response::reject(*it));
    }
    for it in Trim::ALL {
        word(
            "trim",
            it.as_str(),
            &Response::new().record(Record::new().trim(*it)),
        );
    }
    for it in DialRecord::ALL {
        word("dialRecord", it.as_str(), &dial(Dial::new().record(*it)));
    }
    for it in CallEvent::ALL {
        let callback = Callback::new("/s").on(&[*it]);
        let client = Client::new("a").status_callback(callback);
        word("callEvent", it.as_str(), &dial(Dial::new().client(client)));
    }
    for it in MachineDetection::ALL {
        let sip = Sip::new("sip:a@b").answer_detection(AnswerDetection::new(*it));
        word("machineDetection", it.as_str(), &dial(Dial::new().sip(sip)));
    }
}

fn recording_and_streaming(word: &mut impl FnMut(&str, &str, &Response)) {
    for it in RecordingTrack::ALL {
        word(
            "recordingTrack",
            it.as_str(),
            &dial(Dial::new().recording_track(*it)),
        );
    }
    for it in RecordingChannels::ALL {
        let start = Start::recording(Recording::new().channels(*it));
        word("channels", it.as_str(), &Response::new().start(start));
    }
    for it in RecordingEvent::ALL {
        let callback = Callback::new("/s").on(&[*it]);
        let record = Record::new().recording_status_callback(callback);
        word(
            "recordingEvent",
            it.as_str(),
            &Response::new().record(record),
        );
    }
    for it in StreamTrack::ALL {
        let start = Start::stream(Fork::new("wss://h/x").track(*it));
        word("track", it.as_str(), &Response::new().start(start));
    }
    for it in TranscriptionEngine::ALL {
        let start = Start::transcription(Transcription::new().transcription_engine(*it));
        word(
            "transcriptionEngine",
            it.as_str(),
            &Response::new().start(start),
        );
    }
    for it in Interruptible::ALL {
        let relay = ConversationRelay::new("wss://h/x").interruptible(*it);
        let connect = Connect::conversation_relay(relay);
        word(
            "interruptible",
            it.as_str(),
            &Response::new().connect(connect),
        );
    }
}

fn conferences(word: &mut impl FnMut(&str, &str, &Response)) {
    for it in ConferenceEvent::ALL {
        let callback = Callback::new("/s").on(&[*it]);
        let noun = Conference::new("a").status_callback(callback);
        word("conferenceEvent", it.as_str(), &conference(noun));
    }
    for it in Beep::ALL {
        word(
            "beep",
            it.as_str(),
            &conference(Conference::new("a").beep(*it)),
        );
    }
    for it in JitterBuffer::ALL {
        let noun = Conference::new("a").jitter_buffer_size(*it);
        word("jitterBufferSize", it.as_str(), &conference(noun));
    }
    for it in ConferenceRecord::ALL {
        word(
            "conferenceRecord",
            it.as_str(),
            &conference(Conference::new("a").record(*it)),
        );
    }
}

fn spoken(word: &mut impl FnMut(&str, &str, &Response)) {
    for it in BreakStrength::ALL {
        word("strength", it.as_str(), &say(Ssml::new().pause_of(*it)));
    }
    for it in EmphasisLevel::ALL {
        let ssml = Ssml::new().emphasis(*it, Ssml::new().text("a"));
        word("level", it.as_str(), &say(ssml));
    }
    for it in InterpretAs::ALL {
        word(
            "interpretAs",
            it.as_str(),
            &say(Ssml::new().say_as(*it, "1")),
        );
    }
    for it in PhonemeAlphabet::ALL {
        word(
            "alphabet",
            it.as_str(),
            &say(Ssml::new().phoneme(*it, "a", "b")),
        );
    }
}

fn dial(dial: Dial) -> Response {
    Response::new().dial(dial)
}

fn conference(conference: Conference) -> Response {
    dial(Dial::new().conference(conference))
}

fn say(ssml: Ssml) -> Response {
    Response::new().say(Say::ssml(ssml))
}
