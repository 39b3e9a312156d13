//! G.711: mu-law and A-law to and from 16-bit linear samples, by table.
//!
//! Every value equals that of the codec most telephony software was checked
//! against, Python's `audioop`: it drops the bits that a law cannot see before
//! it codes (two for mu-law, three for A-law) rather than rounding, so -1
//! becomes 0x7E in mu-law, where a rounding coder may say 0x7F.
//! <https://www.itu.int/rec/T-REC-G.711>

/// The sample that a mu-law byte stands for.
///
/// 0xFF and 0x7F are both zero; the loudest are -32,124 and 32,124.
#[inline]
pub fn decode_mulaw(byte: u8) -> i16 {
    MULAW_TO_PCM[usize::from(byte)]
}

/// The mu-law byte for a sample.
#[inline]
pub fn encode_mulaw(sample: i16) -> u8 {
    PCM_TO_MULAW[usize::from(sample.cast_unsigned() >> MULAW_UNSEEN_BITS)]
}

/// The sample that an A-law byte stands for.
///
/// There is no zero in A-law: the softest are -8 and 8.
#[inline]
pub fn decode_alaw(byte: u8) -> i16 {
    ALAW_TO_PCM[usize::from(byte)]
}

/// The A-law byte for a sample.
#[inline]
pub fn encode_alaw(sample: i16) -> u8 {
    PCM_TO_ALAW[usize::from(sample.cast_unsigned() >> ALAW_UNSEEN_BITS)]
}

/// Appends the samples of `mulaw` to `pcm`.
pub fn mulaw_to_pcm(mulaw: &[u8], pcm: &mut Vec<i16>) {
    pcm.extend(mulaw.iter().map(|&byte| decode_mulaw(byte)));
}

/// Appends the bytes for `pcm` to `mulaw`.
pub fn pcm_to_mulaw(pcm: &[i16], mulaw: &mut Vec<u8>) {
    mulaw.extend(pcm.iter().map(|&sample| encode_mulaw(sample)));
}

/// Appends the samples of `alaw` to `pcm`.
pub fn alaw_to_pcm(alaw: &[u8], pcm: &mut Vec<i16>) {
    pcm.extend(alaw.iter().map(|&byte| decode_alaw(byte)));
}

/// Appends the bytes for `pcm` to `alaw`.
pub fn pcm_to_alaw(pcm: &[i16], alaw: &mut Vec<u8>) {
    alaw.extend(pcm.iter().map(|&sample| encode_alaw(sample)));
}

pub(super) static MULAW_TO_PCM: [i16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = expand_mulaw(byte);
        byte += 1;
    }
    table
};

static ALAW_TO_PCM: [i16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = expand_alaw(byte);
        byte += 1;
    }
    table
};

/// By the upper 14 bits of a sample: 16 KiB stay in the first cache, where the
/// 64 KiB of a table by whole samples would not.
static PCM_TO_MULAW: [u8; 1 << (16 - MULAW_UNSEEN_BITS)] = {
    let mut table = [0; 1 << (16 - MULAW_UNSEEN_BITS)];
    let mut index = 0;
    while index < table.len() {
        table[index] = compress_mulaw(signed(index, table.len()));
        index += 1;
    }
    table
};

/// By the upper 13 bits of a sample.
static PCM_TO_ALAW: [u8; 1 << (16 - ALAW_UNSEEN_BITS)] = {
    let mut table = [0; 1 << (16 - ALAW_UNSEEN_BITS)];
    let mut index = 0;
    while index < table.len() {
        table[index] = compress_alaw(signed(index, table.len()));
        index += 1;
    }
    table
};

/// What a table's index means when its top bit is a sign.
const fn signed(index: usize, size: usize) -> i32 {
    let value = index.cast_signed();
    let size = size.cast_signed();
    narrow(if value < size / 2 {
        value
    } else {
        value - size
    })
}

/// A byte of mu-law is an inverted sign, three bits of segment, four of step.
const fn expand_mulaw(byte: usize) -> i16 {
    let bits = !byte & 0xFF;
    let segment = (bits >> 4) & 7;
    let magnitude = ((((bits & 0xF) << 3) + MULAW_BIAS) << segment) - MULAW_BIAS;
    sample(magnitude, bits & 0x80 != 0)
}

/// A byte of A-law is a sign, three bits of segment, four of step, and every
/// other bit of it inverted. Segments 0 and 1 have steps of the same size.
const fn expand_alaw(byte: usize) -> i16 {
    let bits = byte ^ 0x55;
    let segment = (bits >> 4) & 7;
    let step = ((bits & 0xF) << 4) + 8;
    let magnitude = if segment == 0 {
        step
    } else {
        (step + 0x100) << (segment - 1)
    };
    sample(magnitude, bits & 0x80 == 0)
}

const fn compress_mulaw(value: i32) -> u8 {
    let bias = MULAW_BIAS >> MULAW_UNSEEN_BITS;
    let mut magnitude = value.unsigned_abs() as usize + bias;
    if magnitude > MULAW_LOUDEST {
        magnitude = MULAW_LOUDEST;
    }
    let segment = magnitude.ilog2() - bias.ilog2();
    let step = (magnitude >> (segment + 1)) & 0xF;
    let inversion = if value < 0 { 0x7F } else { 0xFF };
    code(segment, step) ^ inversion
}

const fn compress_alaw(value: i32) -> u8 {
    let magnitude = (if value < 0 { !value } else { value }).unsigned_abs() as usize;
    let segment = (magnitude | 1).ilog2().saturating_sub(4);
    let step = (if segment == 0 {
        magnitude >> 1
    } else {
        magnitude >> segment
    }) & 0xF;
    let inversion = if value < 0 { 0x55 } else { 0xD5 };
    code(segment, step) ^ inversion
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the loudest of either law is 32,256"
)]
const fn sample(magnitude: usize, is_negative: bool) -> i16 {
    let magnitude = magnitude as i16;
    if is_negative { -magnitude } else { magnitude }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a code has three bits of segment, four of step"
)]
const fn code(segment: u32, step: usize) -> u8 {
    (segment as u8) << 4 | step as u8
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a table has at most 16,384 entries"
)]
const fn narrow(value: isize) -> i32 {
    value as i32
}

/// How many low bits of a sample mu-law cannot see.
const MULAW_UNSEEN_BITS: u32 = 2;
/// How many low bits of a sample A-law cannot see.
const ALAW_UNSEEN_BITS: u32 = 3;
/// Added to every magnitude before coding, so that segments are powers of two.
const MULAW_BIAS: usize = 0x84;
/// The loudest biased magnitude there is a code for, in 14-bit samples.
const MULAW_LOUDEST: usize = 0x1FFF;
