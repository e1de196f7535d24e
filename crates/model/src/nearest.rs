//! What somebody probably meant to write.

/// Longest word that is compared.
const MAX_LENGTH: usize = 64;

/// The candidate nearest to the word, if it is near enough to be a slip of the pen.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = 1 + word.chars().count() / 4;
    let ranked = candidates.into_iter().filter_map(|candidate| {
        Some((distance(word, candidate)?, candidate)).filter(|(distance, _)| *distance <= allowed)
    });
    ranked
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edit distance without regard to case; `None` for words too long to care.
fn distance(a: &str, b: &str) -> Option<usize> {
    let letters = |word: &str| {
        word.chars()
            .map(|c| c.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    let (a, b) = (letters(a), letters(b));
    if a.len().max(b.len()) > MAX_LENGTH {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let kinds = ["API", "Component", "User", "Group"];
        for (word, expected) in [
            ("component", Some("Component")),
            ("Compnent", Some("Component")),
            ("Api", Some("API")),
            ("Usr", Some("User")),
            ("Widget", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, kinds), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(10_000), [&*"x".repeat(10_000)]), None);
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("AB", "ab", 0),
            ("ab", "ba", 2),
        ] {
            assert_eq!(distance(a, b), Some(expected), "{a} {b}");
        }
    }
}
