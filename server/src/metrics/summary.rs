//! Summaries: count, sum, smallest and largest of what was recorded, and percentiles for some.
//!
//! What they cost: a [`Summary`] is two relaxed atomic additions per batch, and a third and fourth
//! write only when an extreme moves; no lock. A [`Percentiles`] adds one short, sharded mutex per
//! batch (threads are spread over [`SHARDS`] of them) and some nanoseconds per value: about 10 ns a
//! value in batches of 16, 50 ns alone. It allocates its histogram on the first value (14 KiB a
//! shard for times of up to a second, 35 KiB at worst): idle ones hold nothing.
//!
//! Times are recorded in microseconds and shown in milliseconds, as Apache's are: the average then
//! tells something even where every request takes less than one.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use hdrhistogram::Histogram;
use parking_lot::Mutex;

use super::sets::Reset;

/// Mutexes that the threads recording into one [`Percentiles`] are spread over.
pub const SHARDS: usize = 4;

/// Decimal digits that percentiles are exact to.
const DIGITS: u8 = 2;

/// Percentiles tell larger values apart no more (12 days in µs): bounds the memory.
const VALUE_MAX: u64 = 1 << 40;

/// What the recorded numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Recorded in µs, shown in ms.
    Time,
    /// A size or a count, shown as it was recorded.
    #[default]
    Plain,
}

impl Unit {
    /// Recorded units in one shown unit.
    fn divisor(self) -> u64 {
        match self {
            Unit::Time => 1000,
            Unit::Plain => 1,
        }
    }
}

/// Values gathered without any sharing, to be recorded in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How many values.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
    /// The smallest; `u64::MAX` for none.
    pub min: u64,
    /// The largest; 0 for none.
    pub max: u64,
}

impl Default for Batch {
    fn default() -> Self {
        Batch { count: 0, sum: 0, min: u64::MAX, max: 0 }
    }
}

impl Batch {
    /// Gathers one value.
    pub fn add(&mut self, value: u64) {
        self.count += 1;
        self.sum = self.sum.saturating_add(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }
}

/// Count, sum, minimum and maximum.
#[derive(Debug)]
#[repr(align(64))]
pub struct Summary {
    unit: Unit,
    count: AtomicU64,
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

/// A reading of a [`Summary`], in shown units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SummarySnapshot {
    /// Average, rounded to 4 decimals; 0 for none.
    pub avg: f64,
    /// Smallest, rounded down; 0 for none.
    pub min: u64,
    /// Largest, rounded down; 0 for none.
    pub max: u64,
    /// How many.
    pub count: u64,
    /// Sum, rounded down.
    pub sum: u64,
}

impl Summary {
    /// An empty one.
    pub fn new(unit: Unit) -> Self {
        Summary {
            unit,
            count: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            min: AtomicU64::new(u64::MAX),
            max: AtomicU64::new(0),
        }
    }

    /// One value: µs for [`Unit::Time`].
    pub fn record(&self, value: u64) {
        self.record_batch(Batch { count: 1, sum: value, min: value, max: value });
    }

    /// Everything that a batch gathered.
    pub fn record_batch(&self, batch: Batch) {
        if batch.count == 0 {
            return;
        }
        self.count.fetch_add(batch.count, Relaxed);
        self.sum.fetch_add(batch.sum, Relaxed);
        if batch.min < self.min.load(Relaxed) {
            self.min.fetch_min(batch.min, Relaxed);
        }
        if batch.max > self.max.load(Relaxed) {
            self.max.fetch_max(batch.max, Relaxed);
        }
    }

    /// The figures now. Taken field by field: a value being recorded may be in one, not in another.
    pub fn get(&self) -> SummarySnapshot {
        let (count, sum) = (self.count.load(Relaxed), self.sum.load(Relaxed));
        if count == 0 {
            return SummarySnapshot::default();
        }
        let divisor = self.unit.divisor();
        let (min, max) = (self.min.load(Relaxed), self.max.load(Relaxed));
        SummarySnapshot {
            avg: round4(sum as f64 / divisor as f64 / count as f64),
            min: min.min(max) / divisor,
            max: max / divisor,
            count,
            sum: sum / divisor,
        }
    }

    /// Back to nothing recorded.
    pub fn reset(&self) {
        self.count.store(0, Relaxed);
        self.sum.store(0, Relaxed);
        self.min.store(u64::MAX, Relaxed);
        self.max.store(0, Relaxed);
    }
}

/// Rounded to the 4 decimals that averages are shown with.
fn round4(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// A [`Summary`] with percentiles since the last reset.
#[derive(Debug)]
pub struct Percentiles {
    summary: Summary,
    shards: [Mutex<Option<Histogram<u64>>>; SHARDS],
}

/// A reading of [`Percentiles`], in shown units, rounded down; 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Quantiles {
    /// Median.
    pub p50: u64,
    /// 90 %; for the HTTP exposition only.
    pub p90: u64,
    /// 95 %.
    pub p95: u64,
    /// 99 %.
    pub p99: u64,
    /// 99.9 %.
    pub p999: u64,
}

impl Percentiles {
    /// An empty one.
    pub fn new(unit: Unit) -> Self {
        Percentiles { summary: Summary::new(unit), shards: Default::default() }
    }

    /// One value: µs for [`Unit::Time`].
    pub fn record(&self, value: u64) {
        self.record_all(&[value]);
    }

