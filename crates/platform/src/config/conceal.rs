//! Hides what is secret inside of texts that are not secret as a whole: credentials and tokens of
//! URLs, addresses of webhooks, passwords of connection strings.

use super::secret::{REDACTED, Secret};

/// Parts of names that tell a secret.
const SECRET_NAMES: [&str; 16] = [
    "token",
    "bearer",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "authorization",
    "cookie",
    "apikey",
    "accesskey",
    "accountkey",
    "privatekey",
    "signingkey",
    "connectionstring",
    "dsn",
];
/// Names that are a secret as a whole.
const SHORT_NAMES: [&str; 2] = ["key", "pat"];
/// Ends of names that tell a secret.
const ENDS: [&str; 2] = ["pass", "pwd"];
/// Beginnings of the tokens of well-known hosts.
const TOKEN_BEGINNINGS: [&str; 9] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
];
/// Names of parameters that are secret besides.
const PARAMETERS: [&str; 8] = [
    "pwd",
    "pass",
    "sig",
    "signature",
    "sas",
    "auth",
    "jwt",
    "sharedaccesskey",
];
/// A user name as long as this is a token.
const MIN_TOKEN_LEN: usize = 16;

/// Whether something of this name is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = folded(name);
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// Whether something of this name is a secret when it is a text.
pub(super) fn is_secret_text_name(name: &str) -> bool {
    let folded = folded(name);
    SHORT_NAMES.contains(&folded.as_str())
        || ENDS.iter().any(|end| folded.ends_with(end))
        || is_secret_name(name)
}

/// Whether a text is a secret by its looks: a private key, a signed token, a token of a known host.
fn is_secret_value(text: &str) -> bool {
    let text = text.trim();
    let is_signed_token = || {
        let mut parts = text.split('.');
        let is_json = |part: Option<&str>| part.is_some_and(|part| part.starts_with("eyJ"));
        is_json(parts.next()) && is_json(parts.next()) && parts.count() == 1
    };
    text.contains("PRIVATE KEY-----")
        || is_signed_token()
        || TOKEN_BEGINNINGS.iter().any(|begin| text.starts_with(begin))
}

fn folded(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// The text without what is secret in it; that is added to `secrets`.
pub(super) fn conceal(text: &str, secrets: &mut Vec<Secret>) -> String {
    if is_secret_value(text) {
        secrets.push(Secret::new(text));
        return REDACTED.to_owned();
    }
    if let Some(shown) = authorization(text, secrets) {
        return shown;
    }
    let text = if text.matches("://").count() > 1 {
        let words = text.split_inclusive([' ', ',', '\t', '\n']);
        words.map(|word| url(word, secrets)).collect()
    } else {
        url(text, secrets)
    };
    parameters(&text, secrets)
}

/// `Bearer ***` for the value of an authorization header.
pub(super) fn authorization(text: &str, secrets: &mut Vec<Secret>) -> Option<String> {
    let (scheme, credential) = text.split_once(' ')?;
    if !["bearer", "basic", "token"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return None;
    }
    secrets.push(Secret::new(credential));
    Some(format!("{scheme} {REDACTED}"))
}

/// Whoever knows the address of a webhook may use it.
pub(super) fn is_webhook(key: &str, text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    host.starts_with("hooks.")
        || folded(key).contains("webhook")
        || rest.to_ascii_lowercase().contains("webhook")
}

/// A URL of which only scheme and host are shown.
pub(super) fn host_only(text: &str, secrets: &mut Vec<Secret>) -> String {
    let shown = url(text, secrets);
    let Some((scheme, rest)) = shown.split_once("://") else {
        return shown;
    };
    let Some(end) = rest.find(['/', '?', '#']) else {
        return shown;
    };
    let (host, path) = rest.split_at(end);
    let path = &path[1..];
    if path.is_empty() {
        return shown;
    }
    secrets.push(Secret::new(path));
    format!("{scheme}://{host}/{REDACTED}")
}

/// The URL without its credentials.
fn url(text: &str, secrets: &mut Vec<Secret>) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // The last `@` ends the credentials, also when a password has one that is not escaped.
    let at = rest[..end].rfind('@').or_else(|| rest.rfind('@'));
    let Some(at) = at else { return text.to_owned() };
    let (credentials, host) = rest.split_at(at);
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let is_token = user.len() >= MIN_TOKEN_LEN || matches!(password, "" | "x-oauth-basic");
    if is_token && !user.is_empty() {
        secrets.push(Secret::new(user));
    }
    if !matches!(password, "" | "x-oauth-basic") {
        secrets.push(Secret::new(password));
    }
    format!("{scheme}://{REDACTED}{host}")
}

