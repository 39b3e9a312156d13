//! Opus in Ogg: two tracks of mu-law at a tenth of their size.
//!
//! <https://www.rfc-editor.org/rfc/rfc7845>

use std::io::{self, Write};

use audiopus::coder::Encoder;
use audiopus::{Application, Bitrate, Channels, SampleRate};
use ogg::{PacketWriteEndInfo, PacketWriter};

use super::frame::SILENCE;
use super::g711;

/// Samples of one track in a packet: 20 ms.
const FRAME: usize = 160;
/// Both voices together, in bits a second: telephone speech, and never both at once.
const BITRATE: i32 = 24_000;
/// Opus counts in 48 kHz, whatever went in.
const PER_SAMPLE: u64 = 6;
/// The longest packet that 20 ms can become.
const MAX_PACKET: usize = 1_276;
/// Names the one stream of the file.
const SERIAL: u32 = 1;

/// Writes two tracks as an Ogg/Opus file of two channels, by custom the caller
/// left and the receptionist right.
pub struct OpusWriter<W: Write> {
    encoder: Encoder,
    pages: PacketWriter<'static, W>,
    /// Samples that do not fill a packet yet, one of either track in turn.
    waiting: Vec<i16>,
    /// Packets written.
    packets: u64,
    /// Samples taken, of one track.
    taken: u64,
    /// What a player leaves out at the beginning.
    skip: u64,
    /// The packet behind those that were written: only the end knows the last.
    last: Option<Vec<u8>>,
}

impl<W: Write> OpusWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// As `out` does, or if libopus has no encoder for us.
    pub fn new(out: W) -> io::Result<Self> {
        let encoder = Encoder::new(SampleRate::Hz8000, Channels::Stereo, Application::Voip);
        let mut encoder = encoder.map_err(io::Error::other)?;
        let rate = Bitrate::BitsPerSecond(BITRATE);
        encoder.set_bitrate(rate).map_err(io::Error::other)?;
        let skip = u64::from(encoder.lookahead().map_err(io::Error::other)?) * PER_SAMPLE;
        let mut pages = PacketWriter::new(out);
        pages.write_packet(head(skip), SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        pages.write_packet(tags(), SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        Ok(Self {
            encoder,
            pages,
            waiting: Vec::new(),
            packets: 0,
            taken: 0,
            skip,
            last: None,
        })
    }

    /// Takes more of both tracks; the shorter one ends in silence.
    ///
    /// # Errors
    /// As the file does.
    pub fn write(&mut self, left: &[u8], right: &[u8]) -> io::Result<()> {
        let length = left.len().max(right.len());
        self.taken += length as u64;
        for at in 0..length {
            for track in [left, right] {
                let byte = track.get(at).copied().unwrap_or(SILENCE);
                self.waiting.push(g711::decode_mulaw(byte));
            }
        }
        self.encode()
    }

    /// Writes what is left, and ends the file.
    ///
    /// # Errors
    /// As the file does.
    pub fn finish(mut self) -> io::Result<()> {
        // What the encoder still holds comes out behind as much silence.
        let end = self.taken * PER_SAMPLE + self.skip;
        let step = FRAME as u64 * PER_SAMPLE;
        while self.packets * step < end || self.last.is_none() {
            self.waiting.resize(2 * FRAME, 0);
            self.encode()?;
        }
        let last = self.last.take().unwrap_or_default();
        let info = PacketWriteEndInfo::EndStream;
        self.pages.write_packet(last, SERIAL, info, end)?;
        self.pages.inner_mut().flush()
    }

    fn encode(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let frames = waiting.chunks_exact(2 * FRAME);
        self.waiting.extend_from_slice(frames.remainder());
        for frame in frames {
            let mut packet = vec![0; MAX_PACKET];
            let length = self.encoder.encode(frame, &mut packet);
            packet.truncate(length.map_err(io::Error::other)?);
            if let Some(before) = self.last.replace(packet) {
                let until = self.packets * FRAME as u64 * PER_SAMPLE;
                let info = PacketWriteEndInfo::NormalPacket;
                self.pages.write_packet(before, SERIAL, info, until)?;
            }
            self.packets += 1;
        }
        Ok(())
    }
}

/// <https://www.rfc-editor.org/rfc/rfc7845#section-5.1>
fn head(skip: u64) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x02".to_vec();
    head.extend_from_slice(&u16::try_from(skip).unwrap_or_default().to_le_bytes());
    head.extend_from_slice(&8_000_u32.to_le_bytes());
    // No gain, and the two channels as they are.
    head.extend_from_slice(&[0, 0, 0]);
    head
}

/// <https://www.rfc-editor.org/rfc/rfc7845#section-5.2>
fn tags() -> Vec<u8> {
    let mut tags = b"OpusTags".to_vec();
    tags.extend_from_slice(&9_u32.to_le_bytes());
    tags.extend_from_slice(b"frontdesk");
    // And no tags.
    tags.extend_from_slice(&0_u32.to_le_bytes());
    tags
}
