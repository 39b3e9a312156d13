//! `<Gather>`: asking the caller for keys or words.

use std::time::Duration;

use super::callback::Webhook;
use super::element::Element;
use super::keys::Key;
use super::say::{Pause, Play, Say};
use super::vocabulary::GatherInput;

/// Waits for keys or words while it speaks; without any, the next verb follows.
///
/// See <https://www.twilio.com/docs/voice/twiml/gather>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Gather(pub(super) Element);

/// How long a silence ends speech.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpeechTimeout {
    /// As Twilio finds fit.
    Auto,
    /// This long, in whole seconds.
    After(Duration),
}

impl Default for Gather {
    fn default() -> Self {
        Self::new()
    }
}

impl Gather {
    /// Waits for keys until `#` or five seconds of none.
    pub fn new() -> Self {
        Self(Element::new("Gather"))
    }

    /// Speaks while it waits.
    pub fn say(self, say: impl Into<Say>) -> Self {
        Self(self.0.child(say.into().0))
    }

    /// Plays a file while it waits. Pressing keys is not permitted here.
    pub fn play(self, play: impl Into<Play>) -> Self {
        Self(self.0.child(play.into().0))
    }

    /// Waits in silence before what follows.
    pub fn pause(self, pause: impl Into<Pause>) -> Self {
        Self(self.0.child(pause.into().0))
    }

    /// Who is told of what was gathered; by default, the current document.
    pub fn action(self, action: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("action", "method", action))
    }

    /// What the caller may answer with; keys by default.
    pub fn input(self, input: GatherInput) -> Self {
        Self(self.0.set("input", input.as_str()))
    }

    /// How long to wait for the next key or the first word; 5 s by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.seconds("timeout", timeout))
    }

    /// How many keys are enough.
    pub fn num_digits(self, count: u32) -> Self {
        Self(self.0.number("numDigits", count))
    }

    /// The key that ends the input, `#` by default; with `None`, no key does.
    pub fn finish_on_key(self, key: impl Into<Option<Key>>) -> Self {
        let keys: String = key.into().map(Key::sign).into_iter().collect();
        Self(self.0.set("finishOnKey", &keys))
    }

    /// Whether the action is also asked when nothing was gathered.
    pub fn action_on_empty_result(self, yes: bool) -> Self {
        Self(self.0.flag("actionOnEmptyResult", yes))
    }

    /// How long a silence ends speech; `timeout` by default.
    pub fn speech_timeout(self, timeout: SpeechTimeout) -> Self {
        Self(match timeout {
            SpeechTimeout::Auto => self.0.set("speechTimeout", "auto"),
            SpeechTimeout::After(silence) => self.0.seconds("speechTimeout", silence),
        })
    }

    /// How long the caller may speak.
    pub fn max_speech_time(self, length: Duration) -> Self {
        Self(self.0.seconds("maxSpeechTime", length))
    }

    /// The language to be recognized, such as `en-US`.
    pub fn language(self, language: &str) -> Self {
        Self(self.0.set("language", language))
    }

    /// Words and phrases that are likely; a comma separates them.
    pub fn hints(self, hints: &[&str]) -> Self {
        Self(self.0.set("hints", &hints.join(",")))
    }

    /// Whether bad words become asterisks; true by default.
    pub fn profanity_filter(self, yes: bool) -> Self {
        Self(self.0.flag("profanityFilter", yes))
    }

    /// The model that recognizes, such as `phone_call` or `deepgram_nova-2`.
    pub fn speech_model(self, model: &str) -> Self {
        Self(self.0.set("speechModel", model))
    }

    /// Whether the better and dearer form of the model is used.
    pub fn enhanced(self, yes: bool) -> Self {
        Self(self.0.flag("enhanced", yes))
    }

    /// Whether speech interrupts what is being played.
    pub fn barge_in(self, yes: bool) -> Self {
        Self(self.0.flag("bargeIn", yes))
    }

    /// Who is told of words while they are being spoken.
    pub fn partial_result_callback(self, webhook: impl Into<Webhook>) -> Self {
        let method = "partialResultCallbackMethod";
        Self(self.0.webhook("partialResultCallback", method, webhook))
    }

    /// Whether Twilio keeps more about this for its support.
    pub fn debug(self, yes: bool) -> Self {
        Self(self.0.flag("debug", yes))
    }
}
