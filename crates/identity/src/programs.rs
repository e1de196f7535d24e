//! Programs that have a token of their own, by name.

use platform::{Millis, Result};
use serde::Serialize;

use crate::Identity;
use crate::settings::{ExternalAccess, ExternalMethod};

/// A program that may call; nothing of its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Program {
    /// As what it is known.
    pub subject: String,
    /// Where its token comes from.
    pub kind: ProgramKind,
    /// Plugins it may call; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugins: Option<Vec<String>>,
    /// When its token ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
}

/// Where the token of a program comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProgramKind {
    /// `callboard token create`.
    Made,
    /// The configuration.
    Static,
    /// The configuration, as a secret of Backstage's older backend.
    Legacy,
    /// Another issuer, whose keys the configuration names.
    Jwks,
}

impl Identity {
    /// The programs that have a token of their own: those of the configuration, then those that
    /// operators made and that have not ended.
    pub async fn programs(&self) -> Result<Vec<Program>> {
        let configured = self.settings.external_access.iter().map(configured);
        let now = self.clock.now();
        let made = self.store.list_tokens().await?.into_iter();
        let made = made.filter(|token| token.is_good(now)).map(|token| {
            let only = token.restrictions.iter();
            let only: Vec<_> = only.map(|it| it.plugin.clone()).collect();
            Program {
                subject: token.subject,
                kind: ProgramKind::Made,
                plugins: (!only.is_empty()).then_some(only),
                expires_at: token.expires_at,
            }
        });
        Ok(configured.chain(made).collect())
    }
}

fn configured(access: &ExternalAccess) -> Program {
    let (subject, kind) = match &access.method {
        ExternalMethod::Static { subject, .. } => (subject.clone(), ProgramKind::Static),
        ExternalMethod::Legacy { subject, .. } => (subject.clone(), ProgramKind::Legacy),
        ExternalMethod::Jwks(jwks) => {
            let prefix = jwks.subject_prefix.as_ref();
            let subject = match prefix {
                Some(prefix) => format!("external:{prefix}:*"),
                None => "external:*".to_owned(),
            };
            (subject, ProgramKind::Jwks)
        }
    };
    let only = access.restrictions.as_ref();
    Program {
        subject,
        kind,
        plugins: only.map(|only| only.iter().map(|it| it.plugin.clone()).collect()),
        expires_at: None,
    }
}
