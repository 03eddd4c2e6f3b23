//! `settings` and `restore`.

use super::Door;
use crate::args::{Global, SettingsCommand};
use crate::home::Place;
use crate::out::Out;
use crate::words::Exit;
use serde_json::{Value, json};
use slipway_core::engine::{InstanceLock, database_path};
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::store::{self, Choice};

pub async fn run(door: &Door, what: SettingsCommand) -> Outcome<Exit> {
    let mut settings = door.call("settings.get", Value::Null).await?;
    if let SettingsCommand::Set { pairs } = what {
        for pair in &pairs {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                Problem::block(Code::BadRequest, format!("\"{pair}\": say it like zone=Europe/Berlin."))
            })?;
            let key = key.trim();
            if settings.get(key).is_none() || key == "measured" {
                let known: Vec<&str> = settings
                    .as_object()
                    .map(|all| all.keys().map(String::as_str).filter(|key| *key != "measured").collect())
                    .unwrap_or_default();
                return Err(Problem::block(
                    Code::BadRequest,
                    format!("There is no setting \"{key}\". Known: {}.", known.join(", ")),
                ));
            }
            settings[key] = value_of(key, value.trim())?;
        }
        settings = door.call("settings.set", settings).await.map_err(|problem| match problem.code {
            // The engine says it as for a post's time; here it is a setting.
            Code::ZoneUnknown => problem.edit("zone"),
            _ => problem,
        })?;
    }
    door.out.answer(&settings, |out| {
        let fields: Vec<(&str, String)> = settings
            .as_object()
            .map(|all| all.iter().map(|(key, value)| (key.as_str(), text_of(key, value))).collect())
            .unwrap_or_default();
        out.fields(&fields);
    });
    Ok(Exit::Done)
}

/// A setting as people write it: rules have short forms, everything may be JSON.
fn value_of(key: &str, text: &str) -> Outcome<Value> {
    let short = match key {
        "bandwidth" if text == "unlimited" => Some(json!({ "rule": "unlimited" })),
        "bandwidth" => rate(text).map(|rate| json!({ "rule": "always", "bytes_per_second": rate })),
        "missed" if matches!(text, "ask" | "skip" | "next_free_slot") => Some(json!({ "rule": text })),
        "missed" => text
            .strip_suffix("min")
            .and_then(|n| n.trim().parse::<u32>().ok())
            .map(|minutes| json!({ "rule": "publish_if_within", "minutes": minutes })),
        "zone" => Some(text.into()),
        _ => None,
    };
    if let Some(value) = short {
        return Ok(value);
    }
    let says = match key {
        "bandwidth" => "unlimited, 500kB/s, 2MB/s, or a rule as JSON",
        "missed" => "ask, skip, next_free_slot or 30min",
        "paused" => "true or false",
        _ => "a number",
    };
    serde_json::from_str(text)
        .ok()
        .filter(|value: &Value| match key {
            "paused" => value.is_boolean(),
            "bandwidth" | "missed" => value.is_object(),
            _ => value.is_u64(),
        })
        .ok_or_else(|| Problem::block(Code::BadRequest, format!("{key}={text}: it is {says}.")))
}

/// Bytes a second of `2MB/s`, `500kB/s`, `900B/s`.
fn rate(text: &str) -> Option<u64> {
    let amount = text.strip_suffix("B/s")?;
    let units = [('k', 1e3), ('M', 1e6), ('G', 1e9)];
    let in_unit = units.iter().find_map(|(name, unit)| Some((amount.strip_suffix(*name)?, *unit)));
    let (number, unit) = in_unit.unwrap_or((amount, 1.0));
    let rate = number.trim().parse::<f64>().ok()? * unit;
    (rate.is_finite() && (0.0..=1e12).contains(&rate)).then_some(rate as u64)
}

