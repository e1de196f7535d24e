//! `callboard completions` and `callboard openapi`: texts that are part of the binary.

use std::io::Write as _;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::output::stdout;

use super::{Cli, Verdict};

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell, for example `bash`: `source <(callboard completions bash)`.
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        // Into memory first: the generator panics when it cannot write.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "callboard", &mut script);
        print(&script)
    }
}

pub(super) fn print_openapi() -> anyhow::Result<Verdict> {
    print(catalog::OPENAPI.as_bytes())
}

fn print(text: &[u8]) -> anyhow::Result<Verdict> {
    let mut out = stdout();
    out.write_all(text)?;
    if !text.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(Verdict::Fine)
}
