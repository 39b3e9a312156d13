//! WAV files of a call's sound at 8 kHz: linear PCM16 from mu-law tracks, or mu-law as it is.
//!
//! <https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html>

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::frame::SILENCE;
use super::g711;

/// Writes one track as a WAV file of one channel.
///
/// # Errors
/// As `out` does; `InvalidInput` if the sound is longer than the 4 GiB that a
/// WAV file can hold, three days.
pub fn write_mono(out: &mut impl Write, track: &[u8]) -> io::Result<()> {
    write(out, [track])
}

/// A WAV file of one channel of linear PCM16, `rate` samples a second, each of them
/// with its lower byte first.
///
/// # Errors
/// `InvalidInput` if the sound is longer than the 4 GiB that a WAV file can hold.
pub fn mono_pcm16(rate: u32, samples: impl Iterator<Item = [u8; 2]>) -> io::Result<Vec<u8>> {
    let mut file = vec![0; HEADER];
    file.extend(samples.flatten());
    let header = header(1, rate, (file.len() - HEADER) / SAMPLE_BYTES)?;
    file[..HEADER].copy_from_slice(&header);
    Ok(file)
}

/// Writes two tracks as a WAV file of two channels, by custom the caller left
/// and the receptionist right; the shorter track ends in silence.
///
/// # Errors
/// As `out` does; `InvalidInput` if the sound is longer than the 4 GiB that a
/// WAV file can hold, a day and a half.
pub fn write_stereo(out: &mut impl Write, left: &[u8], right: &[u8]) -> io::Result<()> {
    write(out, [left, right])
}

/// The beginning of a WAV file of two channels of mu-law, `length` samples each;
/// behind it stand the samples, one of either in turn.
///
/// # Errors
/// `InvalidInput` if the sound is longer than the 4 GiB that a WAV file can
/// hold, three days.
pub fn mulaw_stereo_header(length: u64) -> io::Result<Vec<u8>> {
    let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "too long for a WAV file");
    let samples = u32::try_from(length).map_err(|_| too_long())?;
    let data = samples.checked_mul(2).filter(|data| *data <= u32::MAX - 50);
    let data = data.ok_or_else(too_long)?;
    let mut header = Vec::with_capacity(58);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&(data + 50).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&18_u32.to_le_bytes());
    for word in [MULAW, 2] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    header.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    header.extend_from_slice(&(SAMPLE_RATE * 2).to_le_bytes());
    // Bytes of a moment, bits of a sample, and nothing else.
    for word in [2_u16, 8, 0] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    header.extend_from_slice(b"fact");
    header.extend_from_slice(&4_u32.to_le_bytes());
    header.extend_from_slice(&samples.to_le_bytes());
    header.extend_from_slice(b"data");
    header.extend_from_slice(&data.to_le_bytes());
    Ok(header)
}

fn write<const CHANNELS: usize>(out: &mut impl Write, tracks: [&[u8]; CHANNELS]) -> io::Result<()> {
    let length = tracks.iter().map(|track| track.len()).max().unwrap_or(0);
    out.write_all(&header(CHANNELS, SAMPLE_RATE, length)?)?;
    let mut block = [0; BLOCK];
    let step = BLOCK / (SAMPLE_BYTES * CHANNELS);
    for start in (0..length).step_by(step) {
        let end = length.min(start + step);
        let (slots, _) = block.as_chunks_mut::<SAMPLE_BYTES>();
        for (at, slots) in (start..end).zip(slots.chunks_mut(CHANNELS)) {
            for (slot, track) in slots.iter_mut().zip(tracks) {
                let byte = track.get(at).copied().unwrap_or(SILENCE);
                *slot = g711::decode_mulaw(byte).to_le_bytes();
            }
        }
        out.write_all(&block[..(end - start) * SAMPLE_BYTES * CHANNELS])?;
    }
    Ok(())
}

/// So much of a file tells what it is.
pub const HEAD: u64 = 4_096;

/// What a WAV file says of its sound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// Tracks.
    pub channels: u16,
    /// Samples a second of each.
    pub rate: u32,
    /// Whether they are linear, in 16 bits.
    pub is_pcm16: bool,
    /// Where the samples begin, in bytes.
    pub start: u64,
    /// How many bytes of them there are.
    pub length: u64,
    bytes_a_second: u32,
    coding: u16,
    bits: u16,
}

