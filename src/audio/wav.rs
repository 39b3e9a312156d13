//! Two mu-law tracks as one stereo WAV.

use std::io::{self, Write};

use super::Frame;
use super::g711::decode_mulaw;

const RATE: u32 = 8_000;
const CHANNELS: u16 = 2;
const SAMPLE_BYTES: u16 = 2;

/// Writes 16-bit PCM at 8 kHz: `left` and `right` begin together, and the
/// shorter one ends in silence.
pub fn write_stereo(out: &mut impl Write, left: &[u8], right: &[u8]) -> io::Result<()> {
    let frames = left.len().max(right.len());
    let too_long = || io::Error::new(io::ErrorKind::FileTooLarge, "a WAV holds 4 GiB at most");
    let frame_bytes = CHANNELS * SAMPLE_BYTES;
    let size = u32::try_from(frames)
        .ok()
        .and_then(|n| n.checked_mul(u32::from(frame_bytes)));
    let size = size
        .filter(|size| *size <= u32::MAX - 36)
        .ok_or_else(too_long)?;
    out.write_all(b"RIFF")?;
    out.write_all(&(size + 36).to_le_bytes())?;
    out.write_all(b"WAVEfmt ")?;
    out.write_all(&16_u32.to_le_bytes())?;
    out.write_all(&1_u16.to_le_bytes())?;
    out.write_all(&CHANNELS.to_le_bytes())?;
    out.write_all(&RATE.to_le_bytes())?;
    out.write_all(&(RATE * u32::from(frame_bytes)).to_le_bytes())?;
    out.write_all(&frame_bytes.to_le_bytes())?;
    out.write_all(&(SAMPLE_BYTES * 8).to_le_bytes())?;
    out.write_all(b"data")?;
    out.write_all(&size.to_le_bytes())?;
    for at in 0..frames {
        for track in [left, right] {
            let code = track.get(at).copied().unwrap_or(Frame::SILENCE);
            out.write_all(&decode_mulaw(code).to_le_bytes())?;
        }
    }
    Ok(())
}
