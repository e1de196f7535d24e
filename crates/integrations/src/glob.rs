//! Wildcards in paths, with the meaning Backstage's readers give them.
//!
//! `*` and `?` stay inside a segment, `**` spans whole segments, `{a,b}` offers alternatives, and names
//! that begin with a dot are matched only by patterns that begin with one.

use globset::{GlobBuilder, GlobMatcher};

/// Most alternatives all braces of a pattern may give together.
const MAX_ALTERNATIVES: usize = 64;
/// Most segments of a pattern.
const MAX_SEGMENTS: usize = 64;

/// A path pattern.
#[derive(Debug, Clone)]
pub(crate) struct PathPattern {
    alternatives: Vec<Vec<Part>>,
}

#[derive(Debug, Clone)]
enum Part {
    /// `**`
    Span,
    Literal(String),
    Wildcard {
        matcher: GlobMatcher,
        dots: bool,
    },
}

/// Whether a path of a URL is a pattern. Brackets alone are names, as in `app/[id]/page`.
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?']) || has_alternatives(path)
}

fn has_alternatives(path: &str) -> bool {
    split_braces(path).is_some()
}

impl PathPattern {
    /// Compiles a pattern; `None` when it is out of bounds.
    pub(crate) fn new(pattern: &str) -> Option<Self> {
        let mut expanded = Vec::new();
        expand(pattern.trim_start_matches('/'), &mut expanded)?;
        let alternatives = expanded
            .iter()
            .map(|text| parts(text))
            .collect::<Option<_>>()?;
        Some(Self { alternatives })
    }

    /// Whether a file matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.alternatives
            .iter()
            .any(|parts| run(parts, path).last() == Some(&true))
    }

    /// Whether something below a folder may match.
    pub(crate) fn may_match_below(&self, folder: &str) -> bool {
        let open = |parts: &Vec<Part>| run(parts, folder).iter().rev().skip(1).any(|state| *state);
        self.alternatives.iter().any(open)
    }

    /// The deepest folder that all matches are in; empty for the root.
    pub(crate) fn folder(&self) -> String {
        let mut common: Option<Vec<&str>> = None;
        for parts in &self.alternatives {
            let folders = parts.split_last().map_or(&[][..], |(_, folders)| folders);
            let literal = folders.iter().map_while(|part| match part {
                Part::Literal(name) => Some(name.as_str()),
                Part::Span | Part::Wildcard { .. } => None,
            });
            common = Some(match common {
                None => literal.collect(),
                Some(known) => known
                    .into_iter()
                    .zip(literal)
                    .map_while(|(a, b)| (a == b).then_some(a))
                    .collect(),
            });
        }
        common.unwrap_or_default().join("/")
    }

    /// How many segments deep matches can be; `None` when there is no bound.
    pub(crate) fn depth(&self) -> Option<usize> {
        let depth = |parts: &Vec<Part>| {
            let has_span = parts.iter().any(|part| matches!(part, Part::Span));
            (!has_span).then_some(parts.len())
        };
        self.alternatives
            .iter()
            .map(depth)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }
}

/// Runs the pattern as an automaton: state `i` means that the first `i` parts are used up.
fn run(parts: &[Part], path: &str) -> Vec<bool> {
    let mut states = vec![false; parts.len() + 1];
    states[0] = true;
    skip_spans(parts, &mut states);
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let mut next = vec![false; parts.len() + 1];
        for (at, part) in parts.iter().enumerate().filter(|(at, _)| states[*at]) {
            match part {
                Part::Span => next[at] |= !segment.starts_with('.'),
                Part::Literal(name) => next[at + 1] |= name == segment,
                Part::Wildcard { matcher, dots } => {
                    let is_visible = *dots || !segment.starts_with('.');
                    next[at + 1] |= is_visible && matcher.is_match(segment);
                }
            }
        }
        skip_spans(parts, &mut next);
        states = next;
    }
    states
}

fn skip_spans(parts: &[Part], states: &mut [bool]) {
    for (at, part) in parts.iter().enumerate() {
        if states[at] && matches!(part, Part::Span) {
            states[at + 1] = true;
        }
    }
}

fn parts(pattern: &str) -> Option<Vec<Part>> {
    let segments: Vec<&str> = pattern
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    (segments.len() <= MAX_SEGMENTS).then(|| segments.into_iter().map(part).collect())
}

fn part(segment: &str) -> Part {
    if segment == "**" {
        return Part::Span;
    }
    if !segment.contains(['*', '?', '[']) {
        return Part::Literal(segment.to_owned());
    }
    match GlobBuilder::new(segment).literal_separator(true).build() {
        Ok(glob) => Part::Wildcard {
            matcher: glob.compile_matcher(),
            dots: segment.starts_with('.'),
        },
        Err(_) => Part::Literal(segment.to_owned()),
    }
}

