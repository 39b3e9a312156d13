//! Room for bytes on their way, which belongs to the thread.

use std::cell::RefCell;
use std::io;

use rustls::unbuffered::{EncodeError, EncryptError, InsufficientSizeError};
use tokio::io::ReadBuf;

/// A record on the wire, as large as TLS 1.2 allows (RFC 5246, section 6.2.3), with its header.
pub(super) const RECORD: usize = 16 * 1024 + 2048 + 5;
/// So many a thread has: a line is read from and written to in one turn.
const MAX_ROOMS: usize = 3;

thread_local! {
    /// The rooms that no line needs.
    static ROOMS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Bytes on their way: what came last is put behind what came before, and taken from the front.
#[derive(Debug, Default)]
pub(super) struct Room {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Room {
    /// How large it is, whatever is in it.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(super) fn filled(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    /// Room behind what there is, `len` bytes and more.
    pub(super) fn spare(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.is_empty() {
            let room = ROOMS.with_borrow_mut(Vec::pop);
            self.bytes = room.unwrap_or_else(|| vec![0; RECORD]);
        }
        if self.bytes.len() - self.end < len {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() - self.end < len {
            let more = len.max(RECORD);
            self.bytes.resize(self.end + more, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// So much of [`Room::spare`] was filled.
    pub(super) fn add(&mut self, len: usize) {
        self.end += len;
    }

    pub(super) fn remove(&mut self, len: usize) {
        self.start += len;
    }

    /// Gives the room back to the thread.
    pub(super) fn leave_if_empty(&mut self) {
        if !self.is_empty() {
            return;
        }
        (self.start, self.end) = (0, 0);
        let room = std::mem::take(&mut self.bytes);
        if room.len() == RECORD {
            ROOMS.with_borrow_mut(|rooms| {
                if rooms.len() < MAX_ROOMS {
                    rooms.push(room);
                }
            });
        }
    }

    /// Lets `write` fill room for `len` bytes, or for as many as it asks for.
    pub(super) fn fill<E: Into<Refusal>>(
        &mut self,
        len: usize,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
    ) -> io::Result<()> {
        let mut written = write(self.spare(len)).map_err(E::into);
        if let Err(Refusal::Needs(len)) = written {
            written = write(self.spare(len)).map_err(E::into);
        }
        match written {
            Ok(len) => self.add(len),
            Err(Refusal::Needs(_) | Refusal::Exhausted) => {
                self.leave_if_empty();
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        self.leave_if_empty();
        Ok(())
    }

    /// Moves what there is to the reader, as far as that has room.
    pub(super) fn pour(&mut self, into: &mut ReadBuf<'_>) {
        let len = into.remaining().min(self.end - self.start);
        into.put_slice(&self.filled()[..len]);
        self.remove(len);
        self.leave_if_empty();
    }

    /// Gives `bytes` to the reader, and keeps what it has no room for.
    pub(super) fn put(&mut self, bytes: &[u8], into: &mut ReadBuf<'_>) {
        self.pour(into);
        let (now, later) = bytes.split_at(into.remaining().min(bytes.len()));
        into.put_slice(now);
        if !later.is_empty() {
            self.spare(later.len())[..later.len()].copy_from_slice(later);
            self.add(later.len());
        }
    }
}

/// Why nothing was written.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    /// It takes so many bytes.
    Needs(usize),
    /// The keys are used up.
    Exhausted,
}

impl From<EncodeError> for Refusal {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::InsufficientSize(InsufficientSizeError { required_size }) => {
                Self::Needs(required_size)
            }
            EncodeError::AlreadyEncoded => Self::Exhausted,
        }
    }
}

impl From<EncryptError> for Refusal {
    fn from(error: EncryptError) -> Self {
        match error {
            EncryptError::InsufficientSize(InsufficientSizeError { required_size }) => {
                Self::Needs(required_size)
            }
            EncryptError::EncryptExhausted => Self::Exhausted,
        }
    }
}
