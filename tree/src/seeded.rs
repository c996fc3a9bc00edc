//! The one hash of everything that clients name: paths, ACL lists. Keyed (aHash), because a secret
//! must enter every block: with a hash that only starts from a seed, whatever collides under one
//! seed collides under all, and a client can fill one chain of a table. The values differ between
//! kinds of machines; they decide nothing that anybody sees.
//! Ids that the server gives out itself need none of this.

use std::fmt;
use std::hash::{BuildHasher, Hasher};

use ahash::{AHasher, RandomState};

/// Hashes under a secret seed: the same seed gives the same hashes in every process.
#[derive(Clone)]
pub(crate) struct Seeded {
    keys: RandomState,
}

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        let mut state = seed;
        let [a, b, c, d] = std::array::from_fn(|_| next_word(&mut state));
        Seeded { keys: RandomState::with_seeds(a, b, c, d) }
    }

    /// A hasher for more than one field.
    pub(crate) fn hasher(&self) -> AHasher {
        self.keys.build_hasher()
    }

    /// Hash of one path.
    pub(crate) fn path(&self, path: &str) -> u64 {
        let mut hasher = self.hasher();
        hasher.write(path.as_bytes());
        hasher.finish()
    }
}

/// SplitMix64: words without visible kinship from one seed.
fn next_word(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The state is the secret: no log may show it.
impl fmt::Debug for Seeded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Seeded")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Paths to which rustc-hash 2 gives one value, whatever it was fed before: its third block
    /// of 16 bytes counts only as a product, one factor of which the first block makes zero.
    pub(crate) fn paths_that_collide_unkeyed(count: usize) -> Vec<String> {
        let (first, zero) = (0..)
            .map(|n| format!("/hostile{n:08}"))
            .find_map(|first| Some((zeroing(&first)?, first)))
            .map(|(zero, first)| (first, zero))
            .expect("one in some thousand will do");
        let path = |n| format!("{first}the second block{zero}{n:08}a suffix without difference");
        (0..count).map(path).collect()
    }

    /// What the hash's state is after `first`, if that is printable.
    fn zeroing(first: &str) -> Option<String> {
        let half =
            |at: usize| first[at..at + 8].bytes().rev().fold(0, |n, b| n << 8 | u64::from(b));
        let (x, y) = (half(0) ^ 0x243f_6a88_85a3_08d3, half(8) ^ 0xa409_3822_299f_31d0);
        let product = u128::from(x) * u128::from(y);
        let state = (product as u64 ^ (product >> 64) as u64).to_le_bytes();
        let usable = |byte: &u8| byte.is_ascii_graphic() && *byte != b'/';
        state.iter().all(usable).then(|| String::from_utf8_lossy(&state).into_owned())
    }

    #[test]
    fn the_hostile_paths_do_collide_without_a_key() {
        use std::hash::BuildHasher;
        let hash = |path: &String| rustc_hash::FxBuildHasher.hash_one(path.as_bytes());
        let paths = paths_that_collide_unkeyed(100);
        assert!(paths.iter().all(|path| hash(path) == hash(&paths[0])));
    }

    #[test]
    fn equal_seeds_agree_and_others_do_not() {
        let (one, again, other) = (Seeded::new(1), Seeded::new(1), Seeded::new(2));
        assert_eq!(one.path("/a"), again.path("/a"));
        assert!((0..64).all(|n| one.path(&format!("/{n}")) != other.path(&format!("/{n}"))));
    }

    #[test]
    fn a_debug_text_tells_nothing_of_the_seed() {
        assert_eq!(format!("{:?}", Seeded::new(7)), format!("{:?}", Seeded::new(8)));
    }
}
