//! The callers: their tokens are made over the database of the portal, with its keys.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{DbStore, HttpFetch, Identity, Settings, Stage, Surroundings};
use platform::Clock;
use serde_json::{Value, json};

use crate::portal::Portal;

/// Token of a program that may read entities only.
pub(crate) const RESTRICTED: &str = "sweep-restricted-0d1f5a";

/// Somebody who asks.
pub(crate) struct Caller {
    pub(crate) token: Option<String>,
}

impl Caller {
    /// Who they are, in the order of [`Caller::all`] and of the columns of the table.
    pub(crate) const NAMES: [&str; 9] = [
        "none",       // no token
        "garbage",    // a text that is no token
        "expired",    // a user's token of yesterday
        "audience",   // a token for another plugin
        "limited",    // a user's token for cookies
        "restricted", // a program that may read entities only
        "nobody",     // a user without any role
        "other",      // a user who may read entities, and owns nothing here
        "root",       // a user who may everything
    ];

    pub(crate) async fn all(portal: &Portal) -> Vec<Self> {
        let now = Clock::system();
        let yesterday = Clock::fixed(now.now() - 7_500_000);
        let (present, past) = (identity(portal, now), identity(portal, yesterday));
        let user = async |identity: &Identity, name: &str| {
            let user = format!("user:default/{name}");
            let owns = vec![user.clone()];
            identity.issue_user_token(&user, owns).await.unwrap().token
        };
        let root = user(&present, "root").await;
        let tokens = [
            None,
            Some("garbage".to_owned()),
            Some(user(&past, "root").await),
            Some(
                present
                    .issue_plugin_token("lab", "elsewhere", None)
                    .await
                    .unwrap(),
            ),
            Some(limited(&root)),
            Some(RESTRICTED.to_owned()),
            Some(user(&present, "nobody").await),
            Some(user(&present, "other").await),
            Some(root),
        ];
        // A key that was made just now is known everywhere after a moment.
        tokio::time::sleep(Duration::from_millis(100)).await;
        tokens.map(|token| Self { token }).into()
    }
}

fn identity(portal: &Portal, clock: Clock) -> Arc<Identity> {
    let base_url: String = portal.config.read("backend.baseUrl").unwrap().unwrap();
    let base_url: url::Url = base_url.parse().unwrap();
    let settings = Settings::from_config(
        base_url.clone(),
        base_url,
        Stage::Production,
        &portal.config.section("auth").unwrap(),
        &platform::config::BackendAuthConfig::default(),
        &platform::config::DiscoveryConfig::default(),
    );
    let surroundings = Surroundings {
        store: Arc::new(DbStore::new(portal.db.clone())),
        fetch: Arc::new(HttpFetch::new().unwrap()),
        directory: None,
        clock,
    };
    Identity::new(settings.unwrap(), surroundings).unwrap()
}

/// The token that a cookie would have: its signature is a claim of the user's token.
fn limited(token: &str) -> String {
    let part = |at: usize| -> Value {
        let part = token.split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (header, claims) = (part(0), part(1));
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header =
        json!({"typ": "vnd.backstage.limited-user", "alg": header["alg"], "kid": header["kid"]});
    let own = json!({"sub": claims["sub"], "iat": claims["iat"], "exp": claims["exp"]});
    format!(
        "{}.{}.{}",
        encode(header),
        encode(own),
        claims["uip"].as_str().unwrap()
    )
}
