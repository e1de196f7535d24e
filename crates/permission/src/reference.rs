//! References in policies: complete ones only, of users, groups and roles.

use model::EntityRef;

const MAX_PART: usize = 63;

/// Which kinds are taken at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// Users, groups and roles.
    Any,
    /// Roles.
    Role,
    /// Users and groups.
    Owner,
}

/// Fails with the text of Backstage's plugin unless the reference may be there.
pub(crate) fn check(text: &str, kinds: Kinds) -> Result<(), String> {
    if text.is_empty() {
        return Err("'entityReference' must not be empty".to_owned());
    }
    let parsed: EntityRef = text
        .parse()
        .map_err(|error: model::RefError| error.message)?;
    if parsed_text(&parsed) != text {
        return Err(format!(
            "entity reference '{text}' does not match the required format \
             [<kind>:][<namespace>/]<name>. Provide, please, full entity reference."
        ));
    }
    check_kind(&parsed.kind, kinds)?;
    let (name, namespace) = (&parsed.name, &parsed.namespace);
    if !is_words(name, &['.', '_', '-'], false) {
        return Err(format!(
            "The name '{name}' in the entity reference must be a string that is sequences of \
             [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total"
        ));
    }
    if !is_words(namespace, &['-'], true) {
        return Err(format!(
            "The namespace '{namespace}' in the entity reference must be a string that is \
             sequences of [a-z0-9] separated by [-], at most 63 characters in total"
        ));
    }
    Ok(())
}

fn parsed_text(reference: &EntityRef) -> String {
    format!(
        "{}:{}/{}",
        reference.kind, reference.namespace, reference.name
    )
}

fn check_kind(kind: &str, kinds: Kinds) -> Result<(), String> {
    let (is_taken, supported) = match kinds {
        Kinds::Role => (kind == "role", "Supported value should be \"role\""),
        Kinds::Owner => (
            matches!(kind, "user" | "group"),
            "List supported values [\"user\", \"group\"]",
        ),
        Kinds::Any => (
            matches!(kind, "user" | "group" | "role"),
            "List supported values [\"user\", \"group\", \"role\"]",
        ),
    };
    if is_taken {
        return Ok(());
    }
    Err(format!("Unsupported kind {kind}. {supported}"))
}

/// Letters and digits, with single separators between them.
fn is_words(text: &str, separators: &[char], is_lower: bool) -> bool {
    let is_plain = |c: char| {
        c.is_ascii_digit()
            || if is_lower {
                c.is_ascii_lowercase()
            } else {
                c.is_ascii_alphabetic()
            }
    };
    text.len() <= MAX_PART
        && text
            .split(separators)
            .all(|word| !word.is_empty() && word.chars().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_complete_and_plain() {
        let long = format!("role:default/{}", "a".repeat(64));
        let cases = [
            ("role:default/admin", Kinds::Any, ""),
            ("user:my-team/Jane.Doe_2", Kinds::Any, ""),
            ("group:default/a", Kinds::Owner, ""),
            ("", Kinds::Any, "must not be empty"),
            ("admin", Kinds::Any, "had missing or empty kind"),
            (
                "role:admin",
                Kinds::Any,
                "does not match the required format",
            ),
            (
                "user:default/a",
                Kinds::Role,
                "Supported value should be \"role\"",
            ),
            ("role:default/a", Kinds::Owner, "[\"user\", \"group\"]"),
            (
                "component:default/a",
                Kinds::Any,
                "Unsupported kind component",
            ),
            ("role:default/a--b", Kinds::Any, "The name 'a--b'"),
            ("role:default/a b", Kinds::Any, "The name 'a b'"),
            ("role:Default/a", Kinds::Any, "The namespace 'Default'"),
            (&long, Kinds::Any, "at most 63 characters"),
        ];
        for (text, kinds, expected) in cases {
            match check(text, kinds) {
                Ok(()) => assert_eq!(expected, "", "{text}"),
                Err(message) => {
                    assert!(
                        !expected.is_empty() && message.contains(expected),
                        "{message}"
                    );
                }
            }
        }
    }
}
