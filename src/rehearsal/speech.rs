//! Recorded people: the clips that the simulated carrier and model speak with.

use std::time::Duration;

/// One recorded utterance.
///
/// Where it comes from, its licence and how it was made: `fixtures/speech`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Clip {
    /// What it is called, as its file is.
    pub name: &'static str,
    /// What is said, in lower case and without punctuation.
    pub text: &'static str,
    /// The sound: G.711 mu-law at 8 kHz, one byte a sample, whole 20 ms frames.
    pub mulaw: &'static [u8],
}

impl Clip {
    /// How long it takes to say.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(125) * u32::try_from(self.mulaw.len()).unwrap_or(u32::MAX)
    }
}

/// What a caller may say.
pub const CALLER: &[Clip] = &[
    Clip {
        name: "caller-go-forward",
        text: "go forward ten meters",
        mulaw: include_bytes!("../../fixtures/speech/caller-go-forward.ulaw"),
    },
    Clip {
        name: "caller-go-somewhere",
        text: "go somewhere and do something",
        mulaw: include_bytes!("../../fixtures/speech/caller-go-somewhere.ulaw"),
    },
    Clip {
        name: "caller-numbers",
        text: "thirty three four or six ninety two",
        mulaw: include_bytes!("../../fixtures/speech/caller-numbers.ulaw"),
    },
    Clip {
        name: "caller-cards",
        text: "eight of spades four of clubs seven of hearts",
        mulaw: include_bytes!("../../fixtures/speech/caller-cards.ulaw"),
    },
];

/// What a receptionist may answer, in another voice.
pub const RECEPTIONIST: &[Clip] = &[
    Clip {
        name: "receptionist-disposed",
        text: "he was not an ill disposed young man",
        mulaw: include_bytes!("../../fixtures/speech/receptionist-disposed.ulaw"),
    },
    Clip {
        name: "receptionist-selfish",
        text: "unless to be rather cold hearted and rather selfish is to be ill disposed",
        mulaw: include_bytes!("../../fixtures/speech/receptionist-selfish.ulaw"),
    },
    Clip {
        name: "receptionist-amiable",
        text: "he might even have been made amiable himself",
        mulaw: include_bytes!("../../fixtures/speech/receptionist-amiable.ulaw"),
    },
    Clip {
        name: "receptionist-married",
        text: "had he married a more amiable woman he might have been made still more \
               respectable than he was",
        mulaw: include_bytes!("../../fixtures/speech/receptionist-married.ulaw"),
    },
    Clip {
        name: "receptionist-leisure",
        text: "and mister john dashwood had then leisure to consider how much there might be \
               prudently in his power to do for them",
        mulaw: include_bytes!("../../fixtures/speech/receptionist-leisure.ulaw"),
    },
];
