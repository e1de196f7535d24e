//! `callboard login`, `logout`, `whoami`: the user of this machine at a running portal.

mod keep;
mod portal;

use std::io::Write as _;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use platform::Clock;
use platform::config::Environment;
use serde_json::Value;

use crate::output::{BOLD, YELLOW, say, stdout, styled, write_json};

use self::keep::Logins;
use self::portal::{Poll, Portal};
use super::import::SummaryFormat;
use super::{Verdict, block_on};

/// Scopes that are asked for unless the user says otherwise.
const SCOPES: &str = "openid offline_access";

/// Arguments of `login`.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Address of the portal, for example `https://portal.example.com`.
    url: String,
    /// Limit what commands may do: `portal:read`, `catalog:write` and so on; may be repeated.
    /// Everything you may when absent.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
}

/// Arguments of `logout`.
#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// Address of the portal; not needed when there is one only.
    url: Option<String>,
}

/// Arguments of `whoami`.
#[derive(Debug, Args)]
pub(crate) struct WhoamiArgs {
    /// Address of the portal; not needed when there is one only.
    url: Option<String>,
    /// How the answer is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
}

impl LoginArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let logins = Logins::of(&Environment::of_process())?;
        block_on(async {
            let portal = Portal::at(&self.url).await?;
            if !portal.is_private() {
                let warning = styled(YELLOW, "warning");
                say(format_args!(
                    "{warning}: the address is not `https`; others may read your token"
                ));
            }
            let begun = portal.begin(&self.scopes()).await?;
            say(format_args!(
                "Open {} and type {}",
                begun.verification_uri,
                styled(BOLD, &begun.user_code)
            ));
            say(format_args!("or open {}", begun.verification_uri_complete));
            let mut pause = begun.interval.clamp(1, 60);
            let tokens = loop {
                tokio::time::sleep(Duration::from_secs(pause)).await;
                match portal.poll(&begun.device_code).await? {
                    Poll::Given(tokens) => break tokens,
                    Poll::Wait => {}
                    Poll::SlowDown => pause += 5,
                }
            };
            logins.save(portal.base(), &portal.login(tokens, Clock::system().now()))?;
            let who = portal.who_am_i(&logins).await?;
            say(format_args!(
                "you are {} at {}",
                subject(&who),
                portal.base()
            ));
            Ok(Verdict::Fine)
        })
    }

    fn scopes(&self) -> String {
        let own = self.scope.iter().map(String::as_str);
        [SCOPES]
            .into_iter()
            .chain(own)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl LogoutArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let logins = Logins::of(&Environment::of_process())?;
        let (base, login) = logins.chosen(self.url.as_deref())?;
        let revoked = block_on(portal::revoke(&login));
        logins.remove(&base)?;
        if let Err(error) = revoked {
            let warning = styled(YELLOW, "warning");
            say(format_args!(
                "{warning}: the portal was not told ({error}); its session ends by itself"
            ));
        }
        say(format_args!("you are logged out of {base}"));
        Ok(Verdict::Fine)
    }
}

impl WhoamiArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let logins = Logins::of(&Environment::of_process())?;
        let (base, _) = logins.chosen(self.url.as_deref())?;
        let who = block_on(async { Portal::at(&base).await?.who_am_i(&logins).await })?;
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => write_json(&mut out, &who)?,
            SummaryFormat::Text => {
                writeln!(out, "{} at {base}", subject(&who))?;
                let owns = who.get("ent").and_then(Value::as_array);
                for name in owns.into_iter().flatten().filter_map(Value::as_str) {
                    writeln!(out, "  owns what belongs to {name}")?;
                }
            }
        }
        out.flush()?;
        Ok(Verdict::Fine)
    }
}

fn subject(who: &Value) -> &str {
    who.get("sub").and_then(Value::as_str).unwrap_or("nobody")
}

/// Fails with what an OAuth error says.
fn refused(said: &Value) -> anyhow::Result<Value> {
    let text = |key| said.get(key).and_then(Value::as_str).unwrap_or_default();
    bail!(
        "the portal refused: {} ({})",
        text("error_description"),
        text("error")
    )
}
