//! `connect`, `accounts`, `disconnect`: channels.

use super::{Door, apps};
use crate::args::{Connect, Global};
use crate::home::{Place, Secrets};
use crate::host::{Terminal, until_interrupted};
use crate::out::{Out, clip};
use crate::times;
use crate::words::Exit;
use serde_json::{Value, json};
use slipway_core::api;
use slipway_core::api::{Choose, Connection, Disconnected};
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::store::account::AccountState;
use slipway_core::view::AccountView;
use std::io::{IsTerminal, Read};

pub async fn connect(global: &Global, args: Connect, out: Out) -> Outcome<Exit> {
    let place = Place::find(global)?;
    let sandbox_apps = place.apps.clone();
    let door = Door { engine: place.open(global, Secrets::Needed)?, out };
    if args.app.is_none() {
        apps::adopt(&door, &sandbox_apps, &args.platform).await?;
    }
    let host = Terminal { out, browser: !args.no_browser, cancelled: until_interrupted() };
    let token = if args.token_stdin { Some(token()?) } else { None };
    let given = json!({
        "platform": args.platform,
        "app": args.app,
        "way": args.way,
        "token": token,
        "choose": args.choose,
        "patience_s": args.timeout,
    });
    let answer = match api::call(&door.engine, &host, "accounts.connect", given).await {
        Err(problem) if host.cancelled.is_cancelled() => {
            out.problem(&problem);
            return Ok(Exit::Interrupted);
        }
        answer => answer?,
    };
    let connection: Connection = super::read(answer.clone())?;
    let (accounts, answer) = match connection.choosing {
        None => (connection.accounts, answer),
        Some(choosing) => {
            let wanted = asked(&choosing, out)?;
            let given = json!({ "id": choosing.id, "remote_ids": wanted });
            let accounts = door.call("accounts.choose", given).await?;
            (super::read(accounts.clone())?, json!({ "accounts": accounts }))
        }
    };
    out.answer(&answer, |out| {
        for account in &accounts {
            out.line(&format!(
                "Connected: {} ({}), channel {}.",
                account.name, account.platform_name, account.id
            ));
            if let Some(ends) = account.sign_in_ends {
                out.line(&format!("This sign-in ends {}.", times::shown(ends)));
            }
        }
    });
    Ok(Exit::Done)
}

/// Which of several channels: by number, on a terminal. Elsewhere it has to be said beforehand.
fn asked(choosing: &Choose, out: Out) -> Outcome<Vec<String>> {
    let names: Vec<String> =
        choosing.channels.iter().map(|channel| format!("{} ({})", channel.name, channel.remote_id)).collect();
    if out.json || !std::io::stdin().is_terminal() {
        let message = format!("This sign-in speaks for several channels: {}. Say which.", names.join(", "));
        return Err(Problem::block(Code::AccountUnknown, message).edit("choose"));
    }
    out.aside("This sign-in speaks for several channels:");
    for (nth, name) in names.iter().enumerate() {
        out.aside(&format!("  {}  {name}", nth + 1));
    }
    out.aside("Which ones? Numbers with spaces between; nothing for none.");
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Problem::block(Code::BadRequest, "Nothing could be read.").detail(error))?;
    line.split_whitespace()
        .map(|word| {
            let nth = word.parse::<usize>().ok().and_then(|nth| choosing.channels.get(nth.checked_sub(1)?));
            nth.map(|channel| channel.remote_id.clone()).ok_or_else(|| {
                Problem::block(Code::BadRequest, format!("There is no channel number {word} in this list."))
            })
        })
        .collect()
}

/// A token is never said on the command line, where other programs see it.
fn token() -> Outcome<String> {
    let mut text = String::new();
    std::io::stdin().take(10_000).read_to_string(&mut text).map_err(|error| {
        Problem::block(Code::BadRequest, "The token could not be read from standard input.").detail(error)
    })?;
    Ok(text.trim().to_string())
}

pub async fn list(door: &Door) -> Outcome<Exit> {
    let answer = door.call("accounts.list", Value::Null).await?;
    let accounts: Vec<AccountView> = super::read(answer.clone())?;
    door.out.answer(&answer, |out| {
        if accounts.is_empty() {
            return out.aside("No channels yet. slipway connect PLATFORM");
        }
        let rows: Vec<Vec<String>> = accounts
            .iter()
            .map(|account| {
                let state = match (account.state, &account.waits) {
                    (AccountState::Ok, None) => "ok".to_string(),
                    (AccountState::Ok, Some(waits)) => {
                        format!("waits until {}: {}", times::shown(waits.until), waits.problem.message)
                    }
                    (AccountState::SignIn, _) => "needs a new sign-in".into(),
                    (AccountState::Gone, _) => "disconnected".into(),
                };
                vec![
                    account.id.to_string(),
                    account.platform_name.clone(),
                    clip(&account.name, 40),
                    account.handle.clone().unwrap_or_default(),
                    state,
                    account.sign_in_ends.map(times::shown).unwrap_or_default(),
                    account.url.clone().unwrap_or_default(),
                ]
            })
            .collect();
        out.table(&["ID", "PLATFORM", "CHANNEL", "HANDLE", "STATE", "SIGN-IN ENDS", "LINK"], &rows);
    });
    Ok(Exit::Done)
}

pub async fn disconnect(door: &Door, account: &str) -> Outcome<Exit> {
    let account = api::find_account(&door.engine, account)?;
    let answer = door.call("accounts.disconnect", json!({ "id": account.id })).await?;
    let done: Disconnected = super::read(answer.clone())?;
    door.out.answer(&answer, |out| {
        out.line(&format!("{} is disconnected; its secrets are wiped.", account.name));
        if !done.revoked {
            out.line("The platform could not be told. Remove Slipway in the platform's own settings, too.");
        }
        if done.waiting > 0 {
            out.line(&format!("{} posts wait until it is connected again.", done.waiting));
        }
        if done.handed_over > 0 {
            out.line(&format!(
                "{} posts are at the platform already and will be published.",
                done.handed_over
            ));
        }
    });
    Ok(Exit::Done)
}
