//! `<ConversationRelay>`: Twilio hears and speaks, we exchange words.

use super::connect::Parameter;
use super::element::Element;
use super::vocabulary::Interruptible;

/// Twilio's own speech both ways, with a WebSocket of ours for the words.
///
/// See <https://www.twilio.com/docs/voice/twiml/connect/conversationrelay>.
#[derive(Clone, Debug)]
#[must_use]
pub struct ConversationRelay(pub(super) Element);

impl ConversationRelay {
    /// Exchanges words with `url`, which is `wss://…`.
    pub fn new(url: &str) -> Self {
        Self(Element::new("ConversationRelay").set("url", url))
    }

    /// What is spoken first.
    pub fn welcome_greeting(self, text: &str) -> Self {
        Self(self.0.set("welcomeGreeting", text))
    }

    /// What interrupts that.
    pub fn welcome_greeting_interruptible(self, by: Interruptible) -> Self {
        Self(self.0.set("welcomeGreetingInterruptible", by.as_str()))
    }

    /// What interrupts all else that is spoken.
    pub fn interruptible(self, by: Interruptible) -> Self {
        Self(self.0.set("interruptible", by.as_str()))
    }

    /// The language that is spoken and heard, such as `en-US`.
    pub fn language(self, language: &str) -> Self {
        Self(self.0.set("language", language))
    }

    /// Who speaks, such as `ElevenLabs`.
    pub fn tts_provider(self, provider: &str) -> Self {
        Self(self.0.set("ttsProvider", provider))
    }

    /// The voice, as its provider names it.
    pub fn voice(self, voice: &str) -> Self {
        Self(self.0.set("voice", voice))
    }

    /// Who listens, such as `Deepgram`.
    pub fn transcription_provider(self, provider: &str) -> Self {
        Self(self.0.set("transcriptionProvider", provider))
    }

    /// The listener's model.
    pub fn speech_model(self, model: &str) -> Self {
        Self(self.0.set("speechModel", model))
    }

    /// Whether keys are told.
    pub fn dtmf_detection(self, yes: bool) -> Self {
        Self(self.0.flag("dtmfDetection", yes))
    }

    /// Words and phrases that are likely; a comma separates them.
    pub fn hints(self, hints: &[&str]) -> Self {
        Self(self.0.set("hints", &hints.join(",")))
    }

    /// Adds a language to which we may switch.
    pub fn alternative(self, language: Language) -> Self {
        Self(self.0.child(language.0))
    }

    /// Adds what our WebSocket is told first.
    pub fn parameter(self, parameter: Parameter) -> Self {
        Self(self.0.child(parameter.0))
    }
}

/// How one language is spoken and heard.
#[derive(Clone, Debug)]
#[must_use]
pub struct Language(Element);

impl Language {
    /// The language of this code, such as `en-US`.
    pub fn new(code: &str) -> Self {
        Self(Element::new("Language").set("code", code))
    }

    /// Who speaks, such as `ElevenLabs`.
    pub fn tts_provider(self, provider: &str) -> Self {
        Self(self.0.set("ttsProvider", provider))
    }

    /// The voice, as its provider names it.
    pub fn voice(self, voice: &str) -> Self {
        Self(self.0.set("voice", voice))
    }

    /// Who listens, such as `Deepgram`.
    pub fn transcription_provider(self, provider: &str) -> Self {
        Self(self.0.set("transcriptionProvider", provider))
    }

    /// The listener's model.
    pub fn speech_model(self, model: &str) -> Self {
        Self(self.0.set("speechModel", model))
    }
}
