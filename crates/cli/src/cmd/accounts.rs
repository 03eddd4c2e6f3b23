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
use slipway_core::api::Disconnected;
use slipway_core::problem::Outcome;
use slipway_core::store::account::AccountState;
use slipway_core::view::AccountView;

pub async fn connect(global: &Global, args: Connect, out: Out) -> Outcome<Exit> {
    let place = Place::find(global)?;
    let sandbox_apps = place.apps.clone();
    let door = Door { engine: place.open(global, Secrets::Needed)?, out };
    if args.app.is_none() {
        apps::adopt(&door, &sandbox_apps, &args.platform).await?;
    }
    let host = Terminal { out, browser: !args.no_browser, cancelled: until_interrupted() };
    let given = json!({ "platform": args.platform, "app": args.app, "patience_s": args.timeout });
    let answer = match api::call(&door.engine, &host, "accounts.connect", given).await {
        Err(problem) if host.cancelled.is_cancelled() => {
            out.problem(&problem);
            return Ok(Exit::Interrupted);
        }
        answer => answer?,
    };
    let account: AccountView = super::read(answer.clone())?;
    out.answer(&answer, |out| {
        out.line(&format!(
            "Connected: {} ({}), channel {}.",
            account.name, account.platform_name, account.id
        ));
        if let Some(ends) = account.sign_in_ends {
            out.line(&format!("This sign-in ends {}.", times::shown(ends)));
        }
    });
    Ok(Exit::Done)
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
