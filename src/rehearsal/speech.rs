//! Recorded human speech; `fixtures/speech/README.md` tells where it is from.

use std::time::Duration;

/// A recording: what is said, and the sound of it.
#[derive(Clone, Copy)]
pub struct Clip {
    /// Its name in `fixtures/speech`.
    pub name: &'static str,
    /// The words.
    pub text: &'static str,
    /// The sound: mu-law at 8 kHz.
    pub mulaw: &'static [u8],
}

impl Clip {
    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.mulaw.len() as u64 * 125)
    }
}

macro_rules! clip {
    ($name:literal, $text:literal) => {
        Clip {
            name: $name,
            text: $text,
            mulaw: include_bytes!(concat!("../../fixtures/speech/", $name, ".ulaw")),
        }
    };
}

/// What callers say.
pub const CALLER: &[Clip] = &[
    clip!("caller-somewhere", "Go somewhere and do something."),
    clip!("caller-forward", "Go forward ten meters."),
    clip!(
        "caller-cards",
        "Eight of spades, four of clubs, seven of hearts."
    ),
    clip!("caller-queen", "Four, queen of clubs."),
];

/// What the receptionist says.
pub const RECEPTIONIST: &[Clip] = &[
    clip!(
        "receptionist-young-man",
        "He was not an ill-disposed young man,"
    ),
    clip!(
        "receptionist-dashwood",
        "And Mr. John Dashwood had then leisure to consider how much there might be prudently in \
         his power to do for them."
    ),
    clip!(
        "receptionist-unless",
        "unless to be rather cold hearted and rather selfish is to be ill-disposed."
    ),
    clip!(
        "receptionist-married",
        "Had he married a more amiable woman, he might have been made still more respectable than \
         he was;"
    ),
    clip!(
        "receptionist-amiable",
        "he might even have been made amiable himself."
    ),
];
