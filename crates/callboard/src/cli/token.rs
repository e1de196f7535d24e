//! `callboard token create|list|revoke`: tokens of programs, kept as digests in the database.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};
use identity::{AccessToken, AccessTokens, DbStore, Restriction};
use platform::Clock;
use platform::config::{DiscoveryConfig, HumanDuration, nearest};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::output::{BOLD, say, stdout, styled, write_json};

use super::import::SummaryFormat;
use super::open::Target;
use super::{ConfigArgs, Verdict, block_on};

/// Every plugin there can be.
const PLUGINS: &[&str] = &[
    "app",
    "audit",
    "auth",
    "callboard",
    "catalog",
    "notifications",
    "permission",
    "proxy",
    "scaffolder",
    "scim",
    "signals",
    "techdocs",
    "user-settings",
];

/// Subcommands of `token`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it; it cannot be shown again.
    Create(CreateArgs),
    /// List tokens, without themselves.
    List(ListArgs),
    /// End a token; every replica refuses it within a minute.
    Revoke(RevokeArgs),
}

/// Arguments of `token create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Who will show the token, for example `ci`; it appears in logs.
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// Limit the token to a plugin, and there to some permissions: `catalog` or
    /// `catalog:catalog.entity.read,catalog.entity.refresh`; may be repeated.
    #[arg(long, value_name = "PLUGIN[:PERMISSIONS]", value_parser = restriction)]
    only: Vec<Restriction>,
    /// How long the token lives, for example `90 days`; for ever when absent.
    #[arg(long, value_name = "DURATION")]
    expires: Option<HumanDuration>,
}

/// Arguments of `token list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// How tokens are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
}

/// Arguments of `token revoke`.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Id of the token, as `token list` has it.
    id: String,
}

impl TokenCommand {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::Create(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Revoke(args) => args.run(),
        }
    }
}

fn operate<T, F>(config: &ConfigArgs, work: F) -> anyhow::Result<T>
where
    F: AsyncFnOnce(AccessTokens) -> platform::Result<T>,
{
    let target = Target::of(config)?;
    block_on(async {
        let store = Arc::new(DbStore::new(target.open().await?));
        Ok(work(AccessTokens::new(store, Clock::system())).await?)
    })
}

impl CreateArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let lifetime = self.expires.map(HumanDuration::get);
        require_known(&self.only, &Target::of(&self.config)?.sections.discovery)?;
        let (token, secret) = operate(&self.config, async |tokens| {
            tokens
                .create(&self.subject, self.only.clone(), lifetime)
                .await
        })?;
        say(format_args!(
            "token {} of {}; it is shown only now:",
            styled(BOLD, &token.id),
            token.subject
        ));
        let mut out = stdout();
        writeln!(out, "{}", secret.expose())?;
        out.flush()?;
        Ok(Verdict::Fine)
    }
}

impl ListArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let tokens = operate(&self.config, async |tokens| tokens.list().await)?;
        let now = Clock::system().now();
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => {
                let all: Vec<Value> = tokens.iter().map(|token| as_json(token, now)).collect();
                write_json(&mut out, &all)?;
            }
            SummaryFormat::Text => {
                for token in &tokens {
                    writeln!(out, "{}", line(token, now))?;
                }
            }
        }
        out.flush()?;
        Ok(Verdict::Fine)
    }
}

impl RevokeArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let was_good = operate(&self.config, async |tokens| tokens.revoke(&self.id).await)?;
        if was_good {
            say(format_args!("token {} is revoked", self.id));
        } else {
            say(format_args!("there is no token `{}` to revoke", self.id));
        }
        Ok(Verdict::wrong_if(!was_good))
    }
}

fn state(token: &AccessToken, now: i64) -> &'static str {
    match token.revoked_at {
        Some(_) => "revoked",
        None if token.is_good(now) => "good",
        None => "expired",
    }
}

fn line(token: &AccessToken, now: i64) -> String {
    let mut parts = vec![
        token.id.clone(),
        state(token, now).to_owned(),
        token.subject.clone(),
    ];
    if let Some(end) = token.expires_at.and_then(date) {
        parts.push(format!("until {end}"));
    }
    let limits: Vec<String> = token.restrictions.iter().map(limit).collect();
    if !limits.is_empty() {
        parts.push(format!("only {}", limits.join(" ")));
    }
    parts.join("  ")
}

fn limit(restriction: &Restriction) -> String {
    if restriction.permissions.is_empty() {
        return restriction.plugin.clone();
    }
    format!(
        "{}:{}",
        restriction.plugin,
        restriction.permissions.join(",")
    )
}

fn as_json(token: &AccessToken, now: i64) -> Value {
    json!({
        "id": token.id,
        "state": state(token, now),
        "subject": token.subject,
        "only": token.restrictions.iter().map(limit).collect::<Vec<_>>(),
        "createdAt": date(token.created_at),
        "expiresAt": token.expires_at.and_then(date),
        "revokedAt": token.revoked_at.and_then(date),
    })
}

fn date(millis: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(millis / 1_000).ok()?;
    time.format(&Rfc3339).ok()
}

/// A token for a plugin that nobody has would open nothing, and nobody would know why.
fn require_known(only: &[Restriction], discovery: &DiscoveryConfig) -> anyhow::Result<()> {
    let elsewhere = discovery.endpoints.iter();
    let elsewhere = elsewhere.flat_map(|it| it.plugins.iter().map(String::as_str));
    let known: Vec<&str> = PLUGINS.iter().copied().chain(elsewhere).collect();
    for Restriction { plugin, .. } in only {
        if known.contains(&plugin.as_str()) {
            continue;
        }
        match nearest(plugin, known.iter().copied()) {
            Some(close) => bail!("there is no plugin `{plugin}`; did you mean `{close}`?"),
            None => bail!(
                "there is no plugin `{plugin}`; there are {}",
                known.join(", ")
            ),
        }
    }
    Ok(())
}

fn restriction(text: &str) -> Result<Restriction, String> {
    let (plugin, permissions) = text.split_once(':').unwrap_or((text, ""));
    if plugin.is_empty() {
        return Err("name a plugin before the permissions".to_owned());
    }
    let permissions = permissions.split(',').map(str::trim);
    Ok(Restriction {
        plugin: plugin.to_owned(),
        permissions: permissions
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        actions: Vec::new(),
    })
}
