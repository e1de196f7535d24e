//! Rule `file-size`: a file one can read in one sitting.

use super::Finding;
use super::source::Source;

const RULE: &str = "file-size";
/// Beyond this a file becomes `x.rs` and `x/`.
const AIM: usize = 500;
/// Beyond this the check fails.
const LIMIT: usize = 600;

pub(super) fn check(source: &Source<'_>) -> Option<Finding> {
    let n_lines = source.is_test.iter().filter(|is_test| !**is_test).count();
    let message = || format!("{n_lines} lines without tests, aim for {AIM}: split into `x/`");
    match n_lines {
        0..=AIM => None,
        _ if n_lines <= LIMIT => Some(Finding::warning(RULE, source.path, 0, message())),
        _ => Some(Finding::error(RULE, source.path, 0, message())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Severity, TextFile};
    use super::*;

    #[test]
    fn only_lines_outside_tests_count() {
        for (n_code, n_test, severity) in [
            (500, 0, None),
            (490, 900, None),
            (501, 0, Some(Severity::Warning)),
            (600, 0, Some(Severity::Warning)),
            (601, 0, Some(Severity::Error)),
        ] {
            let mut text = "fn a() {}\n".repeat(n_code);
            if n_test > 0 {
                text += "#[cfg(test)]
mod tests {
";
                text += &"fn a() {}
"
                .repeat(n_test);
                text += "}
";
            }
            let file = TextFile {
                path: "crates/x/src/a.rs".into(),
                text,
            };
            let found = check(&Source::of(&file).unwrap());
            assert_eq!(found.map(|it| it.severity), severity, "{n_code} {n_test}");
        }
    }
}
