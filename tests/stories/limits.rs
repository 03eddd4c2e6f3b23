//! What holds a post back, and that it goes on by itself: quotas of the app, limits of a channel, lanes, pauses, the line's own limit,
//! and failures that are counted for good (C6, C33, C34).

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_sandbox::{Deed, Fault, StatusAnswer};
use slipway_stories::{Person, Quick, Running, Town, call, post, until, wait_for, wait_shown};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(180);
const GRANULE: u64 = 262_144;

fn instant(value: &Value) -> anyhow::Result<jiff::Timestamp> {
    Ok(value.as_str().with_context(|| format!("no time: {value}"))?.parse()?)
}

fn count(town: &Town, api: &str) -> usize {
    town.sandbox.calls().iter().filter(|call| call.api == api).count()
}

async fn show(engine: &Engine, id: i64) -> anyhow::Result<Value> {
    call(engine, "posts.show", json!({"id": id})).await
}

async fn change_settings(engine: &Engine, changes: Value) -> anyhow::Result<()> {
    let mut settings = call(engine, "settings.get", json!({})).await?;
    if let (Some(settings), Some(changes)) = (settings.as_object_mut(), changes.as_object()) {
        settings.extend(changes.clone());
    }
    call(engine, "settings.set", settings).await?;
    Ok(())
}

/// Midnight in California, at which YouTube's day begins.
fn is_pacific_midnight(at: jiff::Timestamp) -> bool {
    at.in_tz("America/Los_Angeles").is_ok_and(|there| there.time() == jiff::civil::Time::midnight())
}

// ---------------------------------------------------------------------------------------------------------------- quotas

/// What is beyond the day's quota waits for the next day and goes on by itself, also what had not begun. `spend` says whose count it
/// is; three uploads a day.
async fn three_a_day(own_ledger: bool) -> anyhow::Result<()> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 1);
    let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    if own_ledger {
        let app = town.sandbox.announcement().apps["youtube"].clone();
        let given = json!({"platform": "youtube", "client_id": app.client_id, "client_secret": app.client_secret,
            "quotas": {"uploads": 3}});
        call(&engine, "apps.add", given).await?;
    } else {
        town.sandbox.settings(|settings| settings.uploads_per_day = 3);
    }
    let mut ids = Vec::new();
    for n in 0..5 {
        let path = town.video(&format!("{n}.mp4"), 60_000, n)?;
        ids.push(post(&engine, &path, &format!("Number {n}"), json!({})).await?);
        quick.pass(Duration::from_millis(10));
    }
    let running = Running::start(&engine);
    for id in &ids[..3] {
        wait_for(&engine, *id, &["published"], PATIENCE).await?;
    }
    let fourth = wait_for(&engine, ids[3], &["parked", "stuck", "published"], PATIENCE).await?;
    ensure!(fourth["state"] == "parked" && fourth["problem"]["code"] == "quota_spent", "{fourth:#}");
    let midnight = instant(&fourth["next"]["at"])?;
    ensure!(is_pacific_midnight(midnight), "it waits until {midnight}");
    // The fifth has not begun, and says why and until when.
    let fifth = show(&engine, ids[4]).await?;
    ensure!(fifth["state"] == "due" && instant(&fifth["next"]["at"])? == midnight, "{fifth:#}");
    let waits = call(&engine, "accounts.list", json!({})).await?;
    ensure!(waits[0]["waits"]["problem"]["code"] == "quota_spent", "{waits:#}");
    town.quiet().await?;
    let opened = count(&town, "videos.insert.start");
    ensure!(opened == if own_ledger { 3 } else { 4 }, "{opened} uploads were opened");
    // Nothing before midnight.
    quick.pass_to(midnight - jiff::SignedDuration::from_mins(10));
    town.quiet().await?;
    quick.pass_to(midnight + jiff::SignedDuration::from_secs(1));
    for id in &ids[3..] {
        let shown = wait_for(&engine, *id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
    }
    town.quiet().await?;
    running.stop().await?;
    ensure!(town.videos().len() == 5, "{} videos", town.videos().len());
    town.nothing_odd()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_apps_own_ledger_parks_until_midnight_there_c33() -> anyhow::Result<()> {
    three_a_day(true).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platforms_own_count_parks_until_midnight_there_c33() -> anyhow::Result<()> {
    three_a_day(false).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_pool_at_the_read_back_waits_and_makes_no_second_video_c33() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 1);
    let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    let spent = StatusAnswer {
        status: 403,
        reason: Some("quotaExceeded".into()),
        domain: Some("youtube.quota".into()),
        ..StatusAnswer::default()
    };
    town.sandbox.plan(Fault::next("videos.list", spent));
    let path = town.video("case.mp4", 100_000, 1)?;
    let id = post(&engine, &path, "Read me back", json!({})).await?;
    let running = Running::start(&engine);
    let shown = wait_for(&engine, id, &["parked", "stuck", "published"], PATIENCE).await?;
    ensure!(shown["state"] == "parked" && shown["problem"]["code"] == "quota_spent", "{shown:#}");
    let midnight = instant(&shown["next"]["at"])?;
    ensure!(is_pacific_midnight(midnight), "it waits until {midnight}");
    town.quiet().await?;
    quick.pass_to(midnight + jiff::SignedDuration::from_secs(1));
    wait_for(&engine, id, &["published"], PATIENCE).await?;
    town.quiet().await?;
    running.stop().await?;
    ensure!(town.videos().len() == 1 && count(&town, "videos.insert.start") == 1, "sent twice");
    town.nothing_odd()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_channels_own_limit_is_another_thing_and_holds_nobody_else_c34() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 1);
    let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    let jonas = Person::who(1).connect(&engine, "youtube").await?;
    let mira = if jonas == 1 { 2 } else { 1 };
    let full = StatusAnswer {
        status: 400,
        reason: Some("uploadLimitExceeded".into()),
        domain: Some("youtube.video".into()),
        ..StatusAnswer::default()
    };
    town.sandbox.plan(Fault::next("videos.insert.start", full).file("Mira's"));
    let path = town.video("case.mp4", 100_000, 1)?;
    let held = post(&engine, &path, "Mira's", json!({"to": [mira.to_string()]})).await?;
    let free = post(&engine, &path, "Jonas's", json!({"to": [jonas.to_string()]})).await?;
    let running = Running::start(&engine);
    let shown = wait_for(&engine, held, &["parked", "stuck", "published"], PATIENCE).await?;
    ensure!(shown["state"] == "parked" && shown["problem"]["code"] == "account_limit", "{shown:#}");
    wait_for(&engine, free, &["published"], PATIENCE).await?;
    // More for the other channel, while the first one waits.
    let path = town.video("more.mp4", 100_000, 2)?;
    let more = post(&engine, &path, "Jonas's second", json!({"to": [jonas.to_string()]})).await?;
    wait_for(&engine, more, &["published"], PATIENCE).await?;
    let next = instant(&shown["next"]["at"])?;
    let hours = next.duration_since(quick.now()).as_hours();
    ensure!((20..=24).contains(&hours), "it waits for {hours} hours");
    town.quiet().await?;
    quick.pass_to(next + jiff::SignedDuration::from_secs(1));
    wait_for(&engine, held, &["published"], PATIENCE).await?;
    town.quiet().await?;
    running.stop().await?;
    ensure!(town.videos().len() == 3, "{} videos", town.videos().len());
    town.nothing_odd()
}

