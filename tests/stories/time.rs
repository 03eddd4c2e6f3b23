//! A post's minute: missed, moved, kept on the wall while zones change, and kept by the platform while nobody looks (C5, C17, C36).

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_stories::{Quick, Running, Town, call, post, wait_for, wait_shown};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);
const MINUTE: Duration = Duration::from_secs(60);

fn instant(value: &Value) -> anyhow::Result<jiff::Timestamp> {
    Ok(value.as_str().with_context(|| format!("no time: {value}"))?.parse()?)
}

struct Scene {
    town: Town,
    quick: Quick,
    engine: Engine,
}

impl Scene {
    async fn set(rule: Value, slots: Value) -> anyhow::Result<Scene> {
        let town = Town::new().await?;
        let quick = Quick::new(&town, 20);
        Scene::with(town, quick, rule, slots).await
    }

    /// The same at this instant.
    async fn at(now: &str) -> anyhow::Result<Scene> {
        let town = Town::new().await?;
        let quick = Quick::at(&town, 20, now.parse()?);
        Scene::with(town, quick, json!({"rule": "ask"}), json!([])).await
    }

    async fn with(town: Town, quick: Quick, rule: Value, slots: Value) -> anyhow::Result<Scene> {
        let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
        call(&engine, "accounts.rules", json!({"id": 1, "missed": rule, "slots": slots})).await?;
        Ok(Scene { town, quick, engine })
    }

    async fn post(&self, n: u64, at: &str, staged: bool) -> anyhow::Result<i64> {
        let path = self.town.video(&format!("{n}.mp4"), 60_000, n)?;
        let options = if staged { json!({"youtube": {"privacy": "unlisted"}}) } else { json!({}) };
        post(&self.engine, &path, &format!("Number {n}"), json!({"at": at, "options": options})).await
    }

    /// A post whose minute passes by half an hour while nothing runs: not begun, or staged before.
    async fn misses(&self, staged: bool) -> anyhow::Result<i64> {
        let id = self.post(1, "+20m", staged).await?;
        if staged {
            let running = Running::start(&self.engine);
            wait_for(&self.engine, id, &["ready"], PATIENCE).await?;
            running.stop().await?;
        }
        self.quick.pass(50 * MINUTE);
        self.town.sandbox.clear_calls();
        Ok(id)
    }

    fn privacies(&self) -> Vec<String> {
        self.town.videos().into_iter().map(|video| video.privacy).collect()
    }
}

fn is_asked(shown: &Value) -> bool {
    shown["state"] == "stuck" && shown["problem"]["code"] == "missed"
}

// ---------------------------------------------------------------------------------------------------------------- missed

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_post_asks_and_goes_out_when_told_c17() -> anyhow::Result<()> {
    for staged in [false, true] {
        for rule in [json!({"rule": "ask"}), json!({"rule": "publish_if_within", "minutes": 10})] {
            let scene = Scene::set(rule, json!([])).await?;
            let id = scene.misses(staged).await?;
            let running = Running::start(&scene.engine);
            let shown = wait_for(&scene.engine, id, &["stuck", "published"], PATIENCE).await?;
            ensure!(is_asked(&shown), "staged {staged}: {shown:#}");
            scene.town.quiet().await?;
            ensure!(scene.privacies() == vec!["private"; usize::from(staged)], "it went out unasked");
            call(&scene.engine, "posts.retry", json!({"id": id})).await?;
            let shown = wait_for(&scene.engine, id, &["stuck", "published"], PATIENCE).await?;
            ensure!(shown["state"] == "published", "staged {staged}: {shown:#}");
            running.stop().await?;
            ensure!(scene.privacies() == [if staged { "unlisted" } else { "public" }], "{shown:#}");
        }
    }
    Ok(())
}

