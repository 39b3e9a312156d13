//! `<Transcription>`: Twilio turns a call into text while it lasts.

use super::callback::Webhook;
use super::element::Element;
use super::vocabulary::{StreamTrack, TranscriptionEngine};

/// A transcription beside the call.
///
/// See <https://www.twilio.com/docs/voice/twiml/transcription>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Transcription(pub(super) Element);

impl Default for Transcription {
    fn default() -> Self {
        Self::new()
    }
}

impl Transcription {
    /// Transcribes both voices.
    pub fn new() -> Self {
        Self(Element::new("Transcription"))
    }

    /// Names it, once in a call.
    pub fn name(self, name: &str) -> Self {
        Self(self.0.set("name", name))
    }

    /// Whose voice it hears; both by default.
    pub fn track(self, track: StreamTrack) -> Self {
        Self(self.0.set("track", track.as_str()))
    }

    /// Who is told the words; an absolute URL.
    pub fn status_callback(self, webhook: impl Into<Webhook>) -> Self {
        let method = "statusCallbackMethod";
        Self(self.0.webhook("statusCallbackUrl", method, webhook))
    }

    /// What the caller is called in the text.
    pub fn inbound_track_label(self, label: &str) -> Self {
        Self(self.0.set("inboundTrackLabel", label))
    }

    /// What the other end is called in the text.
    pub fn outbound_track_label(self, label: &str) -> Self {
        Self(self.0.set("outboundTrackLabel", label))
    }

    /// Whether words are told before they are certain.
    pub fn partial_results(self, yes: bool) -> Self {
        Self(self.0.flag("partialResults", yes))
    }

    /// The language, such as `en-US`.
    pub fn language_code(self, language: &str) -> Self {
        Self(self.0.set("languageCode", language))
    }

    /// Who turns speech into text.
    pub fn transcription_engine(self, engine: TranscriptionEngine) -> Self {
        Self(self.0.set("transcriptionEngine", engine.as_str()))
    }

    /// Whether bad words become asterisks.
    pub fn profanity_filter(self, yes: bool) -> Self {
        Self(self.0.flag("profanityFilter", yes))
    }

    /// The engine's model, such as `telephony`.
    pub fn speech_model(self, model: &str) -> Self {
        Self(self.0.set("speechModel", model))
    }

    /// Words and phrases that are likely; a comma separates them.
    pub fn hints(self, hints: &[&str]) -> Self {
        Self(self.0.set("hints", &hints.join(",")))
    }

    /// Whether the text gets commas and full stops.
    pub fn enable_automatic_punctuation(self, yes: bool) -> Self {
        Self(self.0.flag("enableAutomaticPunctuation", yes))
    }

    /// The Conversational Intelligence service that keeps the text (`GA…`).
    pub fn intelligence_service(self, sid: &str) -> Self {
        Self(self.0.set("intelligenceService", sid))
    }
}
