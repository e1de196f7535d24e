//! Signed tokens in compact form: strict parsing, and one place that signs and verifies.
//!
//! Invariants: nothing of a token is believed before [`Jws::is_signed_by`] said yes, and the
//! algorithm is chosen by the key's owner, never by the token.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use platform::{Error, Result};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Longest token that is issued or looked at, in bytes.
pub(crate) const MAX_TOKEN_LENGTH: usize = 32_768;

static PADDED: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What the first part of a token says.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    /// Kind of token.
    pub(crate) typ: Option<String>,
    /// Algorithm; a token that names none we know is no token.
    pub(crate) alg: Algorithm,
    /// Key id.
    pub(crate) kid: Option<String>,
    /// Extensions that must be understood; we understand none.
    crit: Option<Value>,
}

/// What the second part of a token says, as far as anything here asks.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: Option<String>,
    pub(crate) sub: Option<String>,
    #[serde(default, deserialize_with = "one_or_many")]
    pub(crate) aud: Vec<String>,
    #[serde(default, deserialize_with = "numeric_date")]
    pub(crate) iat: Option<i64>,
    #[serde(default, deserialize_with = "numeric_date")]
    pub(crate) nbf: Option<i64>,
    #[serde(default, deserialize_with = "numeric_date")]
    pub(crate) exp: Option<i64>,
    /// Proof of the user's identity: the signature of the limited token.
    pub(crate) uip: Option<String>,
    /// The program that a user's token was given to.
    pub(crate) azp: Option<String>,
    /// What a program's token is limited to.
    pub(crate) scope: Option<String>,
    /// The limited token of the user on whose behalf a plugin calls.
    pub(crate) obo: Option<String>,
}

/// A token taken apart.
#[derive(Debug)]
pub(crate) struct Jws<'t> {
    pub(crate) header: Header,
    pub(crate) claims: Claims,
    signing_input: &'t str,
    signature: &'t str,
    alphabet: &'static GeneralPurpose,
}

impl<'t> Jws<'t> {
    /// Takes a token apart; `None` when it is not one.
    pub(crate) fn parse(token: &'t str) -> Option<Self> {
        Self::parse_as(token, &URL_SAFE_NO_PAD)
    }

    /// Takes apart a token whose parts may be padded: AWS writes them so, and signs the padding too.
    pub(crate) fn parse_padded(token: &'t str) -> Option<Self> {
        let jws = Self::parse_as(token, &PADDED)?;
        let signature = jws.signature.trim_end_matches('=');
        Some(Self { signature, ..jws })
    }

    fn parse_as(token: &'t str, alphabet: &'static GeneralPurpose) -> Option<Self> {
        if token.len() > MAX_TOKEN_LENGTH {
            return None;
        }
        let (signing_input, signature) = token.rsplit_once('.')?;
        let (header_part, claims) = signing_input.split_once('.')?;
        let header: Header = decode_part(header_part, alphabet)?;
        if header.crit.is_some() || claims.contains('.') {
            return None;
        }
        Some(Self {
            header,
            claims: decode_part(claims, alphabet)?,
            signing_input,
            signature,
            alphabet,
        })
    }

    /// Everything the first part says.
    pub(crate) fn whole_header(&self) -> Option<Map<String, Value>> {
        decode_part(self.signing_input.split_once('.')?.0, self.alphabet)
    }

    /// Everything the second part says.
    pub(crate) fn payload(&self) -> Option<Map<String, Value>> {
        decode_part(self.signing_input.split_once('.')?.1, self.alphabet)
    }

    /// Whether the key signed this token with the algorithm.
    pub(crate) fn is_signed_by(&self, key: &DecodingKey, algorithm: Algorithm) -> bool {
        self.header.alg == algorithm
            && crypto::verify(
                self.signature,
                self.signing_input.as_bytes(),
                key,
                algorithm,
            )
            .unwrap_or(false)
    }
}

/// `header.payload.signature` of two JSON texts.
pub(crate) fn sign(header: &str, payload: &str, key: &EncodingKey) -> Result<String> {
    let input = signing_input(header, payload);
    let signature = sign_input(&input, key)?;
    Ok(format!("{input}.{signature}"))
}

/// The text that a signature covers.
pub(crate) fn signing_input(header: &str, payload: &str) -> String {
    let mut input = URL_SAFE_NO_PAD.encode(header);
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut input);
    input
}

/// The third part for a text made by [`signing_input`].
pub(crate) fn sign_input(input: &str, key: &EncodingKey) -> Result<String> {
    crypto::sign(input.as_bytes(), key, Algorithm::ES256)
        .map_err(|error| Error::internal("signing a token failed").with_source(error))
}

fn decode_part<T: for<'de> Deserialize<'de>>(part: &str, alphabet: &GeneralPurpose) -> Option<T> {
    let json = alphabet.decode(part).ok()?;
    serde_json::from_slice(&json).ok()
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

/// Seconds since the epoch; some issuers write fractions.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let seconds = number
        .as_i64()
        .or_else(|| number.as_f64().map(|seconds| seconds.floor() as i64));
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.c2ln", signing_input(header, claims))
    }

    #[test]
    fn only_well_formed_tokens_are_taken_apart() {
        let header = r#"{"typ":"t","alg":"ES256","kid":"k"}"#;
        let cases = [
            ("well formed", token(header, r#"{"sub":"a"}"#), true),
            (
                "fractions",
                token(header, r#"{"exp":1.5,"aud":["a","b"]}"#),
                true,
            ),
            ("no kid", token(r#"{"alg":"HS256"}"#, "{}"), true),
            ("alg none", token(r#"{"alg":"none"}"#, "{}"), false),
            ("alg None", token(r#"{"alg":"None"}"#, "{}"), false),
            ("no alg", token(r#"{"typ":"t"}"#, "{}"), false),
            (
                "twice alg",
                token(r#"{"alg":"ES256","alg":"HS256"}"#, "{}"),
                false,
            ),
            (
                "crit",
                token(r#"{"alg":"ES256","crit":["b64"]}"#, "{}"),
                false,
            ),
            (
                "twice sub",
                token(header, r#"{"sub":"a","sub":"b"}"#),
                false,
            ),
            ("claims are no object", token(header, "[]"), false),
            ("exp is text", token(header, r#"{"exp":"9"}"#), false),
            ("one part", "abc".to_owned(), false),
            ("two parts", "abc.def".to_owned(), false),
            ("four parts", format!("{}.x", token(header, "{}")), false),
            ("empty", String::new(), false),
            ("padding", token(header, "{}").replacen('.', "=.", 1), false),
            (
                "too long",
                token(header, &" ".repeat(MAX_TOKEN_LENGTH)),
                false,
            ),
            ("deep", token(header, &"[".repeat(10_000)), false),
        ];
        for (name, token, expected) in cases {
            assert_eq!(Jws::parse(&token).is_some(), expected, "{name}");
        }
    }
}
