//! This process among those of the house.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::domain::ProcessId;

/// This process, and whether it is alone. Clones are of the same process.
#[derive(Clone, Debug)]
pub struct Process {
    id: ProcessId,
    others: Arc<AtomicUsize>,
}

impl Process {
    /// A process of that name, which knows of no other yet.
    pub fn new(id: ProcessId) -> Self {
        Self {
            id,
            others: Arc::default(),
        }
    }

    /// Its name.
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// Whether another process of the house lives, which answers whatever this one
    /// has begun.
    pub fn has_others(&self) -> bool {
        self.others.load(Ordering::Relaxed) > 0
    }

    pub(super) fn note_others(&self, count: usize) {
        self.others.store(count, Ordering::Relaxed);
    }
}
