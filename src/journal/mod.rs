//! What could not be written into the database, on disk, in order, until it can be.
//!
//! A thread of its own appends records with check sums to a file, and hands the
//! oldest out again; a file of which all are struck is removed, so that the folder
//! is empty while all is well. What a dead process has left in the folder comes
//! first. What the records say is the business of whoever writes them.
//!
//! **Invariant:** whoever was told that a record is kept finds it again after the
//! process has died at any instruction. A loss of power may take the last 200 ms:
//! so often the file is brought to the disk itself, and never while anybody waits.
//!
//! **Invariant:** a damaged file is good up to the first record that is not whole.
//! What follows is set aside in a file that ends with `.torn`, and told of.

mod books;
mod segment;
mod shelf;

pub use books::Journal;
pub use shelf::FAULTS;
