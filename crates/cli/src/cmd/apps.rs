//! `apps`: developer apps of the user's own. A secret comes in by standard input, environment or file, and is never printed.

use super::Door;
use crate::args::{AddApp, Apps};
use crate::home::{SandboxApp, read_json};
use crate::out::clip;
use crate::times;
use crate::typed;
use crate::words::Exit;
use serde_json::{Value, json};
use slipway_core::api;
use slipway_core::facts::RedirectKind;
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::view::AppView;
use std::collections::BTreeMap;

pub async fn run(door: &Door, what: Apps) -> Outcome<Exit> {
    match what {
        Apps::Steps { platform, way } => steps(door, &platform, way.as_deref().unwrap_or_default()),
        Apps::Page => {
            let page = door.call("apps.page", Value::Null).await?;
            door.out.answer(&page, |out| out.line(page["text"].as_str().unwrap_or_default().trim_end()));
            Ok(Exit::Done)
        }
        Apps::Add(app) => add(door, app).await,
        Apps::List => list(door).await,
        Apps::Remove { id } => {
            let gone = door.call("apps.remove", json!({ "id": id })).await?;
            door.out.answer(&gone, |out| out.aside(&format!("App {id} is gone, and so is its secret.")));
            Ok(Exit::Done)
        }
    }
}

/// The same steps as the window shows, ended by what to type here.
fn steps(door: &Door, platform: &str, way: &str) -> Outcome<Exit> {
    let facts = door.engine.platform(platform)?.facts();
    let sign_in = api::way_of(facts, way)?.sign_in;
    let answer = json!({"console": sign_in.console, "note": sign_in.note, "steps": sign_in.steps});
    door.out.answer(&answer, |out| {
        out.line(&format!("At {}:", sign_in.console));
        for (at, step) in sign_in.steps.iter().enumerate() {
            out.line(&format!("{}. {}", at + 1, step.text));
            if let Some(copy) = step.copy {
                out.line(&format!("   {copy}"));
            }
        }
        let way = if way.is_empty() { String::new() } else { format!(" --way {way}") };
        out.line(&format!("Then: slipway apps add {platform}{way} --client-id ID --secret-stdin"));
        if sign_in.redirects.contains(&RedirectKind::HttpsPage) {
            out.line("The page for a web space of yours: slipway apps page > slipway-redirect.html, and --redirect with its address.");
        }
        for other in facts.ways().filter(|one| one.way != sign_in.way) {
            let said = if other.way.is_empty() { String::new() } else { format!(" --way {}", other.way) };
            out.aside(&format!("Another way, {}: slipway apps steps {platform}{said}", other.label));
        }
    });
    Ok(Exit::Done)
}

async fn add(door: &Door, app: AddApp) -> Outcome<Exit> {
    let mut quotas = BTreeMap::new();
    for text in &app.quota {
        let pair =
            text.split_once('=').and_then(|(bucket, n)| Some((bucket.to_string(), n.parse::<u32>().ok()?)));
        let Some((bucket, units)) = pair else {
            return Err(usage(format!("--quota {text}: say it like uploads=200.")));
        };
        quotas.insert(bucket, units);
    }
    let (client_id, secret) = match &app.from_json {
        Some(file) => from_json(&read_json(file, "file")?)?,
        None => (app.client_id.clone().unwrap_or_default(), secret(&app)?),
    };
    let flags: BTreeMap<&str, bool> = app
        .is
        .iter()
        .map(|flag| flag.strip_suffix("=no").map_or((flag.as_str(), true), |key| (key, false)))
        .collect();
    let given = json!({
        "platform": app.platform,
        "client_id": client_id,
        "client_secret": secret,
        "quotas": quotas,
        "way": app.way,
        "flags": flags,
        "redirect": app.redirect,
        "config": app.config_id,
    });
    let answer = door.call("apps.add", given).await?;
    let shown: AppView = super::read(answer.clone())?;
    door.out.answer(&answer, |out| {
        out.line(&format!(
            "App {} is kept; its secret is in the vault. Next: slipway connect {}",
            shown.id, shown.platform
        ));
    });
    Ok(Exit::Done)
}

fn secret(app: &AddApp) -> Outcome<Option<String>> {
    if app.secret_stdin {
        return typed::secret("secret").map(Some);
    }
    Ok(app.client_secret.clone().or_else(|| std::env::var("SLIPWAY_CLIENT_SECRET").ok()))
}

/// The console's file has one object inside, `installed` for desktop apps.
fn from_json(file: &Value) -> Outcome<(String, Option<String>)> {
    if file.get("installed").is_none() && file.get("web").is_some() {
        return Err(Problem::block(
            Code::AppRefused,
            "This file is of a web app. Make a client of type \"Desktop app\" in the console and download its file.",
        ));
    }
    let app = file.get("installed").unwrap_or(file);
    let text = |key: &str| app.get(key).and_then(Value::as_str).map(str::to_string);
    let id = text("client_id").ok_or_else(|| {
        usage("This file has no client id. Download the client's JSON from the developer console.".into())
    })?;
    Ok((id, text("client_secret")))
}

async fn list(door: &Door) -> Outcome<Exit> {
    let answer = door.call("apps.list", Value::Null).await?;
    let apps: Vec<AppView> = super::read(answer.clone())?;
    door.out.answer(&answer, |out| {
        if apps.is_empty() {
            return out.aside("No developer apps yet. How to get one: slipway apps steps PLATFORM");
        }
        let rows: Vec<Vec<String>> = apps
            .iter()
            .map(|app| {
                let left: Vec<String> = app
                    .quotas
                    .iter()
                    .map(|quota| format!("{} {} of {}", quota.label, quota.used, quota.per_day))
                    .collect();
                let anew = app.quotas.iter().filter_map(|quota| quota.resets_at).min();
                vec![
                    app.id.to_string(),
                    app.platform.clone(),
                    clip(&app.client_id, 40),
                    left.join(", "),
                    anew.map(times::shown).unwrap_or_default(),
                ]
            })
            .collect();
        out.table(&["ID", "PLATFORM", "CLIENT ID", "USED TODAY", "ANEW AT"], &rows);
    });
    Ok(Exit::Done)
}

/// Makes the sandbox's own developer app known where it is not, or not any more the same one.
pub async fn adopt(door: &Door, apps: &BTreeMap<String, SandboxApp>, platform: &str) -> Outcome<()> {
    for (name, app) in apps {
        let for_it = if app.platform.is_empty() { name } else { &app.platform };
        if for_it != platform {
            continue;
        }
        // Added again even when its id is known: a sandbox that was begun anew may have another secret. It is the same row then.
        let given = json!({
            "platform": platform,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "flags": app.flags,
            "way": app.way,
        });
        door.call("apps.add", given).await?;
    }
    Ok(())
}

fn usage(message: String) -> Problem {
    Problem::block(Code::BadRequest, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_consoles_file_is_read_and_a_web_apps_refused() {
        let desktop = json!({"installed": {"client_id": "1.apps", "client_secret": "s"}});
        assert_eq!(from_json(&desktop).unwrap(), ("1.apps".into(), Some("s".into())));
        assert_eq!(from_json(&json!({"client_id": "1"})).unwrap(), ("1".into(), None));
        let web = from_json(&json!({"web": {"client_id": "1.apps", "client_secret": "s"}})).unwrap_err();
        assert_eq!(web.code, Code::AppRefused);
        for bad in [json!({}), json!({"installed": {}}), json!([]), json!({"installed": {"client_id": 7}})] {
            assert_eq!(from_json(&bad).unwrap_err().code, Code::BadRequest, "{bad}");
        }
    }
}
