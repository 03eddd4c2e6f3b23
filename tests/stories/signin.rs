//! A channel's sign-in through its life: refused ways in, renewals, an end, a way back, a locked keychain, a disconnect (C23, C28,
//! C29, C31).

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_core::vault::VaultFault;
use slipway_sandbox::{Deed, Fault, Hurt};
use slipway_stories::person::{browser, disconnect};
use slipway_stories::{Choice, Person, Quick, Running, Town, call, post, until, wait_for, wait_shown};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);

/// A town and an engine with an app and no channel yet; time runs twenty times as fast once it is told to.
async fn new_here() -> anyhow::Result<(Town, Quick, Engine)> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 20);
    let engine = town.engine_with(quick.clock.clone())?;
    town.add_app(&engine, "youtube").await?;
    Ok((town, quick, engine))
}

async fn at_home() -> anyhow::Result<(Town, Quick, Engine)> {
    let (town, quick, engine) = new_here().await?;
    Person::default().connect(&engine, "youtube").await?;
    Ok((town, quick, engine))
}

async fn account(engine: &Engine) -> anyhow::Result<Value> {
    let accounts = call(engine, "accounts.list", json!({})).await?;
    ensure!(accounts.as_array().is_some_and(|list| list.len() == 1), "{accounts:#}");
    Ok(accounts[0].clone())
}

fn count(town: &Town, api: &str) -> usize {
    town.sandbox.calls().iter().filter(|call| call.api == api).count()
}

// ---------------------------------------------------------------------------------------------------------------- the way in

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_to_fail_has_its_own_word_and_leaves_nothing() -> anyhow::Result<()> {
    // With a single permission there is no box to untick on Google's page; the answer can lack it all the same.
    let scope = "https://www.googleapis.com/auth/youtube.readonly".to_string();
    let cases = [
        (Person { who: 0, choice: Choice::Deny }, "sign_in_denied"),
        (Person { who: 0, choice: Choice::Narrow(scope) }, "sign_in_scope"),
        (Person { who: 2, choice: Choice::Allow }, "no_channel"),
    ];
    let (town, quick, engine) = new_here().await?;
    let before = town.vault.keys();
    for (person, code) in cases {
        let problem = person.try_connect(&engine, "youtube", 30).await?.err();
        let problem = serde_json::to_value(problem.with_context(|| format!("{code}: connected"))?)?;
        ensure!(problem["code"] == code, "{code}: {problem:#}");
        ensure!(call(&engine, "accounts.list", json!({})).await? == json!([]), "{code}: a row stays");
        ensure!(town.vault.keys() == before, "{code}: {:?}", town.vault.keys());
    }
    let rows: i64 = town.database()?.query_row("SELECT count(*) FROM account", [], |row| row.get(0))?;
    ensure!(rows == 0, "{rows} accounts");
    // Nobody comes back from the browser.
    quick.run();
    let away = Person { who: 0, choice: Choice::WalkAway };
    let problem = away.try_connect(&engine, "youtube", 5).await?.err().context("connected")?;
    ensure!(serde_json::to_value(problem)?["code"] == "sign_in_timeout");
    ensure!(town.vault.keys() == before);
    // And after all that the right way works.
    quick.hold();
    Person::default().connect(&engine, "youtube").await?;
    town.nothing_odd()
}

