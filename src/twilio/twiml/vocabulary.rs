//! The closed vocabularies of TwiML's attributes.

use crate::twilio::words::words;

words! {
    /// What a caller may answer a `<Gather>` with.
    GatherInput {
        /// Keys.
        Dtmf = "dtmf",
        /// Speech.
        Speech = "speech",
        /// Either; the first one counts.
        DtmfSpeech = "dtmf speech",
    }
}

words! {
    /// Why a call is refused.
    RejectReason {
        /// The caller hears that the number is not in service.
        Rejected = "rejected",
        /// The caller hears that the line is engaged.
        Busy = "busy",
    }
}

words! {
    /// Whether silence at both ends of a recording is cut off.
    Trim {
        /// It is.
        TrimSilence = "trim-silence",
        /// It stays.
        DoNotTrim = "do-not-trim",
    }
}

words! {
    /// Whether and from when on a `<Dial>` is recorded.
    DialRecord {
        /// Not at all.
        DoNotRecord = "do-not-record",
        /// From the answer on, both voices together.
        FromAnswer = "record-from-answer",
        /// From the first ring on, both voices together.
        FromRinging = "record-from-ringing",
        /// From the answer on, each voice apart.
        FromAnswerDual = "record-from-answer-dual",
        /// From the first ring on, each voice apart.
        FromRingingDual = "record-from-ringing-dual",
    }
}

words! {
    /// Whose voice is recorded.
    RecordingTrack {
        /// Both.
        Both = "both",
        /// What Twilio hears from the caller.
        Inbound = "inbound",
        /// What Twilio plays to the caller.
        Outbound = "outbound",
    }
}

words! {
    /// Whether voices are recorded apart.
    RecordingChannels {
        /// Together.
        Mono = "mono",
        /// Apart.
        Dual = "dual",
    }
}

words! {
    /// Which voice is streamed or transcribed.
    StreamTrack {
        /// What Twilio hears from the caller.
        Inbound = "inbound_track",
        /// What Twilio plays to the caller.
        Outbound = "outbound_track",
        /// Both.
        Both = "both_tracks",
    }
}

words! {
    /// Who turns speech into text.
    TranscriptionEngine {
        /// Google.
        Google = "google",
        /// Deepgram.
        Deepgram = "deepgram",
    }
}

words! {
    /// What happens to a dialled call.
    CallEvent {
        /// Twilio begins to dial.
        Initiated = "initiated",
        /// It rings.
        Ringing = "ringing",
        /// It is answered.
        Answered = "answered",
        /// It is over.
        Completed = "completed",
    }
}

words! {
    /// What happens to a recording.
    RecordingEvent {
        /// It begins.
        InProgress = "in-progress",
        /// It can be fetched.
        Completed = "completed",
        /// There was nothing to record.
        Absent = "absent",
    }
}

words! {
    /// What happens in a conference.
    ConferenceEvent {
        /// It begins.
        Start = "start",
        /// It ends.
        End = "end",
        /// Somebody comes.
        Join = "join",
        /// Somebody goes.
        Leave = "leave",
        /// Somebody is muted or may speak again.
        Mute = "mute",
        /// Somebody is put on hold or taken off.
        Hold = "hold",
        /// Somebody's part is changed.
        Modify = "modify",
        /// Somebody begins or ends to speak.
        Speaker = "speaker",
        /// An announcement ends or fails.
        Announcement = "announcement",
    }
}

words! {
    /// When a conference beeps.
    Beep {
        /// When somebody comes or goes.
        Always = "true",
        /// Never.
        Never = "false",
        /// When somebody comes.
        OnEnter = "onEnter",
        /// When somebody goes.
        OnExit = "onExit",
    }
}

words! {
    /// How much a conference delays a voice to smooth it.
    JitterBuffer {
        /// Most; for the worst lines.
        Large = "large",
        /// About half of that.
        Medium = "medium",
        /// Little.
        Small = "small",
        /// Not at all.
        Off = "off",
    }
}

words! {
    /// Whether a conference is recorded.
    ConferenceRecord {
        /// Not at all.
        DoNotRecord = "do-not-record",
        /// From its start on.
        FromStart = "record-from-start",
    }
}

words! {
    /// What is done about answering machines.
    MachineDetection {
        /// Tell as soon as it is known.
        Enable = "Enable",
        /// Tell when a machine has said its piece.
        DetectMessageEnd = "DetectMessageEnd",
    }
}

words! {
    /// What interrupts a `<ConversationRelay>` that speaks.
    Interruptible {
        /// Nothing.
        None = "none",
        /// A key.
        Dtmf = "dtmf",
        /// Speech.
        Speech = "speech",
        /// Either.
        Any = "any",
    }
}

words! {
    /// How long a pause in speech is.
    BreakStrength {
        /// None at all.
        None = "none",
        /// Hardly any.
        XWeak = "x-weak",
        /// As after a comma.
        Weak = "weak",
        /// As after a comma.
        Medium = "medium",
        /// As after a sentence.
        Strong = "strong",
        /// As after a paragraph.
        XStrong = "x-strong",
    }
}

words! {
    /// How much words are stressed.
    EmphasisLevel {
        /// Louder and slower.
        Strong = "strong",
        /// A little louder and slower.
        Moderate = "moderate",
        /// Softer and faster.
        Reduced = "reduced",
    }
}

words! {
    /// As what a text is read.
    InterpretAs {
        /// Letter by letter.
        Characters = "characters",
        /// Letter by letter.
        SpellOut = "spell-out",
        /// As a number.
        Cardinal = "cardinal",
        /// As a number.
        Number = "number",
        /// As a place in an order.
        Ordinal = "ordinal",
        /// Digit by digit.
        Digits = "digits",
        /// As a fraction.
        Fraction = "fraction",
        /// As a measure.
        Unit = "unit",
        /// As a date.
        Date = "date",
        /// As a time.
        Time = "time",
        /// As a street address.
        Address = "address",
        /// As something to beep over.
        Expletive = "expletive",
        /// As a telephone number.
        Telephone = "telephone",
    }
}

words! {
    /// How a pronunciation is written.
    PhonemeAlphabet {
        /// The International Phonetic Alphabet.
        Ipa = "ipa",
        /// X-SAMPA.
        XSampa = "x-sampa",
        /// Jyutping, for Cantonese.
        Jyutping = "x-amazon-jyutping",
        /// Pinyin, for Mandarin.
        Pinyin = "x-amazon-pinyin",
        /// Kana, for Japanese.
        PronKana = "x-amazon-pron-kana",
        /// Yomigana, for Japanese.
        Yomigana = "x-amazon-yomigana",
    }
}
