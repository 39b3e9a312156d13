//! Sound that says of each millisecond which line of the model it belongs to.

use std::sync::LazyLock;

use bytes::Bytes;

/// The longest item, in milliseconds.
const LONGEST: usize = 4_000;
/// Lines of a model.
pub(super) const LINES: usize = 40;
/// Items of a line.
const ITEMS: usize = 2;

/// Which line, which item of it, and which millisecond.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Tag {
    pub(super) line: usize,
    pub(super) item: usize,
    pub(super) ms: usize,
}

/// Made once: most of the time of a simulation would be spent on it.
static SOUNDS: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let items = (0..LINES).flat_map(|line| (0..ITEMS).map(move |item| (line, item)));
    let sound = |(line, item)| (0..LONGEST).flat_map(move |ms| unit(line, item, ms));
    items.map(|item| sound(item).collect()).collect()
});

/// The sound of an item: eight bytes a millisecond, as mu-law at 8 kHz has.
pub(super) fn tagged(line: usize, item: usize, lasting_ms: usize) -> Bytes {
    SOUNDS[line * ITEMS + item].slice(..lasting_ms * 8)
}

fn unit(line: usize, item: usize, ms: usize) -> [u8; 8] {
    let [.., high, low] = ms.to_be_bytes();
    let [.., line] = line.to_be_bytes();
    let [.., item] = item.to_be_bytes();
    // The ends are loud, so that it is heard.
    let sum = line ^ item ^ high ^ low ^ 0x5A;
    [0x05, line, item, high, low, sum, 0x85, 0x05]
}

/// What a millisecond says; none if it is not the model's.
pub(super) fn tag(bytes: &[u8]) -> Option<Tag> {
    let &[0x05, line, item, high, low, sum, 0x85, 0x05] = bytes else {
        return None;
    };
    (sum == line ^ item ^ high ^ low ^ 0x5A).then(|| Tag {
        line: line.into(),
        item: item.into(),
        ms: usize::from(high) << 8 | usize::from(low),
    })
}
