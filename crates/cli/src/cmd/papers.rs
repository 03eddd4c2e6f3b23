//! `completions` and `man`: made from the command line's own description.

use crate::args::Cli;
use crate::home::make_private_folder;
use crate::out::Out;
use crate::words::Exit;
use clap::CommandFactory;
use serde_json::json;
use slipway_core::problem::{Code, Outcome, Problem};
use std::path::Path;

pub fn completions(shell: clap_complete::Shell, out: Out) -> Outcome<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "slipway", &mut text);
    out.bytes(&text);
    Ok(Exit::Done)
}

pub fn man(folder: Option<&Path>, out: Out) -> Outcome<Exit> {
    let Some(folder) = folder else {
        let mut text = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut text).map_err(|error| unwritten(&error))?;
        out.bytes(&text);
        return Ok(Exit::Done);
    };
    if !folder.is_dir() {
        make_private_folder(folder)?;
    }
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| unwritten(&error))?;
    out.answer(&json!({ "written": folder }), |out| {
        out.line(&format!("The pages are in {}.", folder.display()));
    });
    Ok(Exit::Done)
}

fn unwritten(error: &std::io::Error) -> Problem {
    let code = if error.kind() == std::io::ErrorKind::StorageFull { Code::DiskFull } else { Code::ReadOnly };
    Problem::block(code, "The pages could not be written.").detail(error)
}
