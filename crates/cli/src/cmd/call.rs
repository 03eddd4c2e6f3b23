//! `call`: any command of the engine by its name, for scripts and agents. JSON in, JSON out.

use crate::args::{CallArgs, Global};
use crate::home::{self, Secrets};
use crate::host::Terminal;
use crate::out::Out;
use crate::words::Exit;
use serde_json::Value;
use slipway_core::api;
use slipway_core::problem::{Code, Outcome, Problem};
use std::io::Read;

/// More than any command takes: a poster is the largest.
const LONGEST: u64 = 4 << 20;

/// What reads or writes a secret; nothing else asks for a passphrase.
const WITH_SECRETS: [&str; 12] = [
    "apps.add",
    "apps.remove",
    "apps.test",
    "accounts.choose",
    "accounts.connect",
    "accounts.disconnect",
    "accounts.health",
    "accounts.siblings",
    "accounts.terms",
    "platforms.live",
    "vault.list",
    "vault.wipe",
];

pub async fn run(global: &Global, args: CallArgs, out: Out) -> Outcome<Exit> {
    if args.list {
        out.answer(&api::COMMANDS, |out| api::COMMANDS.iter().for_each(|name| out.line(name)));
        return Ok(Exit::Done);
    }
    let name = args.name.unwrap_or_default();
    if !api::COMMANDS.contains(&name.as_str()) {
        let message = format!("There is no command \"{name}\". `slipway call --list` lists them.");
        return Err(Problem::block(Code::BadRequest, message));
    }
    let given = given(args.given.as_deref())?;
    let secrets = if WITH_SECRETS.contains(&name.as_str()) { Secrets::Needed } else { Secrets::NotNeeded };
    let engine = home::open(global, secrets)?;
    // The address to sign in at is a line of JSON before the answer.
    let mut speaks = out;
    speaks.json = true;
    let host = Terminal::plain(speaks);
    let answer = api::call(&engine, &host, &name, given).await?;
    out.json_line(&answer);
    Ok(Exit::Done)
}

fn given(text: Option<&str>) -> Outcome<Value> {
    let read;
    let text = match text {
        None => return Ok(Value::Null),
        Some("-") => {
            let mut all = String::new();
            std::io::stdin().take(LONGEST).read_to_string(&mut all).map_err(|error| {
                Problem::block(Code::BadRequest, "Standard input could not be read.").detail(error)
            })?;
            read = all;
            &read
        }
        Some(text) => text,
    };
    serde_json::from_str(text)
        .map_err(|error| Problem::block(Code::BadRequest, "What was given is not JSON.").detail(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_with_secrets_exists() {
        assert!(WITH_SECRETS.iter().all(|name| api::COMMANDS.contains(name)));
    }
}
