//! Work on all cores, for the few places where somebody waits for much of it.

use std::num::NonZero;

/// What `make` gives for each input, in order. At least `min_share` inputs go to a thread.
pub(crate) fn map<T: Send, U: Send>(
    mut inputs: Vec<T>,
    min_share: usize,
    make: impl Fn(T) -> U + Sync,
) -> Vec<U> {
    let n_threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = inputs.len().div_ceil(n_threads).max(min_share);
    let mut shares = Vec::new();
    while inputs.len() > share {
        shares.push(inputs.split_off(inputs.len() - share));
    }
    std::thread::scope(|scope| {
        let make = &make;
        let run = move |share: Vec<T>| share.into_iter().map(make).collect::<Vec<U>>();
        let others: Vec<_> = shares
            .into_iter()
            .map(|share| scope.spawn(move || run(share)))
            .collect();
        let mut made = run(inputs);
        for other in others.into_iter().rev() {
            match other.join() {
                Ok(share) => made.extend(share),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        made
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_inputs() {
        for n in [0, 1, 2, 3, 7, 100] {
            let doubled = map((0..n).collect(), 2, |number: usize| number * 2);
            assert_eq!(doubled, (0..n).map(|number| number * 2).collect::<Vec<_>>());
        }
    }
}
