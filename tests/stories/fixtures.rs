//! What real commands answer, kept for the window's tests: `ui/src/host/fixtures`. `./dev bindings` writes them; without it this
//! holds that the kept ones still have the shape of what is answered.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_stories::{Running, Town, call, post, run_until, wait_for};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ui/src/host/fixtures")
}

/// A house with something of everything: public, handed over, waiting, a draft.
async fn answers(town: &Town) -> anyhow::Result<BTreeMap<&'static str, Value>> {
    let engine = town.at_home("youtube").await?;
    let settings = json!({"zone": "Europe/Berlin", "measured": 2_000_000});
    call(&engine, "settings.set", settings).await?;
    let video = |name: &str, seed| town.video(name, 300_000, seed);
    let crust = video("crust.mp4", 1)?;
    let public = post(&engine, &crust, "The crust nobody tells you about", json!({})).await?;
    run_until(&engine, public, &["published"], PATIENCE).await?;
    let rye = post(&engine, &video("rye.mp4", 2)?, "Rye at night", json!({"at": "+2h"})).await?;
    let running = Running::start(&engine);
    wait_for(&engine, rye, &["handed_over"], PATIENCE).await?;
    running.stop().await?;
    for (name, seed, more) in
        [("oven.mp4", 3, json!({"at": "+26h"})), ("flour.mp4", 4, json!({"draft": true}))]
    {
        post(&engine, &video(name, seed)?, name, more).await?;
    }
    let account = call(&engine, "accounts.list", json!({})).await?[0]["id"].clone();
    let rules = json!({
        "id": account,
        "missed": {"rule": "publish_if_within", "minutes": 30},
        "slots": [{"weekday": "sat", "time": "18:00:00"}, {"weekday": "wed", "time": "12:30:00"}],
    });
    call(&engine, "accounts.rules", rules).await?;
    let now = jiff::Timestamp::now();
    let week = json!({"from": now, "to": now + jiff::SignedDuration::from_hours(7 * 24)});
    let mut answers = BTreeMap::new();
    for (name, given) in [
        ("platforms.list", json!({})),
        ("apps.list", json!({})),
        ("accounts.list", json!({})),
        ("posts.list", json!({})),
        ("posts.show", json!({"id": public})),
        ("posts.glance", json!({})),
        ("settings.get", json!({})),
        ("activity.list", json!({})),
        ("house.show", json!({})),
        (
            "posts.days",
            json!({"from": now.to_zoned(jiff::tz::TimeZone::UTC).date(), "days": 7, "zone": "UTC", "most": 3}),
        ),
        ("slots.free", week),
    ] {
        answers.insert(name, tidied(call(&engine, name, given).await?, town));
    }
    Ok(answers)
}

/// Without the folder of this run.
fn tidied(value: Value, town: &Town) -> Value {
    match value {
        Value::String(text) => {
            Value::String(text.replace(&town.home.path().to_string_lossy().into_owned(), "/home/mira"))
        }
        Value::Array(list) => list.into_iter().map(|one| tidied(one, town)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, one)| (key, tidied(one, town))).collect(),
        other => other,
    }
}

/// What a value looks like: keys and kinds. Where several were seen, all of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    kinds: std::collections::BTreeSet<&'static str>,
    fields: BTreeMap<String, Shape>,
    inside: Option<Box<Shape>>,
}

impl Shape {
    fn of(value: &Value) -> Shape {
        let mut shape = Shape::default();
        shape.see(value);
        shape
    }

    fn see(&mut self, value: &Value) {
        self.kinds.insert(match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Array(_) => "list",
            Value::Object(_) => "object",
        });
        match value {
            Value::Array(list) => {
                let inside = self.inside.get_or_insert_default();
                list.iter().for_each(|one| inside.see(one));
            }
            Value::Object(fields) => {
                for (key, one) in fields {
                    self.fields.entry(key.clone()).or_default().see(one);
                }
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_windows_fixtures_have_the_shape_of_what_is_answered() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let answers = answers(&town).await?;
    let write = std::env::var_os("SLIPWAY_WRITE_BINDINGS").is_some_and(|said| said == "1");
    for (name, answer) in &answers {
        let path = folder().join(format!("{name}.json"));
        let now = Shape::of(answer);
        let kept = std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
        let mut kept = kept.as_ref().map(Shape::of);
        // Times and numbers differ each time; only another shape is worth a change.
        if write && kept.as_ref() != Some(&now) {
            std::fs::write(&path, serde_json::to_string_pretty(answer)? + "\n")?;
            kept = Some(Shape::of(answer));
        }
        let kept = kept.with_context(|| format!("{name} is not kept: run ./dev bindings"))?;
        ensure!(kept == now, "{name} is answered in another shape, run ./dev bindings:\n{kept:?}\n{now:?}");
    }
    for file in std::fs::read_dir(folder())? {
        let name = file?.file_name().to_string_lossy().into_owned();
        ensure!(answers.contains_key(name.trim_end_matches(".json")), "nobody writes {name}");
    }
    Ok(())
}

#[test]
fn another_key_or_kind_is_another_shape() {
    let base = json!([{"id": 1, "at": null}, {"id": 2, "at": "x"}]);
    assert_eq!(Shape::of(&base), Shape::of(&json!([{"id": 9, "at": "y"}, {"id": 2, "at": null}])));
    for other in [
        json!([{"id": 1, "at": null}]),
        json!([{"id": "1", "at": null}, {"id": 2, "at": "x"}]),
        json!([{"id": 1, "at": null, "by": 1}, {"id": 2, "at": "x"}]),
        json!({"id": 1}),
    ] {
        assert_ne!(Shape::of(&base), Shape::of(&other), "{other}");
    }
}
