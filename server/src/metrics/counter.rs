//! The two cheapest figures: a number that only grows, and the last, smallest and largest size.
//!
//! Lock-free and relaxed: a figure orders nothing. Each counter has a cache line of its own, so
//! that connections on different cores that count different things do not slow each other.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use super::sets::Reset;

/// A number that only grows until `srst`. One relaxed `fetch_add` per call: count per batch.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts `n` at once.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Relaxed);
    }

    /// Counts one.
    pub fn one(&self) {
        self.add(1);
    }

    /// The count; wraps after 2^64.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Back to 0.
    pub fn reset(&self) {
        self.0.store(0, Relaxed);
    }
}

/// Last, smallest and largest of the sizes seen, in bytes; −1 each before the first.
#[derive(Debug)]
#[repr(align(64))]
pub struct Sizes {
    last: AtomicI64,
    min: AtomicI64,
    max: AtomicI64,
}

/// A reading of [`Sizes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizesSnapshot {
    /// The most recent size, or −1.
    pub last: i64,
    /// The smallest, or −1.
    pub min: i64,
    /// The largest, or −1.
    pub max: i64,
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes { last: AtomicI64::new(-1), min: AtomicI64::new(i64::MAX), max: AtomicI64::new(-1) }
    }
}

impl Sizes {
    /// One size, in bytes.
    pub fn record(&self, bytes: u64) {
        self.record_batch(bytes, bytes, bytes);
    }

    /// A batch of sizes, by its last, smallest and largest, in bytes.
    pub fn record_batch(&self, last: u64, min: u64, max: u64) {
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.last.store(signed(last), Relaxed);
        // Nearly always nothing changes here: look before writing to a shared line.
        if signed(min) < self.min.load(Relaxed) {
            self.min.fetch_min(signed(min), Relaxed);
        }
        if signed(max) > self.max.load(Relaxed) {
            self.max.fetch_max(signed(max), Relaxed);
        }
    }

    /// The figures now.
    pub fn get(&self) -> SizesSnapshot {
        let max = self.max.load(Relaxed);
        let min = if max < 0 { -1 } else { self.min.load(Relaxed) };
        SizesSnapshot { last: self.last.load(Relaxed), min, max }
    }

    /// Back to −1 each.
    pub fn reset(&self) {
        self.last.store(-1, Relaxed);
        self.min.store(i64::MAX, Relaxed);
        self.max.store(-1, Relaxed);
    }
}

impl Reset for Counter {
    fn reset(&self) {
        Counter::reset(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_count_from_many_threads() {
        let counter = Counter::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| counter.add(2)));
            }
        });
        assert_eq!(counter.get(), 8000);
        counter.reset();
        assert_eq!(counter.get(), 0);
    }

    #[test]
    fn sizes_are_minus_one_before_the_first_and_after_a_reset() {
        let none = SizesSnapshot { last: -1, min: -1, max: -1 };
        let sizes = Sizes::default();
        assert_eq!(sizes.get(), none);
        sizes.record(50);
        sizes.record_batch(20, 10, 70);
        assert_eq!(sizes.get(), SizesSnapshot { last: 20, min: 10, max: 70 });
        sizes.reset();
        assert_eq!(sizes.get(), none);
    }
}
