//! Random numbers that depend on a seed, a stream and an index alone, by an algorithm that never changes.

/// `SplitMix64` (Steele, Lea and Flood, 2014), written out here because no crate promises the same bytes for ever.
pub struct Random(u64);

/// What the numbers are for, so that post 7 and account 7 have nothing in common.
#[derive(Clone, Copy)]
pub enum Stream {
    Post,
    Account,
    Emoji,
    Oddity,
    Edit,
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl Random {
    pub fn new(seed: u64, stream: Stream, index: u64) -> Self {
        Self(mix(mix(seed).wrapping_add(stream as u64) ^ mix(index ^ 0x6d69_6c6c)))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `end`, each as likely (to within 2^-64 of `end`); 0 where `end` is.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// True in `permille` of 1,000 cases.
    pub fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// A number below `end` after Zipf's law: the chance of `n` falls as 1 / (n + 1), in steps at the powers of two.
    /// Whole numbers only: a logarithm may differ in its last bit from machine to machine, and then so would a post.
    pub fn rank(&mut self, end: u64) -> u64 {
        let bits = self.bits();
        let octave = ((bits >> 32) * u64::from(u64::BITS - end.leading_zeros())) >> 32;
        let rank = (1 << octave) - 1 + (bits & ((1 << octave) - 1));
        if rank < end { rank } else { rank % end.max(1) }
    }

    /// One of the items; they must not be empty.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }
}
