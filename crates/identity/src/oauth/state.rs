//! The `state` parameter: what the provider hands back with the browser. Reference 3 §2.3.
//!
//! Anybody can write one, so nothing in it is believed but that it belongs to the browser whose
//! cookie has the same nonce; origins and addresses are checked again when it comes back.

use platform::{Error, Result};
use url::form_urlencoded;

/// Longest state that is read.
const MAX_LENGTH: usize = 16_384;

/// What the provider hands back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) nonce: String,
    pub(crate) env: String,
    pub(crate) origin: Option<String>,
    pub(crate) redirect_url: Option<String>,
    pub(crate) flow: Option<String>,
    pub(crate) scope: Option<String>,
}

impl State {
    /// As the parameter has it.
    pub(crate) fn encode(&self) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("nonce", &self.nonce);
        pairs.append_pair("env", &self.env);
        let rest = [
            ("origin", &self.origin),
            ("redirectUrl", &self.redirect_url),
            ("flow", &self.flow),
            ("scope", &self.scope),
        ];
        for (name, value) in rest {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
        hex::encode(pairs.finish())
    }

    /// Reads the parameter.
    pub(crate) fn decode(text: &str) -> Result<Self> {
        let known = Some(text).filter(|text| text.len() <= MAX_LENGTH);
        let bytes = known.and_then(|text| hex::decode(text).ok());
        let bytes = bytes.unwrap_or_default();
        let mut state = Self::default();
        for (name, value) in form_urlencoded::parse(&bytes) {
            let value = value.into_owned();
            match &*name {
                "nonce" => state.nonce = value,
                "env" => state.env = value,
                "origin" => state.origin = Some(value),
                "redirectUrl" => state.redirect_url = Some(value),
                "flow" => state.flow = Some(value),
                "scope" => state.scope = Some(value),
                _ => {}
            }
        }
        if state.nonce.is_empty() {
            return Err(Error::forbidden("OAuth state is invalid, missing nonce"));
        }
        if state.env.is_empty() {
            return Err(Error::forbidden("OAuth state is invalid, missing env"));
        }
        Ok(state)
    }

    /// Whether the browser goes from page to page, without a window of its own for the provider.
    pub(crate) fn redirects(&self) -> bool {
        self.flow.as_deref() == Some("redirect")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_as_it_was() {
        let state = State {
            nonce: "n/+=1".into(),
            env: "production".into(),
            origin: Some("https://portal.acme.org".into()),
            redirect_url: Some("https://portal.acme.org/x?a=b&c=d".into()),
            flow: Some("redirect".into()),
            scope: Some("openid email".into()),
        };
        assert_eq!(State::decode(&state.encode()).unwrap(), state);
        assert!(state.redirects());
    }

    #[test]
    fn states_nobody_wrote_are_refused() {
        let long = "61".repeat(MAX_LENGTH);
        for (text, missing) in [
            ("", "nonce"),
            ("zz", "nonce"),
            ("6", "nonce"),
            ("é1", "nonce"),
            (&*hex::encode("env=a"), "nonce"),
            (&*hex::encode("nonce=a"), "env"),
            (&*hex::encode("nonce=&env=a"), "nonce"),
            (&*long, "nonce"),
        ] {
            let error = State::decode(text).unwrap_err();
            assert!(error.message().contains(missing), "{text}: {error}");
        }
    }
}