fn text_of(key: &str, value: &Value) -> String {
    let rule = value.get("rule").and_then(Value::as_str);
    match (key, rule) {
        ("bandwidth", Some("always")) => {
            let rate = value.get("bytes_per_second").and_then(Value::as_u64).unwrap_or_default();
            format!("{}/s", slipway_core::check::bytes(rate))
        }
        ("missed", Some("publish_if_within")) => {
            format!("publish if at most {} min late, else ask", value.get("minutes").unwrap_or(&Value::Null))
        }
        (_, Some(rule)) if value.as_object().is_some_and(|all| all.len() == 1) => rule.to_string(),
        ("measured", _) => {
            value.as_u64().map_or("not yet".into(), |rate| format!("{}/s", slipway_core::check::bytes(rate)))
        }
        _ => value.as_str().map_or_else(|| value.to_string(), String::from),
    }
}

/// Works without the engine, which would not open a damaged file. Without a choice the backups are listed.
pub fn restore(global: &Global, choice: Option<Choice>, out: Out) -> Outcome<Exit> {
    let folder = Place::find(global)?.folder;
    let database = database_path(&folder);
    if !folder.is_dir() {
        return Err(Problem::block(Code::NotFound, "There is no data folder here, so nothing to restore."));
    }
    let Some(choice) = choice else { return list_backups(&folder, out) };
    // The lock that a running queue holds: its file must not be taken away under it.
    let _lock = InstanceLock::take(&folder)?;
    let put = store::restore(&database, &choice)?;
    let name =
        put.from.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    out.answer(&json!({ "restored": name, "damaged": put.damaged }), |out| {
        for damaged in &put.damaged {
            out.line(&format!("The backup {damaged} is damaged and was passed over."));
        }
        match &name {
            Some(name) => {
                out.line(&format!("The backup {name} is in place. The old file lies beside it."));
                out.line(
                    "Before anything is sent, `slipway run` asks the platforms which of its posts are there already.",
                );
            }
            None => out.line("A new, empty queue begins. The old file lies beside it."),
        }
    });
    Ok(Exit::Done)
}

fn list_backups(folder: &std::path::Path, out: Out) -> Outcome<Exit> {
    let found = slipway_core::api::backup_views(folder);
    if found.is_empty() {
        return Err(Problem::block(Code::NotFound, "There is no backup to restore."));
    }
    out.answer(&json!({ "restored": null, "backups": found }), |out| {
        for backup in &found {
            let holds = match (backup.scheduled, backup.published, &backup.problem) {
                (Some(scheduled), Some(published), _) => {
                    format!("{scheduled} scheduled, {published} published")
                }
                (_, _, Some(problem)) if problem.code == Code::DatabaseNewer => "of a newer Slipway".into(),
                _ => "damaged".into(),
            };
            out.line(&format!("{}  {}  {holds}", backup.name, crate::times::shown(backup.at)));
        }
        out.line("Put one in place: slipway restore --from NAME, or slipway restore --newest.");
    });
    Ok(Exit::Done)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_people_write_them() {
        for (key, text, want) in [
            ("bandwidth", "unlimited", Some(json!({"rule": "unlimited"}))),
            ("bandwidth", "2MB/s", Some(json!({"rule": "always", "bytes_per_second": 2_000_000}))),
            ("bandwidth", "1.5kB/s", Some(json!({"rule": "always", "bytes_per_second": 1_500}))),
            ("bandwidth", "fast", None),
            ("bandwidth", "-1MB/s", None),
            ("bandwidth", "NaNMB/s", None),
            ("missed", "ask", Some(json!({"rule": "ask"}))),
            ("missed", "30min", Some(json!({"rule": "publish_if_within", "minutes": 30}))),
            ("missed", "often", None),
            ("paused", "true", Some(json!(true))),
            ("paused", "yes", None),
            ("parallel_uploads", "2", Some(json!(2))),
            ("parallel_uploads", "two", None),
            ("zone", "Europe/Berlin", Some(json!("Europe/Berlin"))),
        ] {
            assert_eq!(value_of(key, text).ok(), want, "{key}={text}");
        }
    }
}
