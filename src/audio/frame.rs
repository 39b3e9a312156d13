//! A frame: at most 20 ms of mu-law, by value.

use std::fmt;
use std::time::Duration;

/// The mu-law byte for silence.
pub const SILENCE: u8 = 0xFF;

/// Up to 20 ms of a telephone's sound: 1 to 160 bytes of mu-law at 8 kHz.
///
/// It is a plain value, so a ring of them needs no allocation per frame.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Frame {
    len: u8,
    /// Silent beyond `len`, so that equal frames are equal byte for byte.
    bytes: [u8; Frame::MAX_LEN],
}

impl Frame {
    /// How many bytes 20 ms are.
    pub const MAX_LEN: usize = LONGEST as usize;

    /// A frame of `mulaw`, or nothing if that is empty or longer than 20 ms.
    pub fn new(mulaw: &[u8]) -> Option<Self> {
        let len = u8::try_from(mulaw.len()).ok()?;
        let mut bytes = [SILENCE; Self::MAX_LEN];
        bytes.get_mut(..mulaw.len())?.copy_from_slice(mulaw);
        (len > 0).then_some(Self { len, bytes })
    }

    /// Silence of `len` bytes, but at least one and at most 20 ms.
    pub fn silence(len: usize) -> Self {
        let len = u8::try_from(len).unwrap_or(LONGEST).clamp(1, LONGEST);
        Self {
            len,
            bytes: [SILENCE; Self::MAX_LEN],
        }
    }

    /// The sound.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether there are none, which is never.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(125) * u32::from(self.len)
    }
}

/// A frame in a log is its length: the sound is the caller's.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({:?})", self.duration())
    }
}

/// Cuts `mulaw` of any length into frames of 20 ms, the last as long as what
/// is left.
pub fn frames(mulaw: &[u8]) -> impl Iterator<Item = Frame> {
    mulaw.chunks(Frame::MAX_LEN).filter_map(Frame::new)
}

/// 20 ms at 8 kHz.
const LONGEST: u8 = 160;
