//! `callboard migrate`

use clap::Args;

use crate::output::{GREEN, say, styled};

use super::open::{Schema, Target, schema};
use super::{ConfigArgs, Verdict, block_on};

/// Arguments of `migrate`.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Change nothing; fail when the schema is not up to date.
    #[arg(long)]
    check: bool,
}

impl MigrateArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let target = Target::of(&self.config)?;
        block_on(async {
            let before = if target.missing_file().is_some() {
                Schema::Absent
            } else if self.check {
                schema(&target.connect().await?).await?
            } else {
                // A server without the database has nothing to compare either.
                match target.connect().await {
                    Ok(db) => schema(&db).await?,
                    Err(_) => Schema::Absent,
                }
            };
            if self.check {
                return Ok(judge(before));
            }
            target.open_or_make().await?;
            let done = match before {
                Schema::Absent => "the schema was made",
                Schema::Older => "the schema was brought up to date",
                Schema::Current | Schema::Newer => "the schema is up to date",
            };
            say(format_args!("{}: {done}", styled(GREEN, "fine")));
            Ok(Verdict::Fine)
        })
    }
}

fn judge(schema: Schema) -> Verdict {
    let message = match schema {
        Schema::Current => {
            say(format_args!(
                "{}: the schema is up to date",
                styled(GREEN, "fine")
            ));
            return Verdict::Fine;
        }
        Schema::Absent => "there is no schema yet; run `callboard migrate`",
        Schema::Older => "the schema is of an older version; run `callboard migrate`",
        Schema::Newer => "the schema is of a newer version of Callboard; run that version",
    };
    say(message);
    Verdict::Wrong
}
