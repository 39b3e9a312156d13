//! G.711 by table: mu-law and A-law to and from 16-bit linear PCM.
//!
//! <https://www.itu.int/rec/T-REC-G.711>. Encoding drops the two (mu-law) or
//! three (A-law) lowest bits first, as the coders of `SoX` and Python
//! do, so that results agree to the bit.

/// The linear value of a mu-law code.
pub fn decode_mulaw(code: u8) -> i16 {
    MULAW_TO_LINEAR[usize::from(code)]
}

/// The mu-law code nearest to a linear value.
pub fn encode_mulaw(sample: i16) -> u8 {
    LINEAR_TO_MULAW[usize::from(sample.cast_unsigned() >> 2)]
}

/// The linear value of an A-law code.
pub fn decode_alaw(code: u8) -> i16 {
    ALAW_TO_LINEAR[usize::from(code)]
}

/// The A-law code nearest to a linear value.
pub fn encode_alaw(sample: i16) -> u8 {
    LINEAR_TO_ALAW[usize::from(sample.cast_unsigned() >> 3)]
}

static MULAW_TO_LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = mulaw_value(code);
        code += 1;
    }
    table
};

static ALAW_TO_LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = alaw_value(code);
        code += 1;
    }
    table
};

/// Indexed by the upper 14 bits of the sample.
static LINEAR_TO_MULAW: [u8; 1 << 14] = {
    let mut table = [0; 1 << 14];
    let mut index = 0;
    while index < 1 << 14 {
        table[index] = mulaw_code(signed(index, 14));
        index += 1;
    }
    table
};

/// Indexed by the upper 13 bits of the sample.
static LINEAR_TO_ALAW: [u8; 1 << 13] = {
    let mut table = [0; 1 << 13];
    let mut index = 0;
    while index < 1 << 13 {
        table[index] = alaw_code(signed(index, 13));
        index += 1;
    }
    table
};

/// The value of a two's complement number of so many bits.
#[expect(clippy::cast_possible_wrap, reason = "indices have 14 bits at most")]
#[expect(
    clippy::cast_possible_truncation,
    reason = "indices have 14 bits at most"
)]
const fn signed(index: usize, bits: u32) -> i32 {
    let index = index as i32;
    if index < 1 << (bits - 1) {
        index
    } else {
        index - (1 << bits)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "G.711 values have 16 bits at most"
)]
#[expect(clippy::cast_possible_wrap, reason = "codes have 8 bits")]
const fn mulaw_value(code: usize) -> i16 {
    let code = !(code as i32) & 0xff;
    let magnitude = (((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4);
    (if code & 0x80 == 0 {
        magnitude - 0x84
    } else {
        0x84 - magnitude
    }) as i16
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "G.711 values have 16 bits at most"
)]
#[expect(clippy::cast_possible_wrap, reason = "codes have 8 bits")]
const fn alaw_value(code: usize) -> i16 {
    let code = (code as i32 & 0xff) ^ 0x55;
    let segment = (code & 0x70) >> 4;
    let low = ((code & 0x0f) << 4) + 8;
    let magnitude = if segment == 0 {
        low
    } else {
        (low + 0x100) << (segment - 1)
    };
    (if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }) as i16
}

/// The code of a 14-bit value.
#[expect(clippy::cast_possible_truncation, reason = "codes have 8 bits")]
#[expect(clippy::cast_sign_loss, reason = "codes are not negative")]
const fn mulaw_code(value: i32) -> u8 {
    let (magnitude, mask) = if value < 0 {
        (-value, 0x7f)
    } else {
        (value, 0xff)
    };
    let biased = (if magnitude > 8_158 { 8_158 } else { magnitude }) + 33;
    let segment = segment_above(biased, 0x3f);
    (((segment << 4) | ((biased >> (segment + 1)) & 0x0f)) ^ mask) as u8
}

/// The code of a 13-bit value.
#[expect(clippy::cast_possible_truncation, reason = "codes have 8 bits")]
#[expect(clippy::cast_sign_loss, reason = "codes are not negative")]
const fn alaw_code(value: i32) -> u8 {
    let (magnitude, mask) = if value < 0 {
        (-value - 1, 0x55)
    } else {
        (value, 0xd5)
    };
    let segment = segment_above(magnitude, 0x1f);
    let shift = if segment < 2 { 1 } else { segment };
    (((segment << 4) | ((magnitude >> shift) & 0x0f)) ^ mask) as u8
}

/// The number of the segment whose values are at most `end`, doubled so often.
const fn segment_above(value: i32, end: i32) -> i32 {
    let mut segment = 0;
    while segment < 7 && value > ((end + 1) << segment) - 1 {
        segment += 1;
    }
    segment
}
