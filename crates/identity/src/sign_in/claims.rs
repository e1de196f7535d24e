//! What a provider says, as it says it.

use serde_json::{Map, Value};

use super::facts::Facts;

/// What a provider said, from all sources.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims(pub(crate) Map<String, Value>);

impl Claims {
    /// The text or number below a JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> Option<String> {
        match self.at(pointer)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Whether it is `true` below a JSON pointer; some providers write it as a text.
    pub(crate) fn is_true(&self, pointer: &str) -> bool {
        match self.at(pointer) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }

    /// Whether there is something below a JSON pointer.
    pub(crate) fn has(&self, pointer: &str) -> bool {
        self.at(pointer).is_some_and(|value| !value.is_null())
    }

    /// The value below a JSON pointer.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        let mut parts = pointer.strip_prefix('/')?.split('/');
        let first = self.0.get(parts.next()?)?;
        parts.try_fold(first, |value, part| match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            value => value.get(part),
        })
    }

    /// Names of what came.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// When an email address counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The provider says that it verified it: anybody may have written it into their profile.
    IfVerified,
    /// The provider does not say that it did not: an organization manages its addresses.
    IfNotDenied,
}

/// The standard claims of OpenID Connect.
pub(crate) fn openid_facts(claims: &Claims, trust: Trust) -> Facts {
    let email = claims.text("/email");
    let is_verified = claims.is_true("/email_verified");
    let is_silent = !claims.has("/email_verified");
    let counts = is_verified || (trust == Trust::IfNotDenied && is_silent);
    let preferred_username = claims.text("/preferred_username");
    let username = claims.text("/username");
    Facts {
        id: claims.text("/sub"),
        username: username.or_else(|| preferred_username.clone()),
        preferred_username,
        email_doubt: (email.is_some() && !counts).then_some(
            "the provider sent an email address without `email_verified: true`, so it is not \
             believed; verify the address at the provider",
        ),
        email: email.filter(|_| counts),
        display_name: claims.text("/name"),
        picture: claims.text("/picture"),
        claims: claims.names(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_counts_only_if_it_was_verified() {
        let read = |json: Value, trust| {
            let Value::Object(map) = json else {
                panic!("{json}")
            };
            openid_facts(&Claims(map), trust)
        };
        let strict = Trust::IfVerified;
        let lenient = Trust::IfNotDenied;
        let cases = [
            (
                serde_json::json!({"email": "a@b", "email_verified": true}),
                true,
                true,
            ),
            (
                serde_json::json!({"email": "a@b", "email_verified": "true"}),
                true,
                true,
            ),
            (serde_json::json!({"email": "a@b"}), false, true),
            (
                serde_json::json!({"email": "a@b", "email_verified": false}),
                false,
                false,
            ),
            (
                serde_json::json!({"email": "a@b", "email_verified": "false"}),
                false,
                false,
            ),
            (
                serde_json::json!({"email": "a@b", "email_verified": 1}),
                false,
                false,
            ),
        ];
        for (json, by_strict, by_lenient) in cases {
            for (trust, expected) in [(strict, by_strict), (lenient, by_lenient)] {
                let facts = read(json.clone(), trust);
                assert_eq!(facts.email.is_some(), expected, "{json}");
                assert_eq!(facts.email_doubt.is_some(), !expected, "{json}");
            }
        }
    }
}
