//! `slipway`: the engine without a window.
//!
//! Reads the command line, opens the world it names, and says how it went by exit code. Every command goes through the engine's
//! one door. Not here: what a command does (`cmd`), how things are printed (`out`).

#![cfg_attr(test, allow(clippy::string_slice))]

mod args;
mod cmd;
mod home;
mod host;
mod logs;
mod out;
mod times;
mod typed;
mod words;

use clap::Parser;
use slipway_core::problem::{Code, Problem};
use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    slipway_core::panic_hook::install();
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => return not_run(&said),
    };
    let out = out::Out::new(cli.global.json, cli.global.quiet);
    logs::start(&cli);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out::aloud(&format!("error: the program could not start ({error})."));
            return ExitCode::FAILURE;
        }
    };
    let exit = match runtime.block_on(cmd::run(cli, out)) {
        Ok(exit) => exit,
        Err(problem) => out.problem(&problem),
    };
    // A passphrase prompt or a keychain that still hangs must not keep the process.
    runtime.shutdown_background();
    ExitCode::from(exit as u8)
}

/// Help or the version were asked for, or the command line was not understood: then in JSON, where that was asked for.
fn not_run(said: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|arg| arg == "--json");
    let out = out::Out::new(json, false);
    let colours = if said.use_stderr() { std::io::stderr().is_terminal() } else { out.terminal };
    let text = said.render();
    let exit = match (said.use_stderr(), json) {
        (true, true) => out.problem(&not_understood(&text.to_string())),
        (true, false) => {
            out::aloud(if colours { text.ansi().to_string() } else { text.to_string() }.trim_end());
            words::Exit::Usage
        }
        (false, _) => {
            out.part(&if colours { text.ansi().to_string() } else { text.to_string() });
            words::Exit::Done
        }
    };
    ExitCode::from(exit as u8)
}

/// Its first paragraph says what is wrong, the rest how it is used.
fn not_understood(text: &str) -> Problem {
    let (first, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let message = first.trim().trim_start_matches("error: ");
    let rest = rest.trim();
    let problem = Problem::block(Code::BadRequest, message);
    if rest.is_empty() { problem } else { problem.detail(rest) }
}
