//! What a seed decides: the same draws, in the same order, for the same seed.

use std::ops::Range;
use std::time::Duration;

/// A source of draws.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Anything; the generator is `SplitMix64`.
    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Another source, which does not mind how much is drawn from this one.
    pub(super) fn fork(&mut self) -> Self {
        Self(self.number())
    }

    pub(super) fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.number() % (range.end - range.start).max(1)
    }

    pub(super) fn ms(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    /// As long as that at most.
    pub(super) fn up_to(&mut self, longest: Duration) -> Duration {
        longest * u32::try_from(self.within(0..256)).unwrap_or_default() / 256
    }

    /// True so many times out of a hundred.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.within(0..100) < percent
    }

    pub(super) fn index(&mut self, len: usize) -> usize {
        let at = self.within(0..u64::try_from(len).unwrap_or(u64::MAX));
        usize::try_from(at).unwrap_or_default()
    }

    pub(super) fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.index(among.len())].clone()
    }
}
