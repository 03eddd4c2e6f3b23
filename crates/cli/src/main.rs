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
use std::process::ExitCode;

fn main() -> ExitCode {
    slipway_core::panic_hook::install();
    let cli = args::Cli::parse();
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
