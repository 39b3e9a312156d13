//! MP3 files, as far as it takes to tell that there is sound in one.
//!
//! <http://www.mp3-tech.org/programmer/frame_header.html>

/// Whether frames of sound follow one another in the file, behind what it may tell of itself.
pub fn has_sound(file: &[u8]) -> bool {
    let sound = file.get(tag_length(file)..).unwrap_or_default();
    (0..sound.len().min(LOOKED_AT)).any(|start| {
        let rest = &sound[start..];
        let Some(first) = Frame::read(rest) else {
            return false;
        };
        let next = rest.get(first.length..).and_then(Frame::read);
        next.is_some_and(|next| next.is_of_the_same(&first))
    })
}

/// How long the ID3 tag is with which the file begins.
///
/// <https://id3.org/id3v2.4.0-structure>
fn tag_length(file: &[u8]) -> usize {
    let Some(&[b'I', b'D', b'3', _, _, flags, a, b, c, d]) = file.first_chunk() else {
        return 0;
    };
    let sevens = [a, b, c, d]
        .into_iter()
        .map(|byte| usize::from(byte & 0x7f));
    let body = sevens.fold(0, |length, seven| length << 7 | seven);
    let has_foot = flags & 0x10 != 0;
    HEAD_OF_TAG + body + if has_foot { HEAD_OF_TAG } else { 0 }
}

/// What the head of a frame says.
struct Frame {
    /// In bytes, with its head.
    length: usize,
    /// Samples a second.
    rate: usize,
    version: u8,
}

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[sync, kind, measure, _] = bytes.first_chunk()?;
        let is_layer_three = kind & 0xe6 == 0xe2;
        if sync != 0xff || !is_layer_three {
            return None;
        }
        let version = kind >> 3 & 3;
        let (slower, kbits) = match version {
            0 => (4, LOW_KBITS),
            2 => (2, LOW_KBITS),
            3 => (1, KBITS),
            _ => return None,
        };
        let rate = RATES.get(usize::from(measure >> 2 & 3))? / slower;
        // Neither a rate of its own nor one that is forbidden.
        let kbits = kbits.get(usize::from(measure >> 4).checked_sub(1)?)?;
        let padding = usize::from(measure >> 1 & 1);
        let bytes_of_a_bit = if version == 3 { 144 } else { 72 };
        let length = bytes_of_a_bit * kbits * 1_000 / rate + padding;
        Some(Self {
            length,
            rate,
            version,
        })
    }

    fn is_of_the_same(&self, other: &Self) -> bool {
        (self.version, self.rate) == (other.version, other.rate)
    }
}

/// Some writers leave a gap behind the tag.
const LOOKED_AT: usize = 4_096;
const HEAD_OF_TAG: usize = 10;
const RATES: [usize; 3] = [44_100, 48_000, 32_000];
/// Of MPEG 1, from the first that is one.
const KBITS: [usize; 14] = [
    32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
];
/// Of MPEG 2 and 2.5.
const LOW_KBITS: [usize; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

#[cfg(test)]
mod tests {
    use super::has_sound;

    /// Frames of 128 kbit/s at 44.1 kHz, `count` of them.
    fn frames(count: usize) -> Vec<u8> {
        let mut frame = [0; 417];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x64]);
        frame.repeat(count)
    }

    #[test]
    fn sound_is_two_frames_that_follow_one_another() {
        assert!(has_sound(&frames(2)));
        assert!(!has_sound(&frames(1)));
        assert!(!has_sound(&frames(2)[..417]));
        let tagged = [
            b"ID3\x04\0\0\0\0\x01\x02".as_slice(),
            &[7; 130],
            frames(2).as_slice(),
        ]
        .concat();
        assert!(has_sound(&tagged));
        assert!(!has_sound(&tagged[..140 + 417]));
        let mut other = frames(2);
        other[417 + 2] = 0x94;
        assert!(!has_sound(&other), "the second is of 48 kHz");
        for nothing in [
            b"".as_slice(),
            b"ID3",
            b"ID3\x04 and so on and so on",
            b"\xff\xfb\x90\x64",
        ] {
            assert!(!has_sound(nothing));
        }
        // 64 kbit/s at 22.05 kHz, MPEG 2.
        let mut low = [0; 208];
        low[..4].copy_from_slice(&[0xff, 0xf3, 0x80, 0xc4]);
        assert!(has_sound(&low.repeat(2)));
    }
}
