//! JSON pointers (RFC 6901): building and reading them.

use std::borrow::Cow;
use std::fmt::Write;

/// Appends one reference token to a pointer.
pub fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    if key.contains(['~', '/']) {
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(key);
    }
}

/// Appends an array index to a pointer.
pub fn push_index(pointer: &mut String, index: usize) {
    // Writing to a String cannot fail.
    _ = write!(pointer, "/{index}");
}

/// The pointer to a member of what `base` points at.
pub fn member(base: &str, key: &str) -> String {
    let mut pointer = base.to_owned();
    push_key(&mut pointer, key);
    pointer
}

/// The unescaped reference tokens of a pointer, outermost first.
pub fn tokens(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    pointer.split('/').skip(1).map(|token| {
        if token.contains('~') {
            Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
        } else {
            Cow::Borrowed(token)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_escaping() {
        let keys = ["", "a", "a/b", "m~n", "~1", "ä ö"];
        let mut pointer = String::new();
        for key in keys {
            push_key(&mut pointer, key);
        }
        push_index(&mut pointer, 7);
        assert_eq!(pointer, "//a/a~1b/m~0n/~01/ä ö/7");
        assert_eq!(
            tokens(&pointer).collect::<Vec<_>>(),
            [&keys[..], &["7"]].concat()
        );
        assert_eq!(tokens("").count(), 0);
    }
}