/// The least that publishing takes is enough to publish and to read back; what takes more is refused before anything is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_in_for_uploads_alone_publishes() -> anyhow::Result<()> {
    let (town, quick, engine) = new_here().await?;
    let app = town.sandbox.announcement().apps["youtube"].clone();
    let given = json!({"platform": "youtube", "client_id": app.client_id, "flags": {"manage": false}});
    call(&engine, "apps.add", given).await?;
    Person::default().connect(&engine, "youtube").await?;
    let path = town.video("least.mp4", 200_000, 77)?;
    let more = json!({"to": ["youtube"], "options": {"youtube": {"privacy": "public"}}});
    let id = post(&engine, &path, "The least", more).await?;
    quick.run();
    let running = Running::start(&engine);
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    running.stop().await?;
    ensure!(shown["state"] == "published" && shown["problem"].is_null(), "{shown:#}");
    let unlisted = json!({"path": path, "to": ["youtube"], "words": {"title": "Later", "caption": ""}, "at": "+3h",
        "again": true, "options": {"youtube": {"privacy": "unlisted"}}});
    let problem = slipway_stories::refused(&engine, "posts.add", unlisted).await?;
    ensure!(problem["code"] == "permission_missing", "{problem:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connecting_again_keeps_the_account_its_history_and_its_token_c28() -> anyhow::Result<()> {
    let (town, quick, engine) = at_home().await?;
    let before = account(&engine).await?;
    let path = town.video("case.mp4", 60_000, 1)?;
    let id = post(&engine, &path, "History", json!({})).await?;
    let running = Running::start(&engine);
    quick.run();
    wait_for(&engine, id, &["published"], PATIENCE).await?;
    quick.hold();
    let keys = town.vault.keys();
    Person::default().connect(&engine, "youtube").await?;
    let after = account(&engine).await?;
    ensure!(after["id"] == before["id"] && after["remote_id"] == before["remote_id"], "{after:#}");
    ensure!(town.vault.keys() == keys, "{:?}", town.vault.keys());
    let listed = call(&engine, "posts.list", json!({})).await?;
    ensure!(listed[0]["id"] == id && listed[0]["state"] == "published", "{listed:#}");
    // The stored refresh token still works, when the access token is dead.
    town.sandbox.expire(true, false);
    let path = town.video("more.mp4", 60_000, 2)?;
    let id = post(&engine, &path, "More", json!({})).await?;
    quick.run();
    wait_for(&engine, id, &["published"], PATIENCE).await?;
    running.stop().await?;
    town.nothing_odd()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_in_testing_shows_when_the_sign_in_ends_and_warns_of_later_posts_c31() -> anyhow::Result<()> {
    let (town, _quick, engine) = new_here().await?;
    town.sandbox.settings(|settings| settings.testing_mode = true);
    Person::default().connect(&engine, "youtube").await?;
    let account = account(&engine).await?;
    let ends: jiff::Timestamp = account["sign_in_ends"].as_str().context("no end is shown")?.parse()?;
    let hours = ends.duration_since(engine.clock().now()).as_hours();
    ensure!((24 * 7 - 2..=24 * 7).contains(&hours), "it ends in {hours} hours");
    let path = town.video("case.mp4", 60_000, 1)?;
    for (at, warned) in [("+100h", false), ("+200h", true)] {
        let asked = json!({"path": path, "to": ["youtube"], "words": {"title": "Later"}, "at": at,
            "options": {"youtube": {"privacy": "unlisted"}}});
        let checked = call(&engine, "posts.check", asked).await?;
        let problems = checked["channels"][0]["problems"].as_array().context("problems")?;
        let told = problems.iter().any(|problem| problem["code"] == "sign_in_ends");
        ensure!(told == warned, "{at}: {checked:#}");
    }
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- renewals

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passing_failure_of_the_renewal_disconnects_nobody_c29() -> anyhow::Result<()> {
    let (town, quick, engine) = at_home().await?;
    town.sandbox.expire(true, false);
    for hurt in [Hurt::from(503), Deed::Cut.into(), Deed::Html.into(), Deed::Lost.into()] {
        town.sandbox.plan(Fault::next("token", hurt));
    }
    let path = town.video("case.mp4", 60_000, 1)?;
    let id = post(&engine, &path, "Through", json!({})).await?;
    quick.run();
    let running = Running::start(&engine);
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(account(&engine).await?["state"] == "ok");
    running.stop().await?;
    ensure!(town.videos().len() == 1);
    town.nothing_odd()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_sign_in_sticks_and_a_new_one_lets_all_go_on_c29() -> anyhow::Result<()> {
    let (town, quick, engine) = at_home().await?;
    town.sandbox.expire(true, true);
    let mut ids = Vec::new();
    for n in 0..2 {
        let path = town.video(&format!("{n}.mp4"), 60_000, n)?;
        ids.push(post(&engine, &path, &format!("Number {n}"), json!({})).await?);
    }
    quick.run();
    let running = Running::start(&engine);
    let shown = wait_for(&engine, ids[0], &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "sign_in_needed", "{shown:#}");
    ensure!(shown["problem"]["fix"]["do"] == "sign_in", "{shown:#}");
    ensure!(account(&engine).await?["state"] == "sign_in");
    town.quiet().await?;
    // The other one waits and says for what.
    let other = call(&engine, "posts.show", json!({"id": ids[1]})).await?;
    ensure!(other["state"] == "due" && other["next"]["then"] == "you", "{other:#}");
    quick.hold();
    Person::default().connect(&engine, "youtube").await?;
    quick.run();
    for id in ids {
        let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
    }
    running.stop().await?;
    ensure!(town.videos().len() == 2);
    town.nothing_odd()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_mid_upload_goes_on_in_the_same_session_c23() -> anyhow::Result<()> {
    let (town, quick, engine) = at_home().await?;
    let path = town.video("case.mp4", 3_000_000, 1)?;
    let size = std::fs::metadata(&path)?.len();
    // Cut half-way, and the token is dead when it is asked how much arrived.
    town.sandbox.plan(Fault::next("videos.insert.put", Deed::CutAfter(1_600_000)));
    town.sandbox.plan(Fault::next("videos.insert.query", Deed::TokenExpired));
    town.sandbox.plan(Fault::nth("videos.insert.put", 2, Deed::TokenExpired));
    let id = post(&engine, &path, "On and on", json!({})).await?;
    quick.run();
    let running = Running::start(&engine);
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    running.stop().await?;
    let sessions = town.sandbox.state().sessions;
    ensure!(sessions.len() == 1 && town.videos().len() == 1, "{sessions:#?}");
    ensure!(count(&town, "token") == 3, "{} renewals", count(&town, "token") - 1);
    // What the refused body carried was not stored; it is sent again, and nothing besides.
    ensure!(sessions[0].received_total <= 2 * size, "{} of {size}", sessions[0].received_total);
    town.nothing_odd()
}

// ---------------------------------------------------------------------------------------------------------------- the keychain

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_or_absent_keychain_makes_posts_wait_and_go_on() -> anyhow::Result<()> {
    for (fault, code) in [(VaultFault::Locked, "keychain_locked"), (VaultFault::Absent, "keychain_absent")] {
        let (town, quick, engine) = at_home().await?;
        let path = town.video("case.mp4", 60_000, 1)?;
        let id = post(&engine, &path, "Behind a lock", json!({})).await?;
        // A start of the program: nothing is remembered from before.
        drop(engine);
        let engine = town.engine_with(quick.clock.clone())?;
        town.vault.set_fault(Some(fault));
        town.sandbox.clear_calls();
        let running = Running::start(&engine);
        let shown = wait_for(&engine, id, &["parked", "stuck", "published"], PATIENCE).await?;
        ensure!(shown["state"] == "parked" && shown["problem"]["code"] == code, "{shown:#}");
        // However long it is locked, nothing fails and nobody is called.
        for _ in 0..20 {
            quick.pass(Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        town.quiet().await?;
        ensure!(town.sandbox.calls().is_empty(), "{:#?}", town.sandbox.calls());
        town.vault.set_fault(None);
        quick.run();
        let shown = wait_for(&engine, id, &["stuck", "published"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
        ensure!(account(&engine).await?["state"] == "ok");
        running.stop().await?;
        town.nothing_odd()?;
    }
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- the way out

fn memos(town: &Town) -> anyhow::Result<i64> {
    let count = "SELECT (SELECT count(*) FROM delivery WHERE memo IS NOT NULL) + (SELECT count(*) FROM errand WHERE memo IS NOT NULL)";
    Ok(town.database()?.query_row(count, [], |row| row.get(0))?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disconnect_wipes_everything_and_a_new_sign_in_takes_it_up() -> anyhow::Result<()> {
    let (town, quick, engine) = new_here().await?;
    let mut without = town.vault.keys();
    without.retain(|key| !key.ends_with("/generation"));
    Person::default().connect(&engine, "youtube").await?;
    let file = |n: u64, size| town.video(&format!("{n}.mp4"), size, n);
    let handed = post(&engine, &file(1, 60_000)?, "Handed over", json!({"at": "+60m"})).await?;
    let staged_wish = json!({"at": "+60m", "options": {"youtube": {"privacy": "unlisted"}}});
    let staged = post(&engine, &file(2, 60_000)?, "Staged", staged_wish).await?;
    let running = Running::start(&engine);
    wait_for(&engine, handed, &["handed_over"], PATIENCE).await?;
    wait_for(&engine, staged, &["ready"], PATIENCE).await?;
    // One is half-way, one has not begun.
    town.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(2_000_000)));
    let half = post(&engine, &file(3, 12_000_000)?, "Half-way", json!({})).await?;
    until("bytes are moving", PATIENCE, || {
        town.sandbox
            .state()
            .sessions
            .iter()
            .any(|one| one.received_total > 500_000 && !one.finished)
            .then_some(())
    })
    .await?;
    let waiting = post(&engine, &file(4, 60_000)?, "Not begun", json!({})).await?;
    let tokens: Vec<String> =
        town.sandbox.state().secrets.into_iter().filter(|secret| secret.starts_with("ya29")).collect();
    let said = disconnect(&engine, 1).await?;
    ensure!(said["revoked"] == true && said["handed_over"] == 1 && said["waiting"] == 3, "{said:#}");
    // At the platform, in the keychain, in the database: nothing of it is left.
    let host = &town.sandbox.announcement().hosts["www.googleapis.com"];
    for token in &tokens {
        let asked = browser()?.get(format!("{host}/youtube/v3/channels?part=id&mine=true"));
        let answer = asked.bearer_auth(token).send().await?;
        ensure!(answer.status() == 401, "a token still works: {}", answer.status());
    }
    // The folder's own counter is none of a channel's.
    let mut left = town.vault.keys();
    left.retain(|key| !key.ends_with("/generation"));
    ensure!(left == without, "{left:?}");
    // The upload that was stopped has come to rest, and has written nothing down again.
    tokio::time::sleep(Duration::from_millis(300)).await;
    ensure!(memos(&town)? == 0, "{} memos", memos(&town)?);
    ensure!(call(&engine, "accounts.list", json!({})).await? == json!([]));
    for id in [staged, half, waiting] {
        let shown = call(&engine, "posts.show", json!({"id": id})).await?;
        ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "sign_in_needed", "{shown:#}");
    }
    let privacies: Vec<String> = town.videos().into_iter().map(|video| video.privacy).collect();
    ensure!(privacies == ["private", "private"], "{privacies:?}");
    town.quiet().await?;
    // Back again: what waited goes on, and what the platform holds is found there and not sent again.
    Person::default().connect(&engine, "youtube").await?;
    for id in [half, waiting] {
        let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
    }
    for (id, state) in [(handed, "handed_over"), (staged, "ready")] {
        wait_shown(&engine, id, "found there", PATIENCE, |shown| shown["state"] == state).await?;
    }
    quick.pass(Duration::from_secs(3600));
    quick.run();
    for id in [handed, staged] {
        let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
    }
    running.stop().await?;
    let mut titles: Vec<String> = town.videos().into_iter().map(|video| video.title).collect();
    titles.sort();
    ensure!(titles == ["Half-way", "Handed over", "Not begun", "Staged"], "{titles:?}");
    town.nothing_odd()
}

/// The last byte was sent and its answer lost when the channel was disconnected: nobody may send it again unasked (C2).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disconnect_in_doubt_asks_before_it_sends_again_c2() -> anyhow::Result<()> {
    let (town, quick, engine) = at_home().await?;
    let path = town.video("case.mp4", 60_000, 1)?;
    town.sandbox.plan(Fault::next("videos.insert.put", Deed::Lost));
    let id = post(&engine, &path, "There or not", json!({})).await?;
    let running = Running::start(&engine);
    wait_for(&engine, id, &["parked"], PATIENCE).await?;
    disconnect(&engine, 1).await?;
    Person::default().connect(&engine, "youtube").await?;
    quick.run();
    let shown = wait_shown(&engine, id, "comes to rest", PATIENCE, |shown| {
        ["published", "stuck"].contains(&shown["state"].as_str().unwrap_or_default())
    })
    .await?;
    town.quiet().await?;
    running.stop().await?;
    ensure!(town.videos().len() == 1, "{} videos: {shown:#}", town.videos().len());
    if shown["state"] == "stuck" {
        ensure!(shown["problem"]["code"] == "unsure", "{shown:#}");
    }
    Ok(())
}
