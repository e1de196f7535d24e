use async_trait::async_trait;
use serde_json::{Value, json};

use super::*;

/// Alice, bob, and twins who share an address.
struct People;

const ROWS: &[(&str, &str, &str)] = &[
    ("alice", "spec.profile.email", "alice@acme.org"),
    ("alice", "metadata.annotations.example.org/id", "a-1"),
    ("bob.b", "spec.profile.email", "bob@acme.org"),
    ("twin-a", "spec.profile.email", "twin@acme.org"),
    ("twin-b", "spec.profile.email", "twin@acme.org"),
];

#[async_trait]
impl Directory for People {
    async fn ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>> {
        let name = user_ref.strip_prefix("user:default/").unwrap();
        let known = ROWS.iter().any(|(known, _, _)| *known == name);
        Ok(known.then(|| vec![user_ref.to_owned()]))
    }

    async fn find_users(&self, filter: Filter, limit: usize) -> Result<Vec<String>> {
        let fits =
            |(_, key, value): &&(_, &str, &str)| filter.matches_rows(&[(*key, Some(*value))]);
        let found = ROWS.iter().filter(fits).take(limit);
        Ok(found
            .map(|(name, _, _)| format!("user:default/{name}"))
            .collect())
    }
}

fn facts(id: &str, username: &str, email: &str) -> Facts {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Facts {
        id: some(id),
        username: some(username),
        preferred_username: some(username),
        email: some(email),
        ..Facts::default()
    }
}

fn resolvers(config: &Value) -> Vec<Resolver> {
    let own: [Named; 3] = [
        ("usernameMatchingUserEntityName", Rule::Name(Fact::Username)),
        (
            "preferredUsernameMatchingUserEntityName",
            Rule::Name(Fact::PreferredUsername),
        ),
        (
            "idMatchingUserEntityAnnotation",
            Rule::Annotation("example.org/id".into(), Fact::Id),
        ),
    ];
    let config: Vec<ResolverConfig> = serde_json::from_value(config.clone()).unwrap();
    let made = config.iter().map(|config| Resolver::new(config, &own));
    made.collect::<Result<_, _>>().unwrap()
}

async fn outcome(config: &Value, facts: &Facts) -> String {
    match resolve(&resolvers(config), facts, &People).await.unwrap() {
        Ok(Resolved {
            user_ref,
            ownership: Some(_),
        }) => user_ref,
        Ok(Resolved { user_ref, .. }) => format!("stranger {user_ref}"),
        Err(unresolved) => unresolved.refusal.message,
    }
}

#[tokio::test]
async fn each_resolver_finds_its_users() {
    let email = "emailMatchingUserEntityProfileEmail";
    let local = "emailLocalPartMatchingUserEntityName";
    let name = "usernameMatchingUserEntityName";
    let id = "idMatchingUserEntityAnnotation";
    let no_email = "Login failed, user profile does not contain an email";
    let twins = "User lookup resulted in multiple matches";
    let cases = [
        (email, facts("", "", "alice@acme.org"), "user:default/alice"),
        (email, facts("", "", "Alice@ACME.org"), "user:default/alice"),
        (
            email,
            facts("", "", "alice+portal@acme.org"),
            "user:default/alice",
        ),
        (email, facts("", "", "+alice@acme.org"), UNRESOLVED),
        (email, facts("", "", "eve@acme.org"), UNRESOLVED),
        (email, facts("", "", "twin@acme.org"), twins),
        (email, facts("a-1", "alice", ""), no_email),
        (
            local,
            facts("", "", "alice@anywhere.org"),
            "user:default/alice",
        ),
        (local, facts("", "", "Bob.B@acme.org"), "user:default/bob.b"),
        (local, facts("", "", "alice+portal@acme.org"), UNRESOLVED),
        (local, facts("", "", "eve@acme.org"), UNRESOLVED),
        (name, facts("", "ALICE", ""), "user:default/alice"),
        (name, facts("", "eve", ""), UNRESOLVED),
        (name, facts("", "../alice", ""), UNRESOLVED),
        (
            name,
            facts("", "", "alice@acme.org"),
            "Login failed, user profile does not contain a username",
        ),
        (id, facts("a-1", "", ""), "user:default/alice"),
        (id, facts("a-2", "", ""), UNRESOLVED),
        (
            id,
            facts("", "alice", ""),
            "Login failed, user profile does not contain an id",
        ),
    ];
    for (resolver, facts, expected) in cases {
        let config = json!([{ "resolver": resolver }]);
        assert_eq!(
            outcome(&config, &facts).await,
            expected,
            "{resolver} {facts:?}"
        );
    }
}

