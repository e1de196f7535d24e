//! `docs/cli.md`: the reference of all commands, made from what `--help` says.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};

use super::Cli;

const INTRODUCTION: &str = "\
# Command line

This reference is made from the help texts of the commands; `UPDATE=1 cargo test -p callboard reference` \
writes it anew.

Exit codes: 0 all is well; 1 the command failed, or what it looked at has errors; 2 wrong usage; \
141 nobody read the output to its end.
Results go to standard output, everything else to standard error.
Colours are used on terminals only; `NO_COLOR=1` turns them off.
";

fn markdown() -> String {
    let mut root = Cli::command();
    root.build();
    let mut text = INTRODUCTION.to_owned();
    for command in root.get_subcommands().filter(|command| is_shown(command)) {
        push_command(command, "callboard", &mut text);
    }
    text
}

fn is_shown(command: &Command) -> bool {
    command.get_name() != "help" && !command.is_hide_set()
}

fn push_command(command: &Command, parent: &str, text: &mut String) {
    let name = format!("{parent} {}", command.get_name());
    let about = command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    let _ = write!(text, "\n## `{name}`\n\n{about}.\n");
    let shown: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str()))
        .collect();
    if !shown.is_empty() {
        text.push_str("\n| Argument | Meaning |\n|---|---|\n");
        for arg in shown {
            push_argument(arg, text);
        }
    }
    for command in command
        .get_subcommands()
        .filter(|command| is_shown(command))
    {
        push_command(command, &name, text);
    }
}

fn push_argument(arg: &Arg, text: &mut String) {
    let values = arg.get_value_names().unwrap_or_default();
    let value = values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ");
    let takes_value = arg.get_action().takes_values();
    let name = match arg.get_long() {
        Some(long) if takes_value => format!("--{long} <{value}>"),
        Some(long) => format!("--{long}"),
        None => format!("<{value}>"),
    };
    let help = arg.get_long_help().or(arg.get_help());
    let mut help = help.map(ToString::to_string).unwrap_or_default();
    help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    if !help.ends_with('.') {
        help.push('.');
    }
    let possible = arg.get_possible_values();
    if takes_value && !possible.is_empty() {
        let names: Vec<String> = possible
            .iter()
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        let _ = write!(help, " One of {}.", names.join(", "));
    }
    if let ([default], true) = (arg.get_default_values(), takes_value) {
        let _ = write!(help, " Default: `{}`.", default.to_string_lossy());
    }
    let _ = writeln!(text, "| `{name}` | {} |", help.replace('|', "\\|"));
}

#[test]
fn the_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let expected = markdown();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/cli.md is out of date: UPDATE=1 cargo test -p callboard reference"
    );
}

#[test]
fn the_command_line_makes_sense() {
    Cli::command().debug_assert();
}