fn expand(pattern: &str, expanded: &mut Vec<String>) -> Option<()> {
    let Some((before, choices, after)) = split_braces(pattern) else {
        expanded.push(pattern.to_owned());
        return (expanded.len() <= MAX_ALTERNATIVES).then_some(());
    };
    for choice in choices {
        expand(&format!("{before}{choice}{after}"), expanded)?;
    }
    Some(())
}

/// The first braces that hold a comma, as text before, choices, and text after.
fn split_braces(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    for (open, _) in pattern.match_indices('{') {
        let inside = &pattern[open + 1..];
        let mut depth = 0_usize;
        let mut start = 0;
        let mut choices = Vec::new();
        for (at, character) in inside.char_indices() {
            match character {
                '{' => depth += 1,
                ',' if depth == 0 => {
                    choices.push(&inside[start..at]);
                    start = at + 1;
                }
                '}' if depth == 0 => {
                    if choices.is_empty() {
                        break;
                    }
                    choices.push(&inside[start..at]);
                    return Some((&pattern[..open], choices, &inside[at + 1..]));
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_paths() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("*.yaml", &["a.yaml"], &[".a.yaml", "b/a.yaml", "a.yml"]),
            ("/x/*.yaml", &["x/a.yaml"], &["a.yaml", "x/y/a.yaml"]),
            (
                "**/catalog-info.yaml",
                &[
                    "catalog-info.yaml",
                    "a/catalog-info.yaml",
                    "a/b/catalog-info.yaml",
                ],
                &["a/.git/catalog-info.yaml", "a/xcatalog-info.yaml"],
            ),
            (
                "a/**/b/*.y?ml",
                &["a/b/x.yaml", "a/c/d/b/x.ysml"],
                &["b/x.yaml", "a/b/c/x.yaml"],
            ),
            (
                "{a,b/c}/*.{yaml,yml}",
                &["a/x.yaml", "b/c/x.yml"],
                &["b/x.yaml", "a/x.json"],
            ),
            ("[ab].txt", &["a.txt"], &["c.txt"]),
            (".github/*.yaml", &[".github/a.yaml"], &["github/a.yaml"]),
            (".*/x", &[".a/x"], &["a/x"]),
            (
                "a*a*a*a*a*a*a*b",
                &["aaaaaaaab"],
                &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
            ),
            ("a[", &["a["], &["a"]),
            ("x{y}", &[], &["x/y"]),
        ];
        for (pattern, matching, others) in cases {
            let compiled = PathPattern::new(pattern).unwrap();
            for path in *matching {
                assert!(compiled.matches(path), "{pattern} should match {path}");
            }
            for path in *others {
                assert!(!compiled.matches(path), "{pattern} should not match {path}");
            }
        }
    }

    #[test]
    fn folders_depths_and_descent() {
        let cases = [
            ("*.yaml", "", Some(1)),
            ("a/b/*.yaml", "a/b", Some(3)),
            ("a/b/**/c.yaml", "a/b", None),
            ("a/{b,c}/x", "a", Some(3)),
            ("{a/b,a/c/d}/*", "a", Some(4)),
        ];
        for (pattern, folder, depth) in cases {
            let compiled = PathPattern::new(pattern).unwrap();
            assert_eq!(compiled.folder(), folder, "{pattern}");
            assert_eq!(compiled.depth(), depth, "{pattern}");
        }
        let pattern = PathPattern::new("a/*/c/*.yaml").unwrap();
        for (folder, expected) in [
            ("", true),
            ("a", true),
            ("a/x", true),
            ("a/x/c", true),
            ("a/x/d", false),
            ("b", false),
        ] {
            assert_eq!(pattern.may_match_below(folder), expected, "{folder}");
        }
    }

    #[test]
    fn what_counts_as_a_pattern() {
        for (path, expected) in [
            ("a/*.yaml", true),
            ("a/**", true),
            ("a/{b,c}", true),
            ("a/{b}", false),
            ("app/[id]/x.yaml", false),
            ("a.yaml", false),
        ] {
            assert_eq!(is_pattern(path), expected, "{path}");
        }
    }

    #[test]
    fn exploding_patterns_are_refused() {
        assert!(PathPattern::new(&"{a,b}".repeat(7)).is_none());
        assert!(PathPattern::new(&"a/".repeat(100)).is_none());
        let slow = PathPattern::new(&"**/a/".repeat(30)).unwrap();
        assert!(!slow.matches(&"a/".repeat(29)));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_handled(pattern in ".{0,80}", path in "[a-c./*]{0,40}") {
            if let Some(compiled) = PathPattern::new(&pattern) {
                compiled.matches(&path);
                compiled.may_match_below(&path);
                compiled.folder();
            }
        }

        #[test]
        fn a_plain_path_matches_itself_only(path in "[a-c]{1,3}(/[a-c]{1,3}){0,3}") {
            let compiled = PathPattern::new(&path).unwrap();
            proptest::prop_assert!(compiled.matches(&path));
            let longer = format!("{path}/x");
            proptest::prop_assert!(!compiled.matches(&longer));
        }
    }
}
