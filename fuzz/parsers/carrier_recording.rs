//! A sound file from the carrier: its head, and who speaks in it.

use frontdesk::audio::{Loudness, wav};

/// Reads it, whatever it is.
///
/// # Panics
///
/// If something of it is not as promised.
pub(crate) fn read(rest: &[u8]) {
    look(rest);
    look(&[b"RIFF\0\0\0\0WAVE", rest].concat());
}

fn look(file: &[u8]) {
    let length = file.len() as u64;
    let Some(head) = wav::Head::read(file, length) else {
        return;
    };
    assert!(head.start + head.length <= length);
    let _ = head.duration();
    let start = usize::try_from(head.start).unwrap();
    let mut loudness = Loudness::new(head.channels, head.rate);
    loudness.hear(&file[start..]);
    for turn in loudness.turns() {
        assert!(turn.channel < usize::from(head.channels));
        assert!(turn.samples.start < turn.samples.end);
    }
}
