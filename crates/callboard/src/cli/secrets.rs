//! `callboard secrets generate|reencrypt`: the keys that encrypt what is secret in the database.

use std::io::Write as _;

use anyhow::bail;
use clap::{Args, Subcommand};
use identity::DbStore;
use platform::seal::Keyring;

use crate::output::{counted, say, stdout};
use crate::scaffolding;

use super::open::Target;
use super::{ConfigArgs, Verdict, block_on};

/// Subcommands of `secrets`.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Print a new key for `callboard.encryption.keys`.
    Generate,
    /// Encrypt what is stored with the first key; afterwards the others can go.
    Reencrypt(ReencryptArgs),
}

/// Arguments of `secrets reencrypt`.
#[derive(Debug, Args)]
pub(crate) struct ReencryptArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

impl SecretsCommand {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::Generate => generate(),
            Self::Reencrypt(args) => args.run(),
        }
    }
}

fn generate() -> anyhow::Result<Verdict> {
    let key = Keyring::generate()?;
    let mut out = stdout();
    writeln!(out, "{}", key.expose())?;
    out.flush()?;
    Ok(Verdict::Fine)
}

impl ReencryptArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let target = Target::of(&self.config)?;
        let keyring = Keyring::from_config(&target.sections.callboard.encryption)?;
        if !keyring.is_on() {
            bail!(
                "there is no key in `callboard.encryption.keys`; `callboard secrets generate` makes one"
            );
        }
        let of_tasks = scaffolding::keyring(&target.sections, &target.data_dir)?;
        let (of_others, of_tasks) = block_on(async {
            let db = target.open().await?;
            // The keys that sign tokens first: nothing works without them.
            let store = DbStore::new(db.clone()).with_keyring(keyring);
            let of_others = store.reencrypt().await?;
            Ok((of_others, scaffolder::reencrypt(&db, &of_tasks).await?))
        })?;
        let (n_others, n_changed) = of_others;
        say(format_args!(
            "{} of {} encrypted with the first key",
            n_changed + of_tasks.n_changed,
            counted(n_others + of_tasks.n_all, "secret")
        ));
        if of_tasks.n_closed > 0 {
            say(format_args!(
                "{} of tasks cannot be opened with any of the keys, and stay as they are until their \
                 tasks are removed",
                counted(of_tasks.n_closed, "secret")
            ));
        }
        Ok(Verdict::wrong_if(of_tasks.n_closed > 0))
    }
}
