//! What a process that has died left on the disk of a recording.

use std::sync::LazyLock;

use frontdesk::domain::RecordingId;
use frontdesk::record::Shape;
use frontdesk::recordings::{Opened, Spooled, write_sound};
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().unwrap());

/// A minute.
const MOST: u64 = 480_000;

/// Reads it, whatever it is.
///
/// # Panics
///
/// If something of it is not as promised.
pub(crate) fn read(bytes: &[u8]) {
    // As it was found, and with every check sum right, so that what it guards is read.
    for bytes in [bytes.to_vec(), sealed(bytes)] {
        let id: RecordingId = "rcd_00000000000000000000000000".parse().unwrap();
        std::fs::write(FOLDER.path().join(format!("{id}.spool")), &bytes).unwrap();
        let Opened::Left(spooled) = Spooled::open(FOLDER.path(), id).unwrap() else {
            panic!("it is there");
        };
        let title = spooled.title().unwrap();
        let summary = spooled.summary().unwrap();
        assert_eq!(summary.title.is_some(), title.is_some());
        assert!(summary.torn <= bytes.len() as u64);
        if summary.length < MOST {
            let mut file = Vec::new();
            write_sound(&spooled, &summary, &mut file).unwrap();
        }
    }
}

/// A length of two bytes, a head and a body of that length, and the same again.
fn sealed(mut bytes: &[u8]) -> Vec<u8> {
    let shape = Shape::new(HEAD, 4_096);
    let mut out = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length) % 4_096);
        let Some((head, rest)) = rest.split_at_checked(HEAD) else {
            break;
        };
        let (body, rest) = rest.split_at(length.min(rest.len()));
        shape.write(&mut out, head, body);
        bytes = rest;
    }
    out
}

const HEAD: usize = 17;
