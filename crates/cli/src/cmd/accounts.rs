//! `connect`, `accounts`, `accounts purge`, `disconnect`: channels.

use super::{Door, apps};
use crate::args::{Connect, Global};
use crate::home::{Place, Secrets};
use crate::host::{Terminal, until_interrupted};
use crate::out::{Out, clip};
use crate::times;
use crate::typed;
use crate::words::Exit;
use serde_json::{Value, json};
use slipway_core::api;
use slipway_core::api::{AccessEnd, Choose, Connection, Disconnected, GoneView, LinkedChannel, Purged};
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::store::account::AccountState;
use slipway_core::view::AccountView;
use std::io::IsTerminal;

pub async fn connect(global: &Global, args: Connect, out: Out) -> Outcome<Exit> {
    let token = if args.token_stdin { Some(typed::secret("token")?) } else { None };
    let place = Place::find(global)?;
    let sandbox_apps = place.apps.clone();
    let door = Door { engine: place.open(global, Secrets::Needed)?, out };
    if args.app.is_none() {
        apps::adopt(&door, &sandbox_apps, &args.platform).await?;
    }
    let host = Terminal { out, browser: !args.no_browser, cancelled: until_interrupted() };
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

pub async fn list(door: &Door) -> Outcome<Exit> {
    let answer = door.call("accounts.list", Value::Null).await?;
    let accounts: Vec<AccountView> = super::read(answer.clone())?;
    let gone: Vec<GoneView> = door.ask("accounts.disconnected", Value::Null).await?;
    door.out.answer(&answer, |out| {
        if accounts.is_empty() && gone.is_empty() {
            return out.aside("No channels yet. slipway connect PLATFORM");
        }
        let mut rows: Vec<Vec<String>> = accounts
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
        rows.extend(gone.iter().map(|gone| {
            vec![
                gone.id.to_string(),
                gone.platform_name.clone(),
                clip(&gone.name, 40),
                gone.handle.clone().unwrap_or_default(),
                format!("disconnected; its data is deleted {}", times::shown(gone.data_until)),
                String::new(),
                String::new(),
            ]
        }));
        out.table(&["ID", "PLATFORM", "CHANNEL", "HANDLE", "STATE", "SIGN-IN ENDS", "LINK"], &rows);
    });
    Ok(Exit::Done)
}

pub async fn disconnect(door: &Door, account: &str, siblings: bool) -> Outcome<Exit> {
    let account = api::find_account(&door.engine, account)?;
    let given = json!({ "id": account.id, "siblings": if siblings { "end" } else { "keep" } });
    let answer = door.call("accounts.disconnect", given).await?;
    let done: Disconnected = super::read(answer.clone())?;
    let platform = door.engine.platform(&account.platform).map_or("The platform", |known| known.facts().name);
    door.out.answer(&answer, |out| {
        out.line(&format!("{} is disconnected; its secrets on this computer are wiped.", account.name));
        access_lines(platform, &done.access).iter().for_each(|line| out.line(line));
        if done.waiting > 0 {
            out.line(&format!("{} posts wait until it is connected again.", done.waiting));
        }
        if done.handed_over > 0 {
            out.line(&format!(
                "{} posts are at the platform already and will be published.",
                done.handed_over
            ));
        }
        out.line(&format!(
            "Its name, posts and links here are deleted {}, unless you connect it again. Sooner: slipway accounts purge {}",
            times::shown(done.data_until),
            account.id
        ));
    });
    Ok(Exit::Done)
}

/// What became of the access at the platform, in words.
fn access_lines(platform: &str, access: &AccessEnd) -> Vec<String> {
    let names =
        |list: &[LinkedChannel]| list.iter().map(|one| one.name.clone()).collect::<Vec<_>>().join(", ");
    let at = |page: &Option<String>| match page {
        Some(page) => format!(" You can take it back there yourself: {page}"),
        None => String::new(),
    };
    let sign_in_again = |ended: &[LinkedChannel]| match ended {
        [] => None,
        ended => Some(format!("These channels ended with it and need a new sign-in: {}.", names(ended))),
    };
    match access {
        AccessEnd::Revoked { ended } => {
            let mut lines = vec![format!("{platform} has taken Slipway's access back.")];
            lines.extend(sign_in_again(ended));
            lines
        }
        AccessEnd::Kept { siblings, page } => vec![format!(
            "{platform} was not told: it ends the access only for all channels of one sign-in, and it is needed for {}. To end it for all, disconnect with --siblings.{}",
            names(siblings),
            at(page)
        )],
        AccessEnd::NotPossible { page } => vec![format!(
            "{platform} offers no way for Slipway to take its access back, so the access goes on until it runs out.{}",
            at(page)
        )],
        AccessEnd::Unreached { page } => {
            vec![format!("{platform} could not be reached, so it was not told.{}", at(page))]
        }
        AccessEnd::Unconfirmed { ended, page } => {
            let mut lines = vec![format!(
                "{platform} was told, but did not confirm that the access has ended.{}",
                at(page)
            )];
            lines.extend(sign_in_again(ended));
            lines
        }
        AccessEnd::NothingStored { page } => vec![format!(
            "No sign-in was stored on this computer any more, so {platform} could not be told.{}",
            at(page)
        )],
    }
}

pub async fn purge(door: &Door, account: &str) -> Outcome<Exit> {
    let gone = api::find_disconnected(&door.engine, account)?;
    let answer = door.call("accounts.purge", json!({ "id": gone.id })).await?;
    let done: Purged = super::read(answer.clone())?;
    door.out.answer(&answer, |out| {
        out.line(&format!("The data of {} is deleted here and in {} backups.", gone.name, done.copies));
        if done.removed > 0 {
            out.line(&format!("{} posts that waited for it are deleted.", done.removed));
        }
        if done.kept > 0 {
            out.line(&format!("Of {} posts only number, times and state stay.", done.kept));
        }
    });
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_of_an_access_has_its_own_words() {
        let one = vec![LinkedChannel { account: 2, platform: "p".into(), name: "The other".into() }];
        let page = Some("https://platform.example/apps".to_string());
        let ends = [
            AccessEnd::Revoked { ended: Vec::new() },
            AccessEnd::Revoked { ended: one.clone() },
            AccessEnd::Kept { siblings: one.clone(), page: page.clone() },
            AccessEnd::NotPossible { page: page.clone() },
            AccessEnd::Unreached { page: page.clone() },
            AccessEnd::Unconfirmed { ended: Vec::new(), page: page.clone() },
            AccessEnd::NothingStored { page },
        ];
        let said: Vec<String> = ends.iter().map(|end| access_lines("Platform", end).join(" ")).collect();
        for (nth, (end, text)) in ends.iter().zip(&said).enumerate() {
            assert!(said.iter().skip(nth + 1).all(|other| other != text), "{text}");
            let taken_back = text.contains("has taken");
            assert_eq!(taken_back, matches!(end, AccessEnd::Revoked { .. }), "{text}");
            assert_eq!(text.contains("https://platform.example/apps"), !taken_back, "{text}");
        }
        assert!(said[1].contains("The other") && said[2].contains("The other"));
    }
}
