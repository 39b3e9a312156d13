//! A record of a spool: what stands at a place of the tracks.
//!
//! | bytes of its head | what |
//! |---|---|
//! | 1 | what it is |
//! | 8 | its place, in samples since the recording began |
//! | 8 | how far the recording had come, in samples |
//!
//! Numbers are little-endian; the body is the text or the sound. The first record
//! of a spool is its title.

use std::str::FromStr;

use crate::call::{Piece, Snippet, Track};
use crate::domain::{Consent, Pii, RecordingTitle, Timestamp};
use crate::record::Shape;

/// What a record holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Record {
    /// Which recording this is.
    Title(RecordingTitle),
    /// A part of it.
    Snippet(Snippet),
    /// So many samples could not be written in time.
    Lost(u64),
}

/// The longest sound or text of a record is of 4 KiB.
const SHAPE: Shape = Shape::new(17, 4_096);

const TITLE: u8 = b'T';
const CALLER: u8 = b'C';
const RECEPTIONIST: u8 = b'R';
const CLEARED: u8 = b'X';
const PAUSED: u8 = b'P';
const RESUMED: u8 = b'A';
const END: u8 = b'E';
const LOST: u8 = b'L';

/// Writes a title at the end of `out`.
pub(super) fn write_title(out: &mut Vec<u8>, title: &RecordingTitle) {
    write(out, (TITLE, 0, 0), title_text(title).as_bytes());
}

/// Writes a part of a recording at the end of `out`.
pub(super) fn write_snippet(out: &mut Vec<u8>, snippet: &Snippet) {
    let (kind, body): (u8, &[u8]) = match &snippet.what {
        Piece::Sound(Track::Caller, sound) => (CALLER, sound),
        Piece::Sound(Track::Receptionist, sound) => (RECEPTIONIST, sound),
        Piece::Cleared => (CLEARED, &[]),
        Piece::Paused => (PAUSED, &[]),
        Piece::Resumed => (RESUMED, &[]),
        Piece::End => (END, &[]),
    };
    write(out, (kind, snippet.at, snippet.clock), body);
}

/// Writes at the end of `out` that so many samples are missing.
pub(super) fn write_lost(out: &mut Vec<u8>, samples: u64) {
    write(out, (LOST, samples, 0), &[]);
}

fn write(out: &mut Vec<u8>, (kind, at, clock): (u8, u64, u64), body: &[u8]) {
    let mut head = [kind; 17];
    head[1..9].copy_from_slice(&at.to_le_bytes());
    head[9..].copy_from_slice(&clock.to_le_bytes());
    SHAPE.write(out, &head, body);
}

/// The record at the beginning of `bytes`, and how long it is; none where it is
/// torn, or was changed.
pub(super) fn read(bytes: &[u8]) -> Option<(Record, usize)> {
    let whole = SHAPE.read(bytes)?;
    let (at, clock) = (number(&whole.head[1..9]), number(&whole.head[9..]));
    let what = match whole.head[0] {
        TITLE => Record::Title(title(std::str::from_utf8(whole.body).ok()?)?),
        LOST => Record::Lost(at),
        kind => Record::Snippet(Snippet {
            at,
            clock,
            what: piece(kind, whole.body)?,
        }),
    };
    Some((what, whole.len))
}

fn piece(kind: u8, body: &[u8]) -> Option<Piece> {
    Some(match kind {
        CALLER => Piece::Sound(Track::Caller, body.to_vec()),
        RECEPTIONIST => Piece::Sound(Track::Receptionist, body.to_vec()),
        CLEARED => Piece::Cleared,
        PAUSED => Piece::Paused,
        RESUMED => Piece::Resumed,
        END => Piece::End,
        _ => return None,
    })
}

fn number(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().rev();
    digits.fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// A line for each thing that is to be known; the words come last, for they may
/// be anything.
fn title_text(title: &RecordingTitle) -> String {
    let consent = &title.consent;
    let words = consent.words.as_ref();
    let words = words.map_or_else(String::new, |words| format!("\n{}", words.expose()));
    format!(
        "1\n{}\n{}\n{}\n{}\n{}\n{}\n{}{words}",
        title.id,
        title.tenant_id,
        title.call_id,
        title.started_at.as_ms(),
        consent.policy.as_str(),
        consent.answer.as_str(),
        consent.at.as_ms(),
    )
}

fn title(text: &str) -> Option<RecordingTitle> {
    let mut lines = text.splitn(9, '\n');
    // The version of this text.
    lines.next().filter(|version| *version == "1")?;
    let mut line = || lines.next();
    Some(RecordingTitle {
        id: parsed(line())?,
        tenant_id: parsed(line())?,
        call_id: parsed(line())?,
        started_at: Timestamp::from_ms(parsed(line())?),
        consent: Consent {
            policy: parsed(line())?,
            answer: parsed(line())?,
            at: Timestamp::from_ms(parsed(line())?),
            words: line().map(|words| Pii::new(words.to_owned())),
        },
    })
}

fn parsed<T: FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}
