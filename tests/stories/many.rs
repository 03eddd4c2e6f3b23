//! Queues and histories of very many rows: lists in pages, searches that look at everything, memory that does not grow; and what a run
//! says about posts that have waited for a person since an earlier one.

use anyhow::{Context, ensure};
use rusqlite::params;
use serde_json::{Value, json};
use slipway_sandbox::{Fault, StatusAnswer};
use slipway_stories::binary::Place;
use slipway_stories::{Town, call, post, refused};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Copies the first post so many times, a minute apart, from `first` on (milliseconds). All `due`.
fn copies(database: &Path, count: i64, first: i64, step: i64) -> anyhow::Result<()> {
    let mut sql = rusqlite::Connection::open(database)?;
    sql.busy_timeout(Duration::from_secs(10))?;
    let tx = sql.transaction()?;
    for n in 0..count {
        let at = first + n * step;
        tx.prepare_cached("INSERT INTO post (media_id, words, wall, created_at) SELECT media_id, ?1, wall, created_at FROM post WHERE id = 1")?
            .execute(params![json!({"title": format!("Number {n}"), "caption": ""}).to_string()])?;
        let id = tx.last_insert_rowid();
        tx.prepare_cached(
            "INSERT INTO delivery (post_id, account_id, state, options, goes_out, due_at, next_at, created_at) \
             SELECT ?1, account_id, 'due', options, goes_out, ?2, ?2, created_at FROM delivery WHERE id = 1",
        )?
        .execute(params![id, at])?;
    }
    tx.commit()?;
    Ok(())
}