#[tokio::test]
async fn the_next_resolver_is_asked_only_when_there_is_no_such_user() {
    let email = json!({"resolver": "emailMatchingUserEntityProfileEmail"});
    let name = json!({"resolver": "usernameMatchingUserEntityName"});
    let both = json!([email, name]);
    let cases = [
        (facts("", "bob.b", "alice@acme.org"), "user:default/alice"),
        (facts("", "bob.b", "eve@acme.org"), "user:default/bob.b"),
        (facts("", "eve", "eve@acme.org"), UNRESOLVED),
        (
            facts("", "bob.b", "twin@acme.org"),
            "User lookup resulted in multiple matches",
        ),
        (
            facts("", "bob.b", ""),
            "Login failed, user profile does not contain an email",
        ),
    ];
    for (facts, expected) in cases {
        assert_eq!(outcome(&both, &facts).await, expected, "{facts:?}");
    }
    assert_eq!(
        outcome(&json!([]), &facts("", "alice", "")).await,
        UNRESOLVED
    );
}

#[tokio::test]
async fn domains_may_be_limited() {
    for resolver in [
        "emailMatchingUserEntityProfileEmail",
        "emailLocalPartMatchingUserEntityName",
    ] {
        let config = json!([{"resolver": resolver, "allowedDomains": ["acme.org"]}]);
        for (email, allowed) in [
            ("alice@acme.org", true),
            ("alice@ACME.org", true),
            ("alice@evil.org", false),
            ("alice@acme.org@evil.org", false),
            ("alice@sub.acme.org", false),
            ("alice", false),
        ] {
            let found = outcome(&config, &facts("", "", email)).await;
            let refused = "Sign-in user email is not from an allowed domain";
            let expected = if allowed {
                "user:default/alice"
            } else {
                refused
            };
            assert_eq!(found, expected, "{resolver} {email}");
        }
    }
}

#[tokio::test]
async fn strangers_come_in_only_if_the_configuration_says_so() {
    let cases = [
        (
            "emailLocalPartMatchingUserEntityName",
            "stranger user:default/eve",
        ),
        (
            "usernameMatchingUserEntityName",
            "stranger user:default/eve-gh",
        ),
        (
            "emailMatchingUserEntityProfileEmail",
            "stranger user:default/eve@acme.org",
        ),
    ];
    for (resolver, stranger) in cases {
        for (lets_in, expected) in [(true, stranger), (false, UNRESOLVED)] {
            let config = json!([{
                "resolver": resolver,
                "dangerouslyAllowSignInWithoutUserInCatalog": lets_in,
            }]);
            let eve = facts("e-1", "Eve-GH", "eve@acme.org");
            assert_eq!(outcome(&config, &eve).await, expected, "{resolver}");
        }
    }
    // A name that reads as something else than a name is no name.
    for name in ["group:default/admins", "a/b", "a b", "a\nb", "x\u{0}"] {
        let config = json!([{
            "resolver": "usernameMatchingUserEntityName",
            "dangerouslyAllowSignInWithoutUserInCatalog": true,
        }]);
        assert_eq!(
            outcome(&config, &facts("", name, "")).await,
            UNRESOLVED,
            "{name}"
        );
    }
}

#[tokio::test]
async fn operators_learn_what_was_looked_for() {
    let config = json!([
        {"resolver": "emailMatchingUserEntityProfileEmail"},
        {"resolver": "idMatchingUserEntityAnnotation"},
    ]);
    let eve = facts("e-1", "", "eve+x@acme.org");
    let unresolved = resolve(&resolvers(&config), &eve, &People)
        .await
        .unwrap()
        .unwrap_err();
    let looked_for: Vec<_> = unresolved
        .steps
        .iter()
        .filter_map(|s| s.looked_for.as_deref())
        .collect();
    let expected = [
        "spec.profile.email `eve+x@acme.org`",
        "spec.profile.email `eve@acme.org`",
        "annotation `example.org/id: e-1`",
    ];
    assert_eq!(looked_for, expected);
    assert!(
        unresolved.fix.contains("annotation `example.org/id: e-1`"),
        "{}",
        unresolved.fix
    );
    assert!(!unresolved.refusal.message.contains("e-1"));
}
