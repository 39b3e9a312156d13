//! What the caller hears: `<Say>`, `<Play>`, `<Pause>`.

use std::time::Duration;

use super::element::Element;
use super::keys::Digits;
use super::ssml::Ssml;

/// Speaks a text. A `&str` and a `String` turn into one.
///
/// See <https://www.twilio.com/docs/voice/twiml/say>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Say(pub(super) Element);

impl Say {
    /// Speaks `text` as it stands.
    pub fn new(text: &str) -> Self {
        Self(Element::new("Say").text(text))
    }

    /// Speaks a text that says how it wants to be spoken.
    pub fn ssml(ssml: Ssml) -> Self {
        Self(Element::new("Say").adopt(ssml.0))
    }

    /// The voice, such as `Polly.Joanna` or `Google.en-US-Neural2-F`.
    pub fn voice(self, voice: &str) -> Self {
        Self(self.0.set("voice", voice))
    }

    /// The language, such as `en-US`.
    pub fn language(self, language: &str) -> Self {
        Self(self.0.set("language", language))
    }

    /// How many times; 0 is as often as Twilio does it, which is a thousand.
    pub fn repeat(self, times: u32) -> Self {
        Self(self.0.number("loop", times))
    }
}

impl From<&str> for Say {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Say {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

impl From<String> for Say {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

/// Plays a file, or presses keys. A `&str` turns into one that plays a file.
///
/// See <https://www.twilio.com/docs/voice/twiml/play>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Play(pub(super) Element);

impl Play {
    /// Plays the sound at `url`.
    pub fn new(url: &str) -> Self {
        Self(Element::new("Play").text(url))
    }

    /// Presses keys. Not inside a `<Gather>`.
    pub fn digits(digits: &Digits) -> Self {
        Self(Element::new("Play").set("digits", digits.as_str()))
    }

    /// How many times; 0 is as often as Twilio does it, which is a thousand.
    pub fn repeat(self, times: u32) -> Self {
        Self(self.0.number("loop", times))
    }
}

impl From<&str> for Play {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

/// Waits in silence. A [`Duration`] turns into one.
///
/// See <https://www.twilio.com/docs/voice/twiml/pause>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Pause(pub(super) Element);

impl Pause {
    /// Waits for `length`, in whole seconds.
    pub fn new(length: Duration) -> Self {
        Self(Element::new("Pause").seconds("length", length))
    }
}

impl From<Duration> for Pause {
    fn from(length: Duration) -> Self {
        Self::new(length)
    }
}
