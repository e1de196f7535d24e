//! What a provider says of a person.

use serde::Serialize;

/// What a provider says of a person. Only what it vouches for: an email address it did not verify is
/// not here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) id: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) preferred_username: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) picture: Option<String>,
    /// Names of the claims that came, for operators.
    pub(crate) claims: Vec<String>,
    /// Why there is no email address although one came.
    pub(crate) email_doubt: Option<&'static str>,
}

/// One of the [`Facts`] that resolvers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    Id,
    Username,
    PreferredUsername,
    Email,
}

impl Fact {
    /// Its name in texts for operators.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Username => "username",
            Self::PreferredUsername => "preferred username",
            Self::Email => "email",
        }
    }
}

/// What the front end shows of a person.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile<'f> {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'f str>,
}

impl Facts {
    pub(crate) fn get(&self, fact: Fact) -> Option<&str> {
        let value = match fact {
            Fact::Id => &self.id,
            Fact::Username => &self.username,
            Fact::PreferredUsername => &self.preferred_username,
            Fact::Email => &self.email,
        };
        value.as_deref()
    }

    /// What is known, by name.
    pub(crate) fn list(&self) -> Vec<(&'static str, String)> {
        let facts = [
            Fact::Id,
            Fact::Username,
            Fact::PreferredUsername,
            Fact::Email,
        ];
        let known = facts.into_iter();
        known
            .filter_map(|fact| Some((fact.name(), self.get(fact)?.to_owned())))
            .collect()
    }

    /// What the front end shows.
    pub(crate) fn profile(&self) -> Profile<'_> {
        let name = self.display_name.as_deref();
        Profile {
            email: self.email.as_deref(),
            picture: self.picture.as_deref(),
            display_name: name.or(self.username.as_deref()),
        }
    }
}
