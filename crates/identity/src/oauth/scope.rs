//! Scopes: lists written with spaces, commas or bars between.

/// The scopes of a text.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    let is_between = |c: char| c.is_whitespace() || c == ',' || c == '|';
    text.split(is_between).filter(|scope| !scope.is_empty())
}

/// All scopes once, in order of first appearance, with spaces between.
pub(crate) fn join<'s>(scopes: impl IntoIterator<Item = &'s str>) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for scope in scopes {
        if !seen.contains(&scope) {
            seen.push(scope);
        }
    }
    seen.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_listed_once() {
        for (text, expected) in [
            ("", ""),
            ("openid", "openid"),
            ("openid  email,profile|openid", "openid email profile"),
        ] {
            assert_eq!(join(split(text)), expected);
        }
    }
}