// ---------------------------------------------------------------------------------------------------------------- lanes

/// Two channels with two posts each, uploaded slowly; for every moment looked at, the titles under way.
async fn two_lanes(parallel: u8) -> anyhow::Result<BTreeSet<Vec<String>>> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let jonas = Person::who(1).connect(&engine, "youtube").await?;
    change_settings(&engine, json!({"parallel_uploads": parallel})).await?;
    let mut ids = Vec::new();
    for (n, (whose, account)) in
        [("mira", 3 - jonas), ("jonas", jonas), ("mira", 3 - jonas), ("jonas", jonas)].into_iter().enumerate()
    {
        let path = town.video(&format!("{n}.mp4"), 300_000, n as u64)?;
        town.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(600_000)));
        ids.push(post(&engine, &path, &format!("{whose} {n}"), json!({"to": [account.to_string()]})).await?);
    }
    let running = Running::start(&engine);
    let mut seen = BTreeSet::new();
    until("all four are there", PATIENCE, || {
        let state = town.sandbox.state();
        let under_way =
            state.sessions.iter().filter(|session| !session.finished && session.received_total > 0);
        let mut titles: Vec<String> = under_way.filter_map(|session| session.file.clone()).collect();
        titles.sort();
        seen.insert(titles);
        (state.videos.len() == 4).then_some(())
    })
    .await?;
    for id in ids {
        wait_for(&engine, id, &["published"], PATIENCE).await?;
    }
    town.quiet().await?;
    running.stop().await?;
    ensure!(town.sandbox.state().sessions.len() == 4, "more sessions than videos");
    town.nothing_odd()?;
    Ok(seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_upload_side_by_side_and_each_one_in_a_row() -> anyhow::Result<()> {
    let seen = two_lanes(3).await?;
    assert!(seen.iter().any(|titles| titles.len() == 2), "never side by side: {seen:?}");
    for titles in seen {
        for whose in ["mira", "jonas"] {
            let of_one = titles.iter().filter(|title| title.starts_with(whose)).count();
            assert!(of_one <= 1, "two of one channel at once: {titles:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_upload_at_a_time_if_so_set() -> anyhow::Result<()> {
    let seen = two_lanes(1).await?;
    assert!(seen.iter().all(|titles| titles.len() <= 1), "{seen:?}");
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- pauses

fn received(town: &Town) -> u64 {
    town.sandbox.state().sessions.iter().map(|session| session.received_total).sum()
}

/// Paused half-way, by this pair of commands; goes on from where the platform stood.
async fn paused_half_way(pause: (&'static str, Value), resume: (&'static str, Value)) -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    // More than the sockets between us and the platform hold.
    let path = town.video("case.mp4", 24_000_000, 1)?;
    let size = std::fs::metadata(&path)?.len();
    town.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(8_000_000)));
    let id = post(&engine, &path, "Half and half", json!({})).await?;
    let running = Running::start(&engine);
    until("some of it is there", PATIENCE, || (received(&town) > 1_000_000).then_some(())).await?;
    call(&engine, pause.0, pause.1).await?;
    wait_for(&engine, id, &["due"], PATIENCE).await?;
    // What is in flight may still arrive; nothing new is sent, and the video is not whole.
    let shown = show(&engine, id).await?;
    ensure!(shown["moving"].is_null(), "{shown:#}");
    town.quiet().await?;
    ensure!(town.videos().is_empty() && show(&engine, id).await?["state"] == "due", "it went on in a pause");
    call(&engine, resume.0, resume.1).await?;
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    town.quiet().await?;
    running.stop().await?;
    let again = received(&town) - size;
    ensure!(again <= GRANULE, "{again} bytes were sent again");
    ensure!(town.sandbox.state().sessions.len() == 1, "begun anew");
    let disk = blake3::hash(&std::fs::read(&path)?).to_hex();
    ensure!(town.videos().len() == 1 && town.videos()[0].blake3.as_deref() == Some(disk.as_str()), "bytes");
    town.nothing_odd()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_post_goes_on_from_the_platforms_offset() -> anyhow::Result<()> {
    let (on, off) = (json!({"id": 1, "paused": true}), json!({"id": 1, "paused": false}));
    paused_half_way(("posts.pause", on), ("posts.pause", off)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_paused_goes_on_from_the_platforms_offset() -> anyhow::Result<()> {
    let (on, off) = (json!({"paused": true, "zone": "UTC"}), json!({"paused": false, "zone": "UTC"}));
    paused_half_way(("settings.set", on), ("settings.set", off)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_go_no_faster_than_the_limit_and_a_lifted_limit_lets_them_go() -> anyhow::Result<()> {
    const LIMIT: u64 = 100_000;
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    change_settings(&engine, json!({"bandwidth": {"rule": "always", "bytes_per_second": LIMIT}})).await?;
    // At the limit this takes ten minutes; the story lifts it long before.
    let path = town.video("case.mp4", 60_000_000, 1)?;
    let id = post(&engine, &path, "Slowly", json!({})).await?;
    let running = Running::start(&engine);
    until("bytes move", PATIENCE, || (received(&town) > 0).then_some(())).await?;
    let (began, before) = (Instant::now(), received(&town));
    let after = until("a good piece more is there", PATIENCE, || {
        let now = received(&town);
        (now > before + 2 * LIMIT).then_some(now)
    })
    .await?;
    // A busy machine is slower, never faster; a second's worth may go ahead at once.
    let allowed = LIMIT as f64 * (began.elapsed().as_secs_f64() * 1.5 + 1.0);
    ensure!(((after - before) as f64) < allowed, "{} bytes in {:?}", after - before, began.elapsed());
    change_settings(&engine, json!({"bandwidth": {"rule": "unlimited"}})).await?;
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(began.elapsed() < Duration::from_secs(300), "the lifted limit still held");
    running.stop().await?;
    ensure!(town.sandbox.state().sessions.len() == 1 && received(&town) == std::fs::metadata(&path)?.len());
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- failures

/// Lets time pass to whenever the post is tried again, until it rests otherwise; the failures it took.
async fn fail_on(town: &Town, quick: &Quick, engine: &Engine, id: i64) -> anyhow::Result<Value> {
    let mut before = jiff::Timestamp::MIN;
    loop {
        let shown = wait_shown(engine, id, "tried again", PATIENCE, |shown| match shown["state"].as_str() {
            Some("parked") => instant(&shown["next"]["at"]).is_ok_and(|at| at > before && at > quick.now()),
            state => matches!(state, Some("stuck" | "published")),
        })
        .await?;
        if shown["state"] != "parked" {
            return Ok(shown);
        }
        ensure!(count(town, "*") < 200, "no end to it");
        before = instant(&shown["next"]["at"])?;
        quick.pass_to(before + jiff::SignedDuration::from_millis(1));
    }
}

fn down(town: &Town, api: &str, times: u64) {
    for _ in 0..times {
        town.sandbox.plan(Fault::next(api, 503));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_counted_across_restarts_and_end_c6() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 1);
    let mut engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    let path = town.video("case.mp4", 100_000, 1)?;
    let id = post(&engine, &path, "Nobody home", json!({})).await?;
    town.sandbox.clear_calls();
    down(&town, "videos.insert.start", 60);
    let failed = || count(&town, "videos.insert.start");
    // Each failure in a process of its own: nothing of the count may live in memory.
    let mut waited = Vec::new();
    for n in 1..=13 {
        let running = Running::start(&engine);
        let shown = wait_shown(&engine, id, "failed once more", PATIENCE, |shown| {
            shown["state"] == "stuck" || shown["state"] == "parked" && shown["tries"] == n
        })
        .await?;
        running.crash().await;
        ensure!(shown["state"] == "parked" && shown["problem"]["code"] == "platform_down", "{n}: {shown:#}");
        // From the fifth in a row on the whole channel rests (C6).
        let accounts = call(&engine, "accounts.list", json!({})).await?;
        let rests = accounts[0]["waits"].is_object();
        ensure!(rests == (n >= 5), "after {n} failures: {accounts:#}");
        let next = instant(&shown["next"]["at"])?;
        ensure!(next > quick.now(), "no pause after {n} failures");
        waited.push(next.duration_since(quick.now()).as_secs());
        drop(engine);
        engine = town.engine_with(quick.clock.clone())?;
        quick.pass_to(next + jiff::SignedDuration::from_millis(1));
    }
    ensure!(waited[12] >= 400 && waited[0] <= 2, "the pauses do not grow: {waited:?}");
    let running = Running::start(&engine);
    let shown = wait_for(&engine, id, &["stuck", "published"], PATIENCE).await?;
    ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "gave_up", "{shown:#}");
    ensure!(failed() == 14, "{} failures", failed());
    // It stays so, however long; until a person says otherwise.
    quick.pass(Duration::from_secs(24 * 3600));
    town.quiet().await?;
    town.sandbox.clear_plans();
    call(&engine, "posts.retry", json!({"id": id})).await?;
    let shown = wait_for(&engine, id, &["stuck", "published"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    town.quiet().await?;
    running.stop().await?;
    ensure!(town.videos().len() == 1);
    town.nothing_odd()
}

/// The platform answers every question and takes no byte: that is no progress either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_without_progress_are_failures_too_c6() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 1);
    let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    let path = town.video("case.mp4", 100_000, 1)?;
    let id = post(&engine, &path, "No byte", json!({})).await?;
    down(&town, "videos.insert.put", 120);
    let running = Running::start(&engine);
    let shown = fail_on(&town, &quick, &engine, id).await?;
    ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "gave_up", "{shown:#}");
    let puts = count(&town, "videos.insert.put");
    ensure!(puts == 14, "{puts} times");
    town.sandbox.clear_plans();
    call(&engine, "posts.retry", json!({"id": id})).await?;
    wait_for(&engine, id, &["published"], PATIENCE).await?;
    town.quiet().await?;
    running.stop().await?;
    ensure!(town.videos().len() == 1 && town.sandbox.state().sessions.len() == 1);
    town.nothing_odd()
}

/// A long upload that moves on between failures is not given up for their number in a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_between_failures_starts_the_count_anew() -> anyhow::Result<()> {
    let town = Town::new().await?;
    town.sandbox.settings(|settings| settings.keep_granularity = 1);
    let quick = Quick::new(&town, 1);
    let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    let path = town.video("case.mp4", 400_000, 1)?;
    let id = post(&engine, &path, "Bit by bit", json!({})).await?;
    for _ in 0..20 {
        town.sandbox.plan(Fault::next("videos.insert.put", Deed::CutAfter(20_000)));
    }
    let running = Running::start(&engine);
    let shown = fail_on(&town, &quick, &engine, id).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    town.quiet().await?;
    running.stop().await?;
    let disk = blake3::hash(&std::fs::read(&path)?).to_hex();
    ensure!(town.videos().len() == 1 && town.videos()[0].blake3.as_deref() == Some(disk.as_str()), "bytes");
    town.nothing_odd()
}