    /// A batch of values, behind one short lock.
    pub fn record_all(&self, values: &[u64]) {
        let mut batch = Batch::default();
        values.iter().for_each(|&value| batch.add(value));
        if batch.count == 0 {
            return;
        }
        self.summary.record_batch(batch);
        let mut shard = self.shards[shard_of_this_thread()].lock();
        let Some(histogram) = shard.get_or_insert_with_histogram() else {
            return;
        };
        for &value in values {
            // Cannot fail: the histogram resizes itself and the value is bounded.
            let _ = histogram.record(value.min(VALUE_MAX));
        }
    }

    /// Count, sum, minimum and maximum.
    pub fn get(&self) -> SummarySnapshot {
        self.summary.get()
    }

    /// The percentiles. Copies every shard: for people and scrapers, not for hot paths.
    pub fn quantiles(&self) -> Quantiles {
        let Some(all) = self.merged() else {
            return Quantiles::default();
        };
        let at = |quantile| all.value_at_quantile(quantile).min(all.max()) / self.divisor();
        Quantiles { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), p999: at(0.999) }
    }

    /// Back to nothing recorded.
    pub fn reset(&self) {
        self.summary.reset();
        self.shards.iter().for_each(|shard| *shard.lock() = None);
    }

    fn divisor(&self) -> u64 {
        self.summary.unit.divisor()
    }

    fn merged(&self) -> Option<Histogram<u64>> {
        let mut all: Option<Histogram<u64>> = None;
        for shard in &self.shards {
            let shard = shard.lock();
            match (&mut all, shard.as_ref()) {
                (_, None) => {}
                (None, Some(histogram)) => all = Some(histogram.clone()),
                // Both resize themselves, so that adding always fits.
                (Some(all), Some(histogram)) => all.add(histogram).unwrap_or(()),
            }
        }
        all
    }
}

/// Makes the histogram when the first value comes.
trait Lazily {
    fn get_or_insert_with_histogram(&mut self) -> Option<&mut Histogram<u64>>;
}

impl Lazily for Option<Histogram<u64>> {
    fn get_or_insert_with_histogram(&mut self) -> Option<&mut Histogram<u64>> {
        if self.is_none() {
            // Fails only for more than 5 digits.
            *self = Histogram::new(DIGITS).ok();
        }
        self.as_mut()
    }
}

/// Threads take shards in turn when they first record.
fn shard_of_this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: usize = NEXT.fetch_add(1, Relaxed) % SHARDS;
    }
    MINE.with(|mine| *mine)
}

impl Reset for Summary {
    fn reset(&self) {
        Summary::reset(self);
    }
}

impl Reset for Percentiles {
    fn reset(&self) {
        Percentiles::reset(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_idle_summary_is_all_zero() {
        assert_eq!(Summary::new(Unit::Time).get(), SummarySnapshot::default());
        let idle = Percentiles::new(Unit::Time);
        idle.record_all(&[]);
        assert_eq!(idle.get(), SummarySnapshot::default());
        assert_eq!(idle.quantiles(), Quantiles::default());
    }

    #[test]
    fn times_are_recorded_in_micros_and_shown_in_millis() {
        let summary = Summary::new(Unit::Time);
        [250, 500, 3999].into_iter().for_each(|micros| summary.record(micros));
        let shown = SummarySnapshot { avg: 1.583, min: 0, max: 3, count: 3, sum: 4 };
        assert_eq!(summary.get(), shown);
    }

    #[test]
    fn percentiles_tell_the_tail_and_reset_forgets_it() {
        let latency = Percentiles::new(Unit::Time);
        let mut values = vec![1_000; 990];
        values.extend([200_000; 10]);
        latency.record_all(&values);
        let quantiles = latency.quantiles();
        assert_eq!((quantiles.p50, quantiles.p95, quantiles.p99), (1, 1, 1));
        assert_eq!(quantiles.p999, 200);
        latency.reset();
        assert_eq!(latency.quantiles(), Quantiles::default());
        assert_eq!(latency.get().count, 0);
    }

    #[test]
    fn shards_of_many_threads_are_read_as_one() {
        let sizes = Percentiles::new(Unit::Plain);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let sizes = &sizes;
                scope.spawn(move || sizes.record_all(&[thread; 100]));
            }
        });
        assert_eq!(sizes.get().count, 800);
        assert_eq!(sizes.get().sum, 2800);
        assert_eq!(sizes.quantiles().p50, 3);
        assert_eq!(sizes.quantiles().p999, 7);
    }

    proptest! {
        #[test]
        fn any_values_keep_min_quantiles_and_max_in_order(
            values in proptest::collection::vec(any::<u64>(), 1..50),
        ) {
            let figures = Percentiles::new(Unit::Plain);
            figures.record_all(&values);
            let (basic, quantiles) = (figures.get(), figures.quantiles());
            prop_assert_eq!(Some(&basic.min), values.iter().min());
            prop_assert_eq!(Some(&basic.max), values.iter().max());
            let in_order = [quantiles.p50, quantiles.p90, quantiles.p95, quantiles.p99];
            prop_assert!(in_order.is_sorted());
            prop_assert!(quantiles.p99 <= quantiles.p999);
            prop_assert!(quantiles.p999 <= basic.max);
        }
    }
}