impl Head {
    /// Reads the beginning of a file of `length` bytes; none if it is no sound.
    ///
    /// Who writes while something sounds does not know how long it will be: then
    /// all there is belongs to it.
    pub fn read(head: &[u8], length: u64) -> Option<Self> {
        let rest = head.strip_prefix(b"RIFF")?.get(4..)?;
        let mut rest = rest.strip_prefix(b"WAVE")?;
        let mut format = None;
        loop {
            let (name, after) = rest.split_first_chunk::<4>()?;
            let (size, body) = after.split_first_chunk::<4>()?;
            let size = u32::from_le_bytes(*size);
            if name == b"data" {
                let start = (head.len() - body.len()) as u64;
                let there = length.checked_sub(start)?;
                let told = u64::from(size);
                let is_told = told > 0 && told <= there;
                let length = if is_told { told } else { there };
                return format.map(|format: Self| Self {
                    start,
                    length,
                    ..format
                });
            }
            if name == b"fmt " {
                format = Some(Self::of_format(body)?);
            }
            let size = usize::try_from(size).ok()?;
            // What has an odd length is filled up.
            rest = body.get(size.checked_add(size % 2)?..)?;
        }
    }

    fn of_format(body: &[u8]) -> Option<Self> {
        let named = body.get(24..26).and_then(<[u8]>::first_chunk);
        let body = body.first_chunk::<16>()?;
        let word = |at: usize| u16::from_le_bytes([body[at], body[at + 1]]);
        let coding = match word(0) {
            EXTENSIBLE => u16::from_le_bytes(*named?),
            coding => coding,
        };
        let long = |at: usize| u32::from(word(at)) | u32::from(word(at + 2)) << 16;
        let head = Self {
            channels: word(2),
            rate: long(4),
            is_pcm16: word(0) == LINEAR_PCM && word(14) == 16,
            start: 0,
            length: 0,
            bytes_a_second: long(8),
            coding,
            bits: word(14),
        };
        let is_sound = head.rate > 0 && head.bytes_a_second > 0;
        (is_sound && CHANNELS.contains(&head.channels)).then_some(head)
    }

    /// Whether everybody plays it who plays files of the kind.
    pub fn is_playable(&self) -> bool {
        let is_coded = match self.coding {
            LINEAR_PCM => [8, 16, 24, 32].contains(&self.bits),
            ALAW | MULAW => self.bits == 8,
            _ => false,
        };
        is_coded && self.channels <= 2
    }

    /// Whether there is no sample of each channel.
    pub fn is_empty(&self) -> bool {
        self.length < u64::from(self.channels) * u64::from(self.bits / 8).max(1)
    }

    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        let ms = self.length.saturating_mul(1_000) / u64::from(self.bytes_a_second);
        Duration::from_millis(ms)
    }
}

/// RIFF, `fmt ` and the head of `data`.
fn header(channels: usize, rate: u32, length: usize) -> io::Result<[u8; HEADER]> {
    let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "too long for a WAV file");
    let width = u16::try_from(SAMPLE_BYTES * channels).map_err(|_| too_long())?;
    let data = u32::try_from(length)
        .ok()
        .and_then(|length| length.checked_mul(u32::from(width)))
        .filter(|data| *data <= u32::MAX - 36)
        .ok_or_else(too_long)?;
    let mut header = [0; HEADER];
    let mut rest = &mut header[..];
    rest.write_all(b"RIFF")?;
    rest.write_all(&(data + 36).to_le_bytes())?;
    rest.write_all(b"WAVEfmt ")?;
    rest.write_all(&16_u32.to_le_bytes())?;
    rest.write_all(&LINEAR_PCM.to_le_bytes())?;
    rest.write_all(&(width / 2).to_le_bytes())?;
    rest.write_all(&rate.to_le_bytes())?;
    rest.write_all(&(rate * u32::from(width)).to_le_bytes())?;
    rest.write_all(&width.to_le_bytes())?;
    rest.write_all(&16_u16.to_le_bytes())?;
    rest.write_all(b"data")?;
    rest.write_all(&data.to_le_bytes())?;
    Ok(header)
}

/// More are no recording of a conversation, and would take long to listen to.
const CHANNELS: RangeInclusive<u16> = 1..=8;
const HEADER: usize = 44;
/// Format tag 1.
const LINEAR_PCM: u16 = 1;
/// Format tag 6.
const ALAW: u16 = 6;
/// Format tag 7.
const MULAW: u16 = 7;
/// Format tag of files that name the coding further behind.
const EXTENSIBLE: u16 = 0xfffe;
const SAMPLE_RATE: u32 = 8000;
const SAMPLE_BYTES: usize = 2;
/// Bytes written at a time.
const BLOCK: usize = 8192;