fn ids(list: &Value) -> anyhow::Result<Vec<i64>> {
    let list = list.as_array().context("no list")?;
    list.iter().map(|row| row["id"].as_i64().context("no number")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_list_hold_every_post_once_and_in_order() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let path = town.video("one.mp4", 60_000, 1)?;
    post(&engine, &path, "First", json!({"at": "+24h"})).await?;
    for n in 0..3 {
        let draft = town.video(&format!("draft-{n}.mp4"), 60_000, 10 + n)?;
        post(&engine, &draft, "Undated", json!({"draft": true})).await?;
    }
    let first = engine.clock().now().as_millisecond() + 86_400_000;
    let database = town.folder().join("slipway.db");
    copies(&database, 700, first, 60_000)?;
    // Twins of the same instants, across the borders of pages.
    copies(&database, 700, first, 60_000)?;
    for given in
        [json!({}), json!({"state": "due"}), json!({"from": "2020-01-01T00:00:00Z"}), json!({"account": 1})]
    {
        let whole = ids(&call(&engine, "posts.list", given.clone()).await?)?;
        ensure!(whole.len() >= 1_400, "{}", whole.len());
        let count = call(&engine, "posts.count", given.clone()).await?;
        ensure!(count["posts"].as_u64() == Some(whole.len() as u64), "{count} of {}", whole.len());
        for size in [1_000, 37] {
            let (mut all, mut asked) = (Vec::new(), given.clone());
            asked["limit"] = json!(size);
            loop {
                let page = ids(&call(&engine, "posts.list", asked.clone()).await?)?;
                let Some(last) = page.last() else { break };
                asked["after"] = json!(last);
                all.extend(page);
            }
            ensure!(all == whole, "pages of {size} differ from the whole: {given}");
        }
    }
    let gone = refused(&engine, "posts.list", json!({"after": 999_999})).await?;
    ensure!(gone["code"] == "not_found", "{gone}");
    Ok(())
}

/// A place with one planned post and very many copies of it.
async fn crowded(rows: i64) -> anyhow::Result<Place> {
    let place = Place::at_home().await?;
    place.post(&place.video("first.mp4", 60_000, 1)?, "First", &["--at", "+24h"]).await?;
    let first = jiff::Timestamp::now().as_millisecond() + 2 * 86_400_000;
    copies(&place.database(), rows, first, 60_000)?;
    Ok(place)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn table_is_short_and_says_how_many_more_there_are() -> anyhow::Result<()> {
    let place = crowded(400).await?;
    let said = place.run(&["list"]).await?.done()?;
    let lines: Vec<&str> = said.out.lines().collect();
    // A head, a hundred posts, and what is left.
    ensure!(lines.len() == 102, "{} lines", lines.len());
    ensure!(lines[101].starts_with("100 of 401 posts.") && lines[101].contains("--all"), "{}", lines[101]);
    let page = place.run(&["list", "--limit", "150"]).await?.done()?;
    let last = page.out.lines().last().context("nothing")?.to_string();
    ensure!(last.starts_with("150 of 401 posts.") && last.contains("--after"), "{last}");
    let after = last.split("--after ").nth(1).and_then(|rest| rest.split(',').next()).context("no cursor")?;
    let rest = place.run(&["list", "--after", after, "--limit", "1000"]).await?.done()?;
    ensure!(rest.out.lines().count() == 252, "{} lines", rest.out.lines().count());
    let all = place.run(&["list", "--all"]).await?.done()?;
    ensure!(all.out.lines().count() == 402, "{} lines", all.out.lines().count());
    let json = place.json(&["list"]).await?.done()?.json()?;
    let ids: BTreeSet<i64> = ids(&json)?.into_iter().collect();
    ensure!(ids.len() == 401, "JSON has all of them: {}", ids.len());
    Ok(())
}

/// What ended long ago is not what a person asks for; it is counted and can be had.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn table_leaves_out_what_ended_long_ago() -> anyhow::Result<()> {
    let place = crowded(3).await?;
    let sql = rusqlite::Connection::open(place.database())?;
    sql.execute("UPDATE delivery SET state = 'cancelled', next_at = NULL, due_at = 1000 WHERE id > 2", [])?;
    let said = place.run(&["list"]).await?.done()?;
    let lines: Vec<&str> = said.out.lines().collect();
    ensure!(lines.len() == 4 && lines[3].starts_with("2 of 4 posts."), "{lines:#?}");
    sql.execute("UPDATE delivery SET state = 'cancelled', next_at = NULL, due_at = 1000", [])?;
    let said = place.run(&["list"]).await?.done()?;
    ensure!(said.out.contains("4 posts older: slipway list --all"), "{}", said.out);
    ensure!(place.run(&["list", "--all"]).await?.done()?.out.lines().count() == 5);
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_list_of_very_many_posts_needs_no_more_memory_than_a_short_one() -> anyhow::Result<()> {
    const ROWS: i64 = 40_000;
    const MOST_MIB: u64 = 64;
    let place = crowded(ROWS).await?;
    let path = place.ground.path().join("list.json");
    let mut command = place.command(&["--json", "list"]);
    command.stdout(std::fs::File::create(&path)?).stderr(std::process::Stdio::null());
    let mut child = command.spawn()?;
    let id = child.id().context("it has ended")?;
    let mut most = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
        most = kib.max(most);
        if let Some(ended) = child.try_wait()? {
            ensure!(ended.success(), "{ended}");
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let text = std::fs::read_to_string(&path)?;
    ensure!(text.lines().count() == 1, "more than one line");
    let list: Value = serde_json::from_str(&text)?;
    ensure!(list.as_array().is_some_and(|rows| rows.len() as i64 == ROWS + 1), "not all of them");
    ensure!(most > 0 && most < MOST_MIB * 1024, "{} MiB", most / 1024);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_looks_at_the_whole_history_before_it_finds_nothing() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    post(&engine, &town.video("one.mp4", 60_000, 1)?, "First", json!({"at": "+24h"})).await?;
    let sql = town.database()?;
    sql.execute("INSERT INTO attempt (delivery_id, at, step, outcome, detail) VALUES (1, 1000, 'old', 'answered', 'Иголка')", [])?;
    sql.execute(
        "INSERT INTO attempt (delivery_id, at, step, outcome) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000) SELECT 1, 2000 + i, 'videos.list', 'answered' FROM n",
        [],
    )?;
    let found = call(&engine, "activity.list", json!({"query": "иголка"})).await?;
    ensure!(found.as_array().is_some_and(|lines| lines.len() == 1 && lines[0]["step"] == "old"), "{found}");
    ensure!(call(&engine, "activity.list", json!({"query": "hay"})).await? == json!([]));
    // In pieces: what was not looked at is never called looked at.
    let (mut asked, mut pieces, mut found) = (json!({"query": "иголка"}), 0, 0);
    loop {
        let piece = call(&engine, "activity.search", asked.clone()).await?;
        found += piece["lines"].as_array().context("no lines")?.len();
        pieces += 1;
        ensure!(piece["back_to"].is_string(), "{piece}");
        if piece["before"].is_null() {
            break;
        }
        asked["before"] = piece["before"].clone();
    }
    ensure!(found == 1 && pieces == 3, "{found} found in {pieces} pieces");
    Ok(())
}

/// A post that is stuck since an earlier run is told again, by name and by the exit code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_until_idle_tells_of_posts_that_are_stuck_since_an_earlier_run() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let refusal =
        StatusAnswer { status: 400, reason: Some("invalidDescription".into()), ..StatusAnswer::default() };
    place.sandbox.plan(Fault::next("videos.insert.start", refusal));
    let id = place.post(&place.video("stuck.mp4", 60_000, 1)?, "Stuck since then", &[]).await?;
    ensure!(place.run(&["run", "--until-idle"]).await?.code == Some(1));
    let again = place.run(&["run", "--until-idle"]).await?;
    ensure!(again.code == Some(1), "{again:?}");
    ensure!(again.err.contains("Stuck since then") && again.err.contains("1 post needs you"), "{again:?}");
    let told = place.json(&["run", "--until-idle"]).await?;
    let ended = told.json()?;
    ensure!(told.code == Some(1) && ended["needs_you"] == 1 && ended["posts"] == json!([id]), "{ended}");
    place.json(&["cancel", &id.to_string()]).await?.done()?;
    place.json(&["run", "--until-idle"]).await?.done()?;
    Ok(())
}

/// So is a post that waits for a new sign-in: nothing of it goes out by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_until_idle_tells_of_posts_that_wait_for_a_sign_in() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    place.post(&place.video("one.mp4", 60_000, 1)?, "Waits for its channel", &[]).await?;
    rusqlite::Connection::open(place.database())?.execute("UPDATE account SET state = 'sign_in'", [])?;
    let said = place.run(&["run", "--until-idle"]).await?;
    ensure!(said.code == Some(1) && said.err.contains("Waits for its channel"), "{said:?}");
    Ok(())
}
