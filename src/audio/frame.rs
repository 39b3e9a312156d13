//! A run of mu-law samples, at most 20 ms.

use std::fmt;
use std::time::Duration;

/// At most 160 samples of mu-law at 8 kHz, which sound for 20 ms.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Frame {
    len: u8,
    bytes: [u8; Self::MAX_LEN],
}

impl Frame {
    /// The samples of 20 ms.
    pub const MAX_LEN: usize = 160;
    /// The mu-law code of zero.
    pub const SILENCE: u8 = 0xff;

    /// A frame of these samples; none if there are too many, or none at all.
    pub fn new(samples: &[u8]) -> Option<Self> {
        if samples.is_empty() || samples.len() > Self::MAX_LEN {
            return None;
        }
        let mut bytes = [Self::SILENCE; Self::MAX_LEN];
        bytes[..samples.len()].copy_from_slice(samples);
        Some(Self {
            len: u8::try_from(samples.len()).ok()?,
            bytes,
        })
    }

    /// Silence, at most [`Self::MAX_LEN`] samples of it.
    pub fn silence(samples: usize) -> Self {
        let len = u8::try_from(samples.min(Self::MAX_LEN)).unwrap_or(u8::MAX);
        Self {
            len,
            bytes: [Self::SILENCE; Self::MAX_LEN],
        }
    }

    /// The samples.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len()]
    }

    /// How many samples.
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(u64::from(self.len) * 125)
    }
}

/// Sound belongs to a person: only its length is shown.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({:?})", self.duration())
    }
}
