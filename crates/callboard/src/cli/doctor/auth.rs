//! `callboard doctor auth`: from what a provider says to the user it stands for, step by step.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use identity::{FailedSignIn, Identity, ProviderReport, Simulation, Stage, claims_of};
use platform::Clock;
use platform::telemetry::Metrics;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::{open_catalog, open_identity};
use crate::cli::import::SummaryFormat;
use crate::cli::open::Target;
use crate::cli::{ConfigArgs, Verdict, block_on};
use crate::output::{BOLD, CYAN, GREEN, RED, YELLOW, stdout, styled, write_json};

/// Longest token or claims that are read.
const MAX_INPUT: u64 = 256 * 1024;

/// Arguments of `doctor auth`.
#[derive(Debug, Args)]
pub(crate) struct AuthArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// How findings are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
    /// Do not ask providers whether they answer.
    #[arg(long)]
    offline: bool,
    /// Whom this would sign in: a file with an ID token or with claims as JSON; `-` stands for
    /// standard input. The token is not verified, and nobody signs in.
    #[arg(long, value_name = "FILE", requires = "provider")]
    claims: Option<PathBuf>,
    /// Which provider the claims are from.
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// Which environment of the provider; only needed when there are several.
    #[arg(long, value_name = "NAME", requires = "provider")]
    environment: Option<String>,
}

/// Everything that was found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Findings {
    problems: Vec<String>,
    providers: Vec<ProviderReport>,
    failed_sign_ins: Vec<FailedSignIn>,
}

impl AuthArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let loaded = self.config.load()?;
        let stage = Stage::from_flags(false, loaded.environment.get("NODE_ENV"));
        let target = Target::of_loaded(&loaded, &self.config.data)?;
        block_on(async {
            let db = target.open().await?;
            let clock = Clock::system();
            let sections = &target.sections;
            let catalog = open_catalog(
                sections,
                db.clone(),
                &self.config.data,
                Metrics::new(),
                clock.clone(),
            )
            .await?;
            let identity = open_identity(sections, stage, db, catalog, clock)?;
            match (&self.claims, &self.provider) {
                (Some(file), Some(provider)) => self.simulate(&identity, provider, file).await,
                _ => self.report(&identity).await,
            }
        })
    }

    async fn report(&self, identity: &Arc<Identity>) -> anyhow::Result<Verdict> {
        let findings = Findings {
            problems: identity.provider_problems().to_vec(),
            providers: identity.report_providers(!self.offline).await,
            failed_sign_ins: identity.failed_sign_ins().await?,
        };
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => write_json(&mut out, &findings)?,
            SummaryFormat::Text => findings.write(&mut out)?,
        }
        out.flush()?;
        let is_wrong = findings.providers.iter().any(|one| one.trouble.is_some());
        Ok(Verdict::wrong_if(is_wrong || !findings.problems.is_empty()))
    }

    async fn simulate(
        &self,
        identity: &Arc<Identity>,
        provider: &str,
        file: &Path,
    ) -> anyhow::Result<Verdict> {
        let text = read(file)?;
        let Some(claims) = claims_of(&text) else {
            bail!("`{}` has neither a token nor a JSON object", file.display());
        };
        let environment = self.environment.as_deref();
        let simulation = identity.simulate(provider, environment, claims).await?;
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => write_json(&mut out, &simulation)?,
            SummaryFormat::Text => write_simulation(&mut out, &simulation)?,
        }
        out.flush()?;
        Ok(Verdict::wrong_if(simulation.user.is_none()))
    }
}

impl Findings {
    fn write(&self, out: &mut impl Write) -> anyhow::Result<()> {
        for problem in &self.problems {
            writeln!(out, "{} {problem}", styled(RED, "✗"))?;
        }
        for report in &self.providers {
            write_provider(out, report)?;
        }
        if self.problems.is_empty() && self.providers.is_empty() {
            writeln!(
                out,
                "{} no provider but the guest is configured",
                styled(YELLOW, "!")
            )?;
        }
        for failure in &self.failed_sign_ins {
            write_failure(out, failure)?;
        }
        Ok(())
    }
}

fn write_provider(out: &mut impl Write, report: &ProviderReport) -> anyhow::Result<()> {
    let name = match &report.environment {
        Some(environment) => format!("{} ({environment})", report.provider),
        None => report.provider.clone(),
    };
    match &report.trouble {
        Some(trouble) => writeln!(out, "{} {name}: {trouble}", styled(RED, "✗"))?,
        None => writeln!(out, "{} {name}", styled(GREEN, "✓"))?,
    }
    if let Some(url) = &report.callback_url {
        writeln!(out, "  register at the provider: {url}")?;
    }
    if report.resolvers.is_empty() {
        writeln!(out, "  no resolvers: nobody signs in with it")?;
    } else {
        writeln!(out, "  resolvers: {}", report.resolvers.join(", "))?;
    }
    Ok(())
}

fn write_failure(out: &mut impl Write, failure: &FailedSignIn) -> anyhow::Result<()> {
    let at = OffsetDateTime::from_unix_timestamp(failure.at / 1_000)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok());
    writeln!(
        out,
        "\n{} failed sign-in {} with {}, {}",
        styled(YELLOW, "!"),
        styled(BOLD, &failure.id),
        failure.provider,
        at.unwrap_or_default()
    )?;
    if !failure.claims.is_empty() {
        writeln!(out, "  claims: {}", failure.claims.join(", "))?;
    }
    writeln!(out, "  {}", failure.story())?;
    writeln!(out, "  {}: {}", styled(CYAN, "fix"), failure.fix)?;
    Ok(())
}

fn write_simulation(out: &mut impl Write, simulation: &Simulation) -> anyhow::Result<()> {
    writeln!(out, "claims: {}", simulation.claims.join(", "))?;
    for (name, value) in &simulation.facts {
        writeln!(out, "{name}: {value}")?;
    }
    for step in &simulation.steps {
        let resolver = step.resolver.as_deref().unwrap_or("provider");
        let looked_for = step.looked_for.as_deref().unwrap_or("nothing");
        writeln!(out, "{resolver} looked for {looked_for}: {}", step.outcome)?;
    }
    match &simulation.user {
        Some((user, ownership)) => {
            writeln!(out, "{} signs in as {user}", styled(GREEN, "✓"))?;
            writeln!(out, "  owns through: {}", ownership.join(", "))?;
        }
        None => writeln!(out, "{} does not sign in", styled(RED, "✗"))?,
    }
    if let Some(fix) = &simulation.fix {
        writeln!(out, "  {}: {fix}", styled(CYAN, "fix"))?;
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_INPUT).read_to_string(&mut text)?;
    } else {
        let file = std::fs::File::open(file)
            .with_context(|| format!("cannot read `{}`", file.display()))?;
        file.take(MAX_INPUT).read_to_string(&mut text)?;
    }
    Ok(text)
}
