//! A small pseudo-random generator whose output never changes.

/// `SplitMix64`: one add and three mixes a number, seeded from any words.
pub(super) struct Random(u64);

impl Random {
    /// A stream of its own for each distinct list of words.
    pub(super) fn new(words: &[u64]) -> Random {
        let mut random = Random(0);
        for &word in words {
            random.0 = random.next() ^ word;
        }
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`; 0 for an empty range.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        // Multiply and shift: no division, and a bias nobody can see at these sizes.
        usize::try_from((u128::from(self.next()) * bound as u128) >> 64).unwrap_or(0)
    }

    /// A number in `low..=high`.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the words.
    pub(super) fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    /// `n` distinct numbers below `bound`, fewer if there are not as many.
    pub(super) fn distinct(&mut self, n: usize, bound: usize) -> Vec<usize> {
        let mut numbers = Vec::with_capacity(n);
        while numbers.len() < n.min(bound) {
            let number = self.below(bound);
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn first_numbers_are_the_published_ones() {
        let mut random = Random(1_234_567);
        let numbers = [random.next(), random.next(), random.next()];
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ],
        );
    }

    #[test]
    fn ranges_are_kept_and_filled() {
        let mut random = Random::new(&[9]);
        let mut seen = [0; 5];
        for _ in 0..1000 {
            seen[random.between(1, 5) - 1] += 1;
        }
        assert!(seen.iter().all(|&count| count > 120), "{seen:?}");
    }

    #[test]
    fn distinct_numbers_are_distinct_and_bounded_by_what_exists() {
        let mut random = Random::new(&[9]);
        let mut numbers = random.distinct(8, 5);
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
    }
}
