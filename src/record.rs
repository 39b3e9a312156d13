//! A record of a file that grows: a head and a body with their check sum, whole or torn.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | how long the body is |
//! | … | the head, of the same length in all records of a kind of file |
//! | … | the body |
//! | 4 | CRC-32 of everything before |
//!
//! Numbers are little-endian. Whoever reads a file stops at the first record that
//! is not whole: nobody can say where the next one begins.

/// What the records of a kind of file look like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    head: usize,
    max_body: usize,
}

/// A record that is whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Whole<'a> {
    /// What precedes the body.
    pub head: &'a [u8],
    /// What it is about.
    pub body: &'a [u8],
    /// How long the record is.
    pub len: usize,
}

impl Shape {
    /// Records with a head of that length, and a body of `max_body` at most.
    pub const fn new(head: usize, max_body: usize) -> Self {
        Self { head, max_body }
    }

    /// Whether a body of that length finds room in a record.
    pub fn fits(&self, body: usize) -> bool {
        body <= self.max_body
    }

    /// Writes a record at the end of `out`. One that does not [fit](Self::fits)
    /// is not read again.
    pub fn write(&self, out: &mut Vec<u8>, head: &[u8], body: &[u8]) {
        let begin = out.len();
        let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(head);
        out.extend_from_slice(body);
        let sum = crc32fast::hash(&out[begin..]);
        out.extend_from_slice(&sum.to_le_bytes());
    }

    /// How long a record is that begins so; none where none does.
    pub fn len(&self, begin: [u8; LENGTH]) -> Option<usize> {
        let body = usize::try_from(u32::from_le_bytes(begin)).ok()?;
        self.fits(body).then_some(LENGTH + self.head + body + SUM)
    }

    /// The record at the beginning of `bytes`; none where it is torn, or was changed.
    pub fn read<'a>(&self, bytes: &'a [u8]) -> Option<Whole<'a>> {
        let len = self.len(*bytes.first_chunk()?)?;
        let (checked, sum) = bytes.get(..len)?.split_last_chunk::<SUM>()?;
        if u32::from_le_bytes(*sum) != crc32fast::hash(checked) {
            return None;
        }
        let (head, body) = checked.get(LENGTH..)?.split_at_checked(self.head)?;
        Some(Whole { head, body, len })
    }
}

const LENGTH: usize = 4;
const SUM: usize = 4;
