//! G.711 and a plain change of rate, of the simulators' own.
//!
//! The simulators judge the gateway's sound, so they do not borrow its codec.

/// Samples of 8 kHz telephone sound in one millisecond.
pub(super) const SAMPLES_PER_MS: usize = 8;

/// Mu-law for "nothing".
pub(super) const SILENCE: u8 = 0xFF;

/// How sound travels on the model's socket.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum WireFormat {
    /// 24 kHz, 16 bits, little-endian.
    #[default]
    Pcm24,
    /// 8 kHz mu-law.
    Pcmu,
    /// 8 kHz A-law.
    Pcma,
}

impl WireFormat {
    /// Bytes in one millisecond of sound.
    pub const fn bytes_per_ms(self) -> usize {
        match self {
            Self::Pcm24 => 48,
            Self::Pcmu | Self::Pcma => 8,
        }
    }
}

/// Takes wire bytes, gives 8 kHz samples; remembers what did not fill one.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    format: WireFormat,
    rest: Vec<u8>,
}

impl Decoder {
    pub(super) fn new(format: WireFormat) -> Self {
        Self {
            format,
            rest: Vec::new(),
        }
    }

    pub(super) fn decode(&mut self, bytes: &[u8]) -> Vec<i16> {
        match self.format {
            WireFormat::Pcmu => bytes.iter().map(|&byte| decode_mulaw(byte)).collect(),
            WireFormat::Pcma => bytes.iter().map(|&byte| decode_alaw(byte)).collect(),
            WireFormat::Pcm24 => {
                self.rest.extend_from_slice(bytes);
                let whole = self.rest.len() / 6 * 6;
                let samples = self.rest[..whole]
                    .chunks_exact(6)
                    .map(average_of_three)
                    .collect();
                self.rest.drain(..whole);
                samples
            }
        }
    }
}

/// Takes 8 kHz mu-law, gives wire bytes; remembers where the last line ended.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    format: WireFormat,
    last: i16,
}

impl Encoder {
    pub(super) fn new(format: WireFormat) -> Self {
        Self { format, last: 0 }
    }

    pub(super) fn encode(&mut self, mulaw: &[u8]) -> Vec<u8> {
        match self.format {
            WireFormat::Pcmu => mulaw.to_vec(),
            WireFormat::Pcma => mulaw
                .iter()
                .map(|&b| encode_alaw(decode_mulaw(b)))
                .collect(),
            WireFormat::Pcm24 => mulaw
                .iter()
                .flat_map(|&b| self.three(decode_mulaw(b)))
                .collect(),
        }
    }

    fn three(&mut self, next: i16) -> [u8; 6] {
        let (from, to) = (i32::from(self.last), i32::from(next));
        self.last = next;
        let first = narrow((2 * from + to) / 3).to_le_bytes();
        let second = narrow((from + 2 * to) / 3).to_le_bytes();
        let third = next.to_le_bytes();
        [first[0], first[1], second[0], second[1], third[0], third[1]]
    }
}

/// Loudness of `samples` against full scale, in decibels; silence is -100.
pub(super) fn level_db(samples: &[i16]) -> f64 {
    let squares: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    let count = u32::try_from(samples.len())
        .map_or(f64::MAX, f64::from)
        .max(1.0);
    let rms = (squares / count).sqrt() / 32768.0;
    (20.0 * rms.max(1e-5).log10()).max(-100.0)
}

pub(super) fn decode_mulaw(byte: u8) -> i16 {
    let byte = !byte;
    let exponent = (byte & 0x70) >> 4;
    let magnitude = (((i16::from(byte) & 0x0F) << 3) + 0x84) << exponent;
    if byte & 0x80 == 0 {
        magnitude - 0x84
    } else {
        0x84 - magnitude
    }
}

pub(super) fn encode_mulaw(sample: i16) -> u8 {
    let magnitude = sample.unsigned_abs().min(32_635) + 0x84;
    let exponent = 8 - u8::try_from(magnitude.leading_zeros()).unwrap_or(8);
    let mantissa = u8::try_from((magnitude >> (exponent + 3)) & 0x0F).unwrap_or_default();
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | (exponent << 4) | mantissa)
}

fn decode_alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let mantissa = (i16::from(byte) & 0x0F) << 4;
    let magnitude = match (byte & 0x70) >> 4 {
        0 => mantissa + 8,
        segment => (mantissa + 0x108) << (segment - 1),
    };
    if byte & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

fn encode_alaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    let magnitude = sample.unsigned_abs().min(32_767) >> 4;
    let segment = 12 - u8::try_from(magnitude.leading_zeros()).map_or(12, |zeros| zeros.min(12));
    let mantissa = magnitude >> segment.saturating_sub(1);
    let byte = (segment << 4) | u8::try_from(mantissa & 0x0F).unwrap_or_default();
    (sign | byte) ^ 0x55
}

fn average_of_three(six: &[u8]) -> i16 {
    let sum: i32 = six
        .chunks_exact(2)
        .map(|two| i32::from(i16::from_le_bytes([two[0], two[1]])))
        .sum();
    narrow(sum / 3)
}

fn narrow(sample: i32) -> i16 {
    i16::try_from(sample).unwrap_or(if sample < 0 { i16::MIN } else { i16::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mulaw_survives_a_round_trip_but_for_negative_zero() {
        for byte in (0..=255).filter(|&byte| byte != 0x7F) {
            assert_eq!(encode_mulaw(decode_mulaw(byte)), byte);
        }
        assert_eq!(decode_mulaw(0x00), -32_124);
        assert_eq!(decode_mulaw(SILENCE), 0);
    }

    #[test]
    fn alaw_survives_a_round_trip() {
        for byte in 0..=255 {
            assert_eq!(encode_alaw(decode_alaw(byte)), byte);
        }
    }

    #[test]
    fn a_change_of_rate_and_back_keeps_length_and_level() {
        let tone: Vec<u8> = (0..1600_u32)
            .map(|n| encode_mulaw(if n % 16 < 8 { 6000 } else { -6000 }))
            .collect();
        let wire = Encoder::new(WireFormat::Pcm24).encode(&tone);
        assert_eq!(wire.len(), 9600);
        let mut decoder = Decoder::new(WireFormat::Pcm24);
        let back: Vec<i16> = wire
            .chunks(101)
            .flat_map(|part| decoder.decode(part))
            .collect();
        assert_eq!(back.len(), 1600);
        let sent: Vec<i16> = tone.iter().map(|&byte| decode_mulaw(byte)).collect();
        assert!((level_db(&back) - level_db(&sent)).abs() < 1.5);
    }
}
