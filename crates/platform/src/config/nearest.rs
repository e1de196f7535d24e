//! Finds the name somebody meant.

/// The closest of `names` when it is close enough to be a slip of the pen.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wanted = folded(name);
    // A third of the letters may be wrong: `catlog` is `catalog`, `app` is not `api`.
    let limit = (wanted.len() / 3).min(3);
    names
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (distance(&wanted, &folded(candidate)), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Longest name that is compared; a longer one is nobody's slip.
const MAX_CHARS: usize = 64;

/// Letters without case and separators: `base_url` and `baseURL` are `baseurl`.
fn folded(name: &str) -> Vec<char> {
    let letters = name.chars().filter(|c| !matches!(c, '-' | '_'));
    letters
        .flat_map(char::to_lowercase)
        .take(MAX_CHARS)
        .collect()
}

/// Fewest insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i);
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_names_are_not() {
        let names = [
            "app",
            "backend",
            "catalog",
            "baseUrl",
            "enabled",
            "listen",
            "permission",
        ];
        let table = [
            ("catlog", Some("catalog")),
            ("catalgo", Some("catalog")),
            ("Catalog", Some("catalog")),
            ("base_url", Some("baseUrl")),
            ("baseURL", Some("baseUrl")),
            ("enable", Some("enabled")),
            ("permissions", Some("permission")),
            ("backned", Some("backend")),
            ("ap", None),
            ("api", Some("app")),
            ("crossplane", None),
            ("", None),
        ];
        for (name, expected) in table {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
