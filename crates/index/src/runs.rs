//! A sorted sequence of numbers in short runs: binary search, and cheap changes in the middle.
//!
//! The caller owns the order: every operation that depends on it takes a predicate or a position.
//! Invariants: no run is empty, none is longer than [`LONGEST`].

/// Longest run; a change moves at most this many numbers.
const LONGEST: usize = 512;

/// Length of the runs of a new sequence: some room before the first split.
const FILL: usize = 384;

/// The sequence.
#[derive(Default)]
pub(crate) struct Runs {
    runs: Vec<Vec<u32>>,
    len: usize,
}

/// A place between two neighbours of the sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    run: usize,
    at: usize,
}

impl Position {
    /// Before everything.
    pub(crate) const START: Self = Self { run: 0, at: 0 };
}

impl Runs {
    /// Keeps numbers that are sorted already.
    pub(crate) fn from_sorted(items: &[u32]) -> Self {
        Self {
            runs: items.chunks(FILL).map(<[u32]>::to_vec).collect(),
            len: items.len(),
        }
    }

    /// How many numbers there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The place after everything.
    pub(crate) fn end(&self) -> Position {
        Position {
            run: self.runs.len(),
            at: 0,
        }
    }

    /// The place before the first number that `is_before` does not hold for.
    pub(crate) fn partition_point(&self, mut is_before: impl FnMut(u32) -> bool) -> Position {
        let run = self
            .runs
            .partition_point(|run| run.first().is_some_and(|item| is_before(*item)));
        let run = run.saturating_sub(1);
        let at = self
            .runs
            .get(run)
            .map_or(0, |run| run.partition_point(|item| is_before(*item)));
        Position { run, at }
    }

    /// The number after a place.
    pub(crate) fn after(&self, position: Position) -> Option<u32> {
        self.iter_from(position).next()
    }

    /// The number before a place.
    pub(crate) fn before(&self, position: Position) -> Option<u32> {
        self.iter_before(position).next()
    }

    /// The numbers after a place, forwards.
    pub(crate) fn iter_from(&self, position: Position) -> impl Iterator<Item = u32> + '_ {
        let first = self
            .runs
            .get(position.run)
            .map_or(&[][..], |run| &run[position.at..]);
        let rest = self.runs.get(position.run + 1..).unwrap_or_default();
        first.iter().chain(rest.iter().flatten()).copied()
    }

    /// The numbers before a place, backwards.
    pub(crate) fn iter_before(&self, position: Position) -> impl Iterator<Item = u32> + '_ {
        let last = self
            .runs
            .get(position.run)
            .map_or(&[][..], |run| &run[..position.at]);
        let rest = &self.runs[..position.run.min(self.runs.len())];
        last.iter()
            .rev()
            .chain(rest.iter().rev().flat_map(|run| run.iter().rev()))
            .copied()
    }

    /// Inserts a number at a place, and returns the place before it.
    pub(crate) fn insert(&mut self, position: Position, item: u32) -> Position {
        self.len += 1;
        let Position { run, at } = position;
        let Some(items) = self.runs.get_mut(run) else {
            self.runs.push(vec![item]);
            return Position { run, at: 0 };
        };
        items.insert(at, item);
        if items.len() <= LONGEST {
            return position;
        }
        let half = items.split_off(LONGEST / 2);
        self.runs.insert(run + 1, half);
        match at.checked_sub(LONGEST / 2) {
            None => position,
            Some(at) => Position { run: run + 1, at },
        }
    }

    /// Removes the first occurrence of `item` at or after a place while `is_same` holds.
    pub(crate) fn remove(
        &mut self,
        position: Position,
        item: u32,
        mut is_same: impl FnMut(u32) -> bool,
    ) {
        let mut place = position;
        while let Some(run) = self.runs.get(place.run) {
            match run.get(place.at) {
                None => {
                    place = Position {
                        run: place.run + 1,
                        at: 0,
                    }
                }
                Some(found) if *found == item => return self.remove_at(place),
                Some(found) if !is_same(*found) => return,
                Some(_) => place.at += 1,
            }
        }
    }

    /// The run that holds a place, with the numbers just before and just after the run.
    pub(crate) fn surroundings(&self, position: Position) -> (Option<u32>, &[u32], Option<u32>) {
        let run = position.run.min(self.runs.len().saturating_sub(1));
        let before = run.checked_sub(1).and_then(|run| self.runs[run].last());
        let after = self.runs.get(run + 1).and_then(|run| run.first());
        let items = self.runs.get(run).map_or(&[][..], Vec::as_slice);
        (before.copied(), items, after.copied())
    }

    /// Bytes of heap in use.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.runs
            .iter()
            .map(|run| run.capacity() * size_of::<u32>() + size_of::<Vec<u32>>())
            .sum()
    }

    fn remove_at(&mut self, place: Position) {
        self.len -= 1;
        self.runs[place.run].remove(place.at);
        if self.runs[place.run].is_empty() {
            self.runs.remove(place.run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_stays_sorted_through_changes() {
        let mut runs = Runs::from_sorted(&(0..2_000).map(|n| n * 10).collect::<Vec<_>>());
        let mut model: Vec<u32> = (0..2_000).map(|n| n * 10).collect();
        for n in 0..8_000_u32 {
            let item = n.wrapping_mul(2_654_435_761) % 20_000;
            let position = runs.partition_point(|other| other < item);
            let at = model.partition_point(|other| *other < item);
            assert_eq!(runs.after(position), model.get(at).copied());
            assert_eq!(runs.before(position), at.checked_sub(1).map(|at| model[at]));
            if n % 3 == 0 {
                runs.remove(position, item, |_| false);
                if model.get(at) == Some(&item) {
                    model.remove(at);
                }
            } else {
                let position = runs.insert(position, item);
                model.insert(at, item);
                assert_eq!(runs.after(position), Some(item));
                assert_eq!(runs.before(position), at.checked_sub(1).map(|at| model[at]));
            }
        }
        assert_eq!(runs.len(), model.len());
        assert!(runs.iter_from(Position::START).eq(model.iter().copied()));
        assert!(runs.iter_before(runs.end()).eq(model.iter().rev().copied()));
        for item in std::mem::take(&mut model) {
            runs.remove(Position::START, item, |_| true);
        }
        assert_eq!((runs.len(), runs.runs.len()), (0, 0));
        assert_eq!(runs.after(Position::START), None);
        runs.insert(Position::START, 7);
        assert_eq!(runs.before(runs.end()), Some(7));
    }
}