/// A pause of everything that lasts beyond a post's minute, or a sign-in that comes back after it, is no leave to post late unasked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minute_that_passes_in_a_pause_or_without_a_sign_in_is_missed_c17() -> anyhow::Result<()> {
    for paused in [true, false] {
        let scene = Scene::set(json!({"rule": "ask"}), json!([])).await?;
        let hold = async |on: bool| -> anyhow::Result<()> {
            if paused {
                call(&scene.engine, "settings.pause", json!({"paused": on})).await?;
            } else {
                let state = if on { "sign_in" } else { "ok" };
                let sql = rusqlite::Connection::open(scene.town.folder().join("slipway.db"))?;
                sql.execute("UPDATE account SET state = ?1", [state])?;
                // Said by a call, so that the queue looks again.
                call(&scene.engine, "accounts.rules", json!({"id": 1, "missed": {"rule": "ask"}})).await?;
            }
            Ok(())
        };
        let id = scene.post(1, "+1m", false).await?;
        hold(true).await?;
        let running = Running::start(&scene.engine);
        scene.town.quiet().await?;
        // By and by: a leap would be taken for a suspend.
        let over = instant(&call(&scene.engine, "posts.show", json!({"id": id})).await?["due"])? + 2 * MINUTE;
        scene.quick.run();
        while scene.quick.now() < over {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        hold(false).await?;
        let shown = wait_for(&scene.engine, id, &["stuck", "published", "handed_over"], PATIENCE).await?;
        ensure!(is_asked(&shown), "paused {paused}: {shown:#}");
        running.stop().await?;
        ensure!(scene.privacies().is_empty(), "it went out unasked");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_post_goes_out_late_where_that_is_the_rule_c17() -> anyhow::Result<()> {
    for staged in [false, true] {
        let scene = Scene::set(json!({"rule": "publish_if_within", "minutes": 45}), json!([])).await?;
        let id = scene.misses(staged).await?;
        let running = Running::start(&scene.engine);
        let shown = wait_for(&scene.engine, id, &["stuck", "published"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "staged {staged}: {shown:#}");
        ensure!(shown["late_ms"].as_i64().unwrap_or_default() >= 29 * 60_000, "{shown:#}");
        scene.town.quiet().await?;
        running.stop().await?;
        ensure!(scene.privacies() == [if staged { "unlisted" } else { "public" }]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_post_moves_to_the_next_free_slot_and_stays_there_c17_c36() -> anyhow::Result<()> {
    for staged in [false, true] {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let slots: Vec<Value> = days.iter().map(|day| json!({"weekday": day, "time": "03:33:00"})).collect();
        let scene = Scene::set(json!({"rule": "next_free_slot"}), json!(slots)).await?;
        let id = scene.misses(staged).await?;
        let running = Running::start(&scene.engine);
        let now = scene.quick.now();
        let shown = wait_shown(&scene.engine, id, "moved", PATIENCE, |shown| {
            instant(&shown["due"]).is_ok_and(|due| due > now)
        })
        .await?;
        let due = instant(&shown["due"])?;
        ensure!(due.duration_since(now).as_hours() < 24 && due.to_string().contains(":33:00"), "{shown:#}");
        ensure!(["due", "ready"].contains(&shown["state"].as_str().unwrap_or_default()), "{shown:#}");
        running.stop().await?;
        // New zone data must not bring the old time back.
        zones_change(&scene.town)?;
        let running = Running::start(&scene.engine);
        scene.town.quiet().await?;
        let shown = call(&scene.engine, "posts.show", json!({"id": id})).await?;
        ensure!(instant(&shown["due"])? == due, "moved back: {shown:#}");
        scene.quick.pass_to(due);
        scene.quick.run();
        let shown = wait_for(&scene.engine, id, &["stuck", "published"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "staged {staged}: {shown:#}");
        running.stop().await?;
        ensure!(scene.privacies().len() == 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_post_is_skipped_where_that_is_the_rule_and_told_c17() -> anyhow::Result<()> {
    for staged in [false, true] {
        let scene = Scene::set(json!({"rule": "skip"}), json!([])).await?;
        let id = scene.misses(staged).await?;
        let running = Running::start(&scene.engine);
        let shown = wait_for(&scene.engine, id, &["cancelled", "stuck", "published"], PATIENCE).await?;
        // What the platform holds privately is not thrown away behind anybody's back.
        ensure!(shown["state"] == if staged { "stuck" } else { "cancelled" }, "{shown:#}");
        ensure!(shown["problem"]["code"] == "missed", "skipped in silence: {shown:#}");
        scene.quick.pass(24 * 60 * MINUTE);
        scene.town.quiet().await?;
        running.stop().await?;
        ensure!(scene.privacies() == vec!["private"; usize::from(staged)]);
        ensure!(scene.town.sandbox.calls().is_empty(), "{:#?}", scene.town.sandbox.calls());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_without_a_minute_is_not_missed_c17() -> anyhow::Result<()> {
    let scene = Scene::set(json!({"rule": "skip"}), json!([])).await?;
    let path = scene.town.video("now.mp4", 60_000, 1)?;
    let id = post(&scene.engine, &path, "As soon as possible", json!({})).await?;
    scene.quick.pass(24 * 60 * MINUTE);
    let running = Running::start(&scene.engine);
    let shown = wait_for(&scene.engine, id, &["cancelled", "stuck", "published"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    running.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_missed_posts_go_out_one_by_one_c5() -> anyhow::Result<()> {
    for staged in [false, true] {
        let scene = Scene::set(json!({"rule": "publish_if_within", "minutes": 600}), json!([])).await?;
        let mut ids = Vec::new();
        for n in 0..4 {
            ids.push(scene.post(n, &format!("+{}m", 20 + n), staged).await?);
        }
        if staged {
            let running = Running::start(&scene.engine);
            for id in &ids {
                wait_for(&scene.engine, *id, &["ready"], PATIENCE).await?;
            }
            running.stop().await?;
        }
        scene.quick.pass(120 * MINUTE);
        scene.town.sandbox.clear_calls();
        let running = Running::start(&scene.engine);
        wait_for(&scene.engine, ids[0], &["published", "stuck"], PATIENCE).await?;
        scene.town.quiet().await?;
        let out = || scene.privacies().iter().filter(|privacy| *privacy != "private").count();
        ensure!(out() == 1, "staged {staged}: a burst of {}", out());
        for (n, id) in ids.iter().copied().enumerate().skip(1).take(3) {
            let shown = call(&scene.engine, "posts.show", json!({"id": id})).await?;
            ensure!(shown["problem"]["code"] == "missed", "staged {staged}, waits without a word: {shown:#}");
            scene.quick.pass(4 * MINUTE);
            scene.town.quiet().await?;
            ensure!(out() == n, "staged {staged}: no pause before number {n}");
            scene.quick.pass(2 * MINUTE);
            wait_for(&scene.engine, id, &["published", "stuck"], PATIENCE).await?;
            scene.town.quiet().await?;
            ensure!(out() == n + 1, "staged {staged}: {} after number {n}", out());
        }
        running.stop().await?;
        ensure!(scene.town.videos().len() == 4);
    }
    Ok(())
}

/// The computer sleeps through the minute of a staged post: on waking the rule is asked before anything goes out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waking_after_the_minute_asks_first_c17() -> anyhow::Result<()> {
    let scene = Scene::set(json!({"rule": "ask"}), json!([])).await?;
    let id = scene.post(1, "+20m", true).await?;
    let running = Running::start(&scene.engine);
    wait_for(&scene.engine, id, &["ready"], PATIENCE).await?;
    scene.town.quiet().await?;
    scene.quick.hand().suspend(50 * MINUTE);
    let shown = wait_for(&scene.engine, id, &["stuck", "published"], PATIENCE).await?;
    ensure!(is_asked(&shown), "{shown:#}");
    ensure!(scene.privacies() == ["private"]);
    running.stop().await
}

/// Awake and at it: the same post goes out at its minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awake_at_the_minute_it_goes_out() -> anyhow::Result<()> {
    let scene = Scene::set(json!({"rule": "ask"}), json!([])).await?;
    let id = scene.post(1, "+60s", true).await?;
    let running = Running::start(&scene.engine);
    wait_for(&scene.engine, id, &["ready"], PATIENCE).await?;
    scene.quick.run();
    let shown = wait_for(&scene.engine, id, &["stuck", "published"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    running.stop().await
}

// ---------------------------------------------------------------------------------------------------------------- zones

/// As after an update of the zone data: what is kept of it is not what there is.
fn zones_change(town: &Town) -> anyhow::Result<()> {
    let changed = town.database()?.execute("UPDATE meta SET value = 'older' WHERE key = 'zone_data'", [])?;
    ensure!(changed == 1, "no zone data is remembered");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_time_is_the_plan_when_zone_data_changes_c36() -> anyhow::Result<()> {
    let scene = Scene::set(json!({"rule": "ask"}), json!([])).await?;
    let day =
        scene.quick.now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(jiff::Span::new().days(40));
    let wall = format!("{day}T18:00[Europe/Berlin]");
    let (handed, staged) = (scene.post(1, &wall, false).await?, scene.post(2, &wall, true).await?);
    let running = Running::start(&scene.engine);
    wait_for(&scene.engine, handed, &["handed_over"], PATIENCE).await?;
    wait_for(&scene.engine, staged, &["ready"], PATIENCE).await?;
    running.stop().await?;
    let shown = call(&scene.engine, "posts.show", json!({"id": handed})).await?;
    let due = instant(&shown["due"])?;
    let there = due.in_tz("Europe/Berlin")?;
    ensure!(there.hour() == 18 && there.minute() == 0, "{there}");
    // By the old rules it was an hour later, for us and for the platform.
    let old = due + jiff::SignedDuration::from_hours(1);
    scene.town.database()?.execute("UPDATE delivery SET due_at = ?1", [old.as_millisecond()])?;
    scene
        .town
        .database()?
        .execute("UPDATE delivery SET next_at = ?1 WHERE state = 'ready'", [old.as_millisecond()])?;
    zones_change(&scene.town)?;
    scene.town.sandbox.clear_calls();
    let running = Running::start(&scene.engine);
    let shown = wait_shown(&scene.engine, handed, "the platform was told", PATIENCE, |shown| {
        shown["extras"][0]["state"] == "done"
    })
    .await?;
    ensure!(
        instant(&shown["due"])? == due && shown["wall"]["local"] == format!("{day}T18:00:00"),
        "{shown:#}"
    );
    let shown = call(&scene.engine, "posts.show", json!({"id": staged})).await?;
    ensure!(instant(&shown["due"])? == due && instant(&shown["next"]["at"])? == due, "{shown:#}");
    scene.town.quiet().await?;
    let videos = scene.town.videos();
    let at: jiff::Timestamp = videos[0].publish_at.as_deref().context("no time there")?.parse()?;
    ensure!(at == due, "the platform has {at}, not {due}");
    // And at that minute both go out.
    scene.quick.pass_to(due);
    scene.quick.run();
    for id in [handed, staged] {
        let shown = wait_for(&scene.engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
    }
    running.stop().await?;
    ensure!(scene.town.videos()[0].public_at_ms == Some(due.as_millisecond()));
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- kept by the platform

/// The platform has it and its minute is long past there, too, but it stays private: a person is asked after two hours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_handed_over_and_never_public_is_told_c14() -> anyhow::Result<()> {
    let scene = Scene::set(json!({"rule": "ask"}), json!([])).await?;
    let id = scene.post(1, "+20m", false).await?;
    let running = Running::start(&scene.engine);
    wait_for(&scene.engine, id, &["handed_over"], PATIENCE).await?;
    let due = instant(&call(&scene.engine, "posts.show", json!({"id": id})).await?["due"])?;
    let mut looks = 0;
    let shown = loop {
        let now = scene.quick.now();
        // While it looks there is no look to come.
        let shown = wait_shown(&scene.engine, id, "looks again", PATIENCE, |shown| {
            let next = instant(&shown["next"]["at"]);
            let rests = next.is_ok_and(|at| at > now) || shown["next"]["then"] == "ask";
            shown["state"] == "stuck"
                || shown["state"] == "published"
                || shown["state"] == "handed_over" && rests
        })
        .await?;
        if shown["state"] != "handed_over" {
            break shown;
        }
        ensure!(now < due + jiff::SignedDuration::from_mins(130), "it waits for ever: {shown:#}");
        let next = instant(&shown["next"]["at"])?;
        if next <= now {
            // It is asked about by the look after this: the engine gets the time that it takes.
            let asked = wait_for(&scene.engine, id, &["stuck"], Duration::from_secs(2)).await;
            if asked.is_ok() {
                continue;
            }
        }
        // Our clock goes on; the platform's stands.
        let until_then = Duration::try_from(next.duration_since(now)).unwrap_or_default();
        scene.quick.pass_here(until_then + Duration::from_secs(30));
        looks += 1;
    };
    ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "not_public", "{shown:#}");
    let waited = scene.quick.now().duration_since(due).as_mins();
    ensure!((115..=130).contains(&waited), "asked after {waited} minutes");
    ensure!(looks > 20, "only {looks} looks");
    // It goes public after all; asked to look again, it is found so.
    scene.town.sandbox.advance(3 * 60 * MINUTE);
    call(&scene.engine, "posts.retry", json!({"id": id})).await?;
    let shown = wait_for(&scene.engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    running.stop().await?;
    ensure!(scene.town.videos().len() == 1);
    Ok(())
}

// ------------------------------------------------------------------------------------------------------------------ days

/// From afar or from near, the calendar tells the same: every post is counted once, on the day it has in that zone. At noon, while
/// the date is another one in Los Angeles or in Tokyo, before a day of 23 and one of 25 hours, and at the end of a year.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_days_of_a_calendar_agree_with_its_list() -> anyhow::Result<()> {
    for now in [
        "2026-11-23T12:00:00Z",
        "2026-11-27T01:37:00Z",
        "2026-11-27T23:30:00Z",
        "2027-03-13T20:00:00Z",
        "2026-10-31T07:30:00Z",
        "2026-12-31T23:30:00Z",
        "2028-02-28T16:30:00Z",
    ] {
        days_agree(now).await.context(now)?;
    }
    Ok(())
}

async fn days_agree(now: &str) -> anyhow::Result<()> {
    let scene = Scene::at(now).await?;
    for n in 1..=14 {
        scene.post(n, &format!("+{}h", n * 5), false).await?;
    }
    for zone in ["UTC", "Asia/Tokyo", "America/Los_Angeles"] {
        let there = jiff::tz::TimeZone::get(zone)?;
        let from = scene.quick.now().to_zoned(there.clone()).date();
        let list = call(&scene.engine, "posts.list", json!({})).await?;
        let mut want = std::collections::BTreeMap::<String, u64>::new();
        for row in list.as_array().context("no list")? {
            *want.entry(instant(&row["due"])?.to_zoned(there.clone()).date().to_string()).or_default() += 1;
        }
        let given = |text: Value| json!({"from": from, "days": 10, "zone": zone, "most": 2, "text": text, "state": "due"});
        let days = call(&scene.engine, "posts.days", given(Value::Null)).await?;
        let days = days.as_array().context("no days")?;
        ensure!(days.len() == want.len() && want.values().any(|posts| *posts > 2), "{days:#?}");
        for day in days {
            let date = day["date"].as_str().context("no date")?;
            let rows = day["rows"].as_array().context("no rows")?;
            ensure!(day["posts"].as_u64() == want.get(date).copied(), "{zone} {date}: {day:#} {want:?}");
            ensure!(rows.len() as u64 == day["posts"].as_u64().unwrap_or_default().min(2), "{day:#}");
            for row in rows {
                ensure!(instant(&row["due"])?.to_zoned(there.clone()).date().to_string() == date, "{day:#}");
            }
        }
        let found = call(&scene.engine, "posts.days", given(json!("NUMBER 14"))).await?;
        let only = [&found[0]["posts"], &found[0]["rows"][0]["title"], &found[1]];
        ensure!(only == [&json!(1), &json!("Number 14"), &Value::Null], "{found:#}");
    }
    Ok(())
}
