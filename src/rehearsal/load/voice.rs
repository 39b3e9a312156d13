//! What is said, made ready once for all calls.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::plan::{FRAME_LEN, PIECE_LEN, PIECES};
use crate::rehearsal::codec::{Encoder, WireFormat};
use crate::rehearsal::speech::{CALLER, RECEPTIONIST};

/// Both voices in base64, cut as they are sent.
#[derive(Debug)]
pub(super) struct Voice {
    frames: Vec<String>,
    pieces: Vec<String>,
    format: WireFormat,
}

impl Voice {
    pub(super) fn new(format: WireFormat) -> Self {
        let frames = CALLER
            .iter()
            .flat_map(|clip| clip.mulaw.chunks_exact(FRAME_LEN))
            .map(|frame| STANDARD.encode(frame))
            .collect();
        let answer: Vec<u8> = RECEPTIONIST
            .iter()
            .cycle()
            .flat_map(|clip| clip.mulaw)
            .take(PIECES * PIECE_LEN)
            .copied()
            .collect();
        let mut encoder = Encoder::new(format);
        let pieces = answer
            .chunks_exact(PIECE_LEN)
            .map(|piece| STANDARD.encode(encoder.encode(piece)))
            .collect();
        Self {
            frames,
            pieces,
            format,
        }
    }

    /// The caller's frame of that number, without end.
    pub(super) fn frame(&self, number: u64) -> &str {
        let count = self.frames.len() as u64;
        let at = usize::try_from(number % count).unwrap_or_default();
        &self.frames[at]
    }

    /// A piece of the model's answer.
    pub(super) fn piece(&self, number: usize) -> &str {
        &self.pieces[number]
    }

    /// How many samples at 8 kHz `bytes` of the model's socket are.
    pub(super) fn samples(&self, bytes: usize) -> usize {
        bytes * 8 / self.format.bytes_per_ms()
    }
}
