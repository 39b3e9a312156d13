//! Text that says how it wants to be spoken.

use std::time::Duration;

use super::element::Element;
use super::vocabulary::{BreakStrength, EmphasisLevel, InterpretAs, PhonemeAlphabet};

/// A text with pauses, stress and pronunciation, in SSML.
///
/// What a voice does not know it leaves out; see
/// <https://www.twilio.com/docs/voice/twiml/say/text-speech#ssml>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Ssml(pub(super) Element);

impl Default for Ssml {
    fn default() -> Self {
        Self::new()
    }
}

impl Ssml {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(Element::new("speak"))
    }

    /// Words as they stand.
    pub fn text(self, text: &str) -> Self {
        Self(self.0.text(text))
    }

    /// A silence of this length, in milliseconds.
    pub fn pause(self, length: Duration) -> Self {
        let time = format!("{}ms", length.as_millis());
        Self(self.0.child(Element::new("break").set("time", &time)))
    }

    /// A silence of this strength.
    pub fn pause_of(self, strength: BreakStrength) -> Self {
        let pause = Element::new("break").set("strength", strength.as_str());
        Self(self.0.child(pause))
    }

    /// Words with stress.
    pub fn emphasis(self, level: EmphasisLevel, words: Self) -> Self {
        self.inside(Element::new("emphasis").set("level", level.as_str()), words)
    }

    /// Words in another language, such as `fr-FR`.
    pub fn lang(self, language: &str, words: Self) -> Self {
        self.inside(Element::new("lang").set("xml:lang", language), words)
    }

    /// A paragraph.
    pub fn paragraph(self, words: Self) -> Self {
        self.inside(Element::new("p"), words)
    }

    /// A sentence.
    pub fn sentence(self, words: Self) -> Self {
        self.inside(Element::new("s"), words)
    }

    /// Words with a pronunciation.
    pub fn phoneme(self, alphabet: PhonemeAlphabet, ph: &str, words: &str) -> Self {
        let element = Element::new("phoneme").set("alphabet", alphabet.as_str());
        Self(self.0.child(element.set("ph", ph).text(words)))
    }

    /// Words at another volume, rate or pitch.
    pub fn prosody(self, prosody: Prosody, words: Self) -> Self {
        self.inside(prosody.0, words)
    }

    /// A text read as something, such as a telephone number.
    pub fn say_as(self, interpret_as: InterpretAs, text: &str) -> Self {
        let element = Element::new("say-as").set("interpret-as", interpret_as.as_str());
        Self(self.0.child(element.text(text)))
    }

    /// A date in a format such as `mdy`.
    pub fn date(self, format: &str, text: &str) -> Self {
        let element = Element::new("say-as").set("interpret-as", "date");
        Self(self.0.child(element.set("format", format).text(text)))
    }

    /// An abbreviation, spoken as `alias`.
    pub fn sub(self, alias: &str, text: &str) -> Self {
        Self(
            self.0
                .child(Element::new("sub").set("alias", alias).text(text)),
        )
    }

    /// A word in a part of speech, such as `amazon:VB`.
    pub fn word(self, role: &str, words: Self) -> Self {
        self.inside(Element::new("w").set("role", role), words)
    }

    fn inside(self, element: Element, words: Self) -> Self {
        Self(self.0.child(element.adopt(words.0)))
    }
}

/// How loud, fast and high words are spoken.
#[derive(Clone, Debug)]
#[must_use]
pub struct Prosody(Element);

impl Default for Prosody {
    fn default() -> Self {
        Self::new()
    }
}

impl Prosody {
    /// As usual.
    pub fn new() -> Self {
        Self(Element::new("prosody"))
    }

    /// `silent`, `x-soft` to `x-loud`, or a change such as `+6dB`.
    pub fn volume(self, volume: &str) -> Self {
        Self(self.0.set("volume", volume))
    }

    /// `x-slow` to `x-fast`, or a share such as `85%`.
    pub fn rate(self, rate: &str) -> Self {
        Self(self.0.set("rate", rate))
    }

    /// `x-low` to `x-high`, or a change such as `+10%`.
    pub fn pitch(self, pitch: &str) -> Self {
        Self(self.0.set("pitch", pitch))
    }
}