/// The text without the values of `name=value` whose name tells a secret: in queries of URLs and in
/// connection strings.
fn parameters(text: &str, secrets: &mut Vec<Secret>) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('=') {
        let (before, after) = rest.split_at(at + 1);
        shown.push_str(before);
        let start = before[..at]
            .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .map_or(0, |at| at + 1);
        let name = before[..at].get(start..).unwrap_or_default();
        let is_secret = is_secret_text_name(name) || PARAMETERS.contains(&folded(name).as_str());
        let value = value_of(after);
        if is_secret && !matches!(value, "" | REDACTED) {
            secrets.push(Secret::new(value.trim_matches(['\'', '"'])));
            shown.push_str(REDACTED);
            rest = &after[value.len()..];
        } else {
            rest = after;
        }
    }
    shown.push_str(rest);
    shown
}

/// The value at the start of a text: up to what separates parameters, or what is in quotes.
fn value_of(text: &str) -> &str {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let end = match quote {
        Some(quote) => text[1..].find(quote).map(|at| at + 2),
        None => text.find(['&', ';', '#', ',', ' ', '\t', '\n']),
    };
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_secret_is_hidden() {
        let table = [
            (
                "https://portal.example/a?b=c#d",
                "https://portal.example/a?b=c#d",
                &[][..],
            ),
            ("https://u:hunter22@h/a", "https://***@h/a", &["hunter22"]),
            ("https://ghp_123@h/a", "https://***@h/a", &["ghp_123"]),
            (
                "https://ghp_123:x-oauth-basic@h",
                "https://***@h",
                &["ghp_123"],
            ),
            ("https://u:p@ss@h/a", "https://***@h/a", &["p@ss"]),
            (
                "http://a:p1@x/, http://b:p2@y/",
                "http://***@x/, http://***@y/",
                &["p1", "p2"],
            ),
            (
                "https://h/a?x=1&access_token=abc&y=2",
                "https://h/a?x=1&access_token=***&y=2",
                &["abc"],
            ),
            ("/hook?key=abc#top", "/hook?key=***#top", &["abc"]),
            (
                "https://h/a?sv=1&sig=a%2Bb%3D",
                "https://h/a?sv=1&sig=***",
                &["a%2Bb%3D"],
            ),
            (
                "https://h/#id_token=abc",
                "https://h/#id_token=***",
                &["abc"],
            ),
            (
                "host=db user=u password=hunter22 dbname=x",
                "host=db user=u password=*** dbname=x",
                &["hunter22"],
            ),
            ("password='a b' host=db", "password=*** host=db", &["a b"]),
            (
                "Server=db;Pwd=hunter22;Db=x",
                "Server=db;Pwd=***;Db=x",
                &["hunter22"],
            ),
            (
                "AccountName=a;AccountKey=ab==;E=x",
                "AccountName=a;AccountKey=***;E=x",
                &["ab=="],
            ),
            ("Bearer abc", "Bearer ***", &["abc"]),
            ("password= ä=1", "password= ä=1", &[]),
            (
                "eyJhbGciOiJI.eyJzdWIi.c2ln",
                "***",
                &["eyJhbGciOiJI.eyJzdWIi.c2ln"],
            ),
            ("eyJust.a.word", "eyJust.a.word", &[]),
            ("glpat-abc", "***", &["glpat-abc"]),
            (
                "-----BEGIN PRIVATE KEY-----\nMII",
                "***",
                &["-----BEGIN PRIVATE KEY-----\nMII"],
            ),
        ];
        for (text, expected, hidden) in table {
            let mut secrets = Vec::new();
            assert_eq!(conceal(text, &mut secrets), expected, "{text}");
            let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
            assert_eq!(secrets, hidden, "{text}");
        }
    }

    #[test]
    fn of_webhooks_only_the_host_is_shown() {
        let table = [
            ("url", "https://hooks.slack.com/services/T0/B0/x", true),
            ("url", "https://discord.com/api/webhooks/1/x", true),
            ("alertWebhook", "https://chat.example/x", true),
            ("url", "https://chat.example/x", false),
            ("webhookPath", "/api/events", false),
        ];
        for (key, text, expected) in table {
            assert_eq!(is_webhook(key, text), expected, "{key}: {text}");
        }
        let mut secrets = Vec::new();
        let shown = host_only("https://hooks.slack.com/services/T0/B0/x", &mut secrets);
        assert_eq!(shown, "https://hooks.slack.com/***");
        assert_eq!(secrets[0].expose(), "services/T0/B0/x");
    }
}
