//! The commands: each turns what was said into a call through the engine's door, and the answer into words.

mod accounts;
mod apps;
mod call;
mod consent;
mod demo;
mod look;
mod papers;
mod posts;
mod run;
mod sandbox;
mod settings;
mod traces;
mod vault;

use crate::args::{Accounts, Apps, Cli, Command};
use crate::home::{self, Secrets};
use crate::host::Terminal;
use crate::out::Out;
use crate::times;
use crate::words::Exit;
use serde::de::DeserializeOwned;
use serde_json::Value;
use slipway_core::api;
use slipway_core::engine::Engine;
use slipway_core::problem::{Outcome, Problem};
use slipway_core::store::Choice;

pub async fn run(cli: Cli, out: Out) -> Outcome<Exit> {
    let Cli { global, command } = cli;
    // Commands that need no engine, or one of their own.
    let command = match command {
        Command::Completions { shell } => return papers::completions(shell, out),
        Command::Man { dir } => return papers::man(dir.as_deref(), out),
        Command::Sandbox(args) => return sandbox::run(&global, args, out).await,
        Command::Demo(args) => return demo::run(&global, args, out).await,
        Command::Restore { from, newest, empty } => {
            let choice = match (from, newest, empty) {
                (Some(name), ..) => Some(Choice::Named(name)),
                (None, true, _) => Some(Choice::Newest),
                (None, false, true) => Some(Choice::Empty),
                (None, false, false) => None,
            };
            return settings::restore(&global, choice, out);
        }
        Command::Connect(args) => return accounts::connect(&global, args, out).await,
        Command::Call(args) => return call::run(&global, args, out).await,
        Command::Vault(what) => return vault::run(&global, what, out).await,
        other => other,
    };
    let secrets = match &command {
        Command::Apps(Apps::List) => Secrets::NotNeeded,
        Command::Run { .. } | Command::Disconnect { .. } | Command::Apps(_) => Secrets::Needed,
        _ => Secrets::NotNeeded,
    };
    let engine = home::open(&global, secrets)?;
    let door = Door { engine, out };
    times::show_in(&door.zone().await?);
    match command {
        Command::Apps(apps) => apps::run(&door, apps).await,
        Command::Accounts { what: None } => accounts::list(&door).await,
        Command::Accounts { what: Some(Accounts::Purge { account }) } => {
            accounts::purge(&door, &account).await
        }
        Command::Disconnect { account, siblings } => accounts::disconnect(&door, &account, siblings).await,
        Command::Post(post) => posts::post(&door, post).await,
        Command::Check(check) => posts::check(&door, check).await,
        Command::Edit(edit) => posts::edit(&door, edit).await,
        Command::Schedule { id, again } => posts::schedule(&door, id, again).await,
        Command::Cancel { id } => posts::cancel(&door, id).await,
        Command::Retry { id } => posts::retry(&door, id).await,
        Command::Decide(decide) => posts::decide(&door, decide).await,
        Command::Finish { id, url } => posts::finish(&door, id, url).await,
        Command::Pause(which) => posts::pause(&door, &which, true).await,
        Command::Resume(which) => posts::pause(&door, &which, false).await,
        Command::List(list) => look::list(&door, list).await,
        Command::Show { id } => look::show(&door, id).await,
        Command::Settings(what) => settings::run(&door, what).await,
        Command::Options { platform } => look::options(&door, &platform),
        Command::Run { until_idle } => run::run(&door, until_idle).await,
        Command::Completions { .. }
        | Command::Man { .. }
        | Command::Sandbox(_)
        | Command::Demo(_)
        | Command::Restore { .. }
        | Command::Connect(_)
        | Command::Call(_)
        | Command::Vault(_) => Ok(Exit::Done),
    }
}

/// The engine behind its door, and how to speak.
pub struct Door {
    pub engine: Engine,
    pub out: Out,
}

impl Door {
    /// Calls a command by name.
    pub async fn call(&self, name: &str, given: Value) -> Outcome<Value> {
        api::call(&self.engine, &Terminal::plain(self.out), name, given).await
    }

    /// Calls a command and reads what the words need of its answer.
    pub async fn ask<T: DeserializeOwned>(&self, name: &str, given: Value) -> Outcome<T> {
        read(self.call(name, given).await?)
    }

    /// The zone that times without one are read in.
    pub async fn zone(&self) -> Outcome<String> {
        let settings: slipway_core::settings::Settings = self.ask("settings.get", Value::Null).await?;
        Ok(settings.zone)
    }
}

/// An answer of the engine as the words need it.
pub fn read<T: DeserializeOwned>(mut answer: Value) -> Outcome<T> {
    calm(&mut answer);
    serde_json::from_value(answer)
        .map_err(|error| Problem::internal(&anyhow::Error::new(error).context("reading the engine's answer")))
}

/// Names and titles come from other people: none of them may steer the terminal. JSON is not touched; it escapes them itself.
fn calm(value: &mut Value) {
    match value {
        Value::String(text) => *text = crate::out::calm(text),
        Value::Array(list) => list.iter_mut().for_each(calm),
        Value::Object(fields) => fields.values_mut().for_each(calm),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_channels_name_cannot_steer_the_terminal() {
        let answer = json!([{ "name": "Mira\u{1b}[2J\u{9b}31m", "caption": "one\ntwo\tthree" }]);
        let read: Value = read(answer).unwrap();
        assert_eq!(read, json!([{ "name": "Mira [2J 31m", "caption": "one\ntwo\tthree" }]));
    }
}
