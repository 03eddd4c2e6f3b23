//! A hundred thousand queued deliveries: how soon the first is claimed, how punctual many of one minute are, how fast a month is listed.
//! Then 1.1 million: the month as the window asks for it, and lists of them all.

use crate::table::{Table, median, percentile};
use crate::yard::Yard;
use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp};
use rusqlite::params;
use serde_json::json;
use slipway_core::api;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROWS: i64 = 100_000;
/// Added to them at the end.
const MANY: i64 = 1_000_000;
/// Deliveries that become due within one minute.
const CROWD: i64 = 500;

pub async fn queue(table: &mut Table) -> anyhow::Result<()> {
    let yard = Yard::new().await?;
    let engine = yard.engine()?;
    eprintln!("  uploading {CROWD} small videos ahead of their minute");
    for n in 0..CROWD {
        let file = yard.video(&format!("crowd-{n}.mp4"), 20_000, 1_000 + n as u64)?;
        let more = json!({"at": "+30m", "options": {"youtube": {"privacy": "unlisted"}}});
        yard.post(&engine, &file, &format!("Crowd {n}"), more).await?;
    }
    drop(engine);
    let mut running = start(&yard)?;
    wait_for(&yard, "SELECT count(*) = ?1 FROM delivery WHERE state = 'ready' AND claim IS NULL", CROWD)
        .await?;
    stop(&mut running)?;
    fill(&yard, ROWS)?;
    start_up(&yard, table).await?;
    list(&yard, table).await?;
    punctual(&yard, table).await?;
    fill(&yard, MANY)?;
    many(&yard, table).await
}

/// More than any memory should be asked to hold at once.
async fn many(yard: &Yard, table: &mut Table) -> anyhow::Result<()> {
    let engine = yard.engine()?;
    let from =
        (Timestamp::now() + SignedDuration::from_hours(24 * 60)).to_zoned(jiff::tz::TimeZone::UTC).date();
    let given = json!({"from": from, "days": 31, "zone": "UTC", "most": 3});
    let (mut took, mut posts) = (Vec::new(), 0);
    for _ in 0..11 {
        let began = Instant::now();
        let answer = api::call_text(&engine, &slipway_stories::Nobody, "posts.days", given.clone()).await?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
        let days: serde_json::Value = serde_json::from_str(&answer)?;
        posts = days.as_array().into_iter().flatten().filter_map(|day| day["posts"].as_u64()).sum::<u64>();
    }
    table.at_most(
        &format!("1,100,000 queued: the window's month ({posts} posts), engine to JSON"),
        median(took),
        50.0,
        "ms",
    );
    drop(engine);
    let plain = crate::process::run(yard.slipway(&["list"]))?;
    table.at_most("1,100,000 queued: `slipway list`, process and all", plain.wall, 1.0, "s");
    let all = crate::process::run(yard.slipway(&["--json", "list"]))?;
    table.known("1,100,000 queued: `slipway --json list`, all of them", &format!("{:.1} s", all.wall));
    table.at_most("1,100,000 queued: peak memory of `slipway --json list`", all.memory, 64.0, "MiB");
    Ok(())
}

fn start(yard: &Yard) -> anyhow::Result<Child> {
    let mut command = yard.slipway(&["--quiet", "run"]);
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?)
}

fn stop(running: &mut Child) -> anyhow::Result<()> {
    Command::new("kill").args(["-TERM", &running.id().to_string()]).status()?;
    running.wait()?;
    Ok(())
}

async fn wait_for(yard: &Yard, question: &str, given: i64) -> anyhow::Result<()> {
    let began = Instant::now();
    let sql = rusqlite::Connection::open(yard.database())?;
    while !sql.query_row(question, [given], |row| row.get::<_, bool>(0))? {
        ensure!(began.elapsed() < Duration::from_secs(300), "it never became true: {question}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Rows that wait for their minutes, spread over a year.
fn fill(yard: &Yard, rows: i64) -> anyhow::Result<()> {
    let mut sql = rusqlite::Connection::open(yard.database())?;
    let tx = sql.transaction()?;
    let first = Timestamp::now().as_millisecond() + 86_400_000;
    for n in 0..rows {
        let at = first + n * (365 * 86_400_000 / rows);
        tx.prepare_cached("INSERT INTO post (media_id, words, wall, created_at) VALUES (?1, ?2, (SELECT wall FROM post WHERE id = 1), ?3)")?
            .execute(params![1 + n % CROWD, json!({"title": format!("Number {n}"), "caption": "A line or two about it."}).to_string(), at])?;
        let post = tx.last_insert_rowid();
        tx.prepare_cached(
            "INSERT INTO delivery (post_id, account_id, state, options, goes_out, due_at, next_at, created_at) \
             VALUES (?1, 1, 'due', '{\"privacy\":\"unlisted\"}', 'staged', ?2, ?2, ?2)",
        )?
        .execute(params![post, at])?;
    }
    tx.commit()?;
    sql.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

/// From the start of the process to the claim of the one that is due.
async fn start_up(yard: &Yard, table: &mut Table) -> anyhow::Result<()> {
    let mut took = Vec::new();
    for n in 0..5 {
        let engine = yard.engine()?;
        let file = yard.video(&format!("first-{n}.mp4"), 20_000, 9_000 + n)?;
        let id = yard.post(&engine, &file, "First", json!({})).await?;
        drop(engine);
        let began = Timestamp::now().as_millisecond();
        let mut running = start(yard)?;
        wait_for(yard, "SELECT state = 'published' FROM delivery WHERE id = ?1", id).await?;
        stop(&mut running)?;
        let sql = rusqlite::Connection::open(yard.database())?;
        let claimed: i64 =
            sql.query_row("SELECT began_at FROM delivery WHERE id = ?1", [id], |row| row.get(0))?;
        took.push((claimed - began) as f64);
    }
    table.at_most("100,000 queued: start of the process to the first claim", median(took), 300.0, "ms");
    Ok(())
}

/// A month out of the year.
async fn list(yard: &Yard, table: &mut Table) -> anyhow::Result<()> {
    let engine = yard.engine()?;
    let from = Timestamp::now() + SignedDuration::from_hours(24 * 60);
    let given = json!({"from": from, "to": from + SignedDuration::from_hours(24 * 30)});
    let (mut took, mut rows) = (Vec::new(), 0);
    for _ in 0..11 {
        let began = Instant::now();
        let answer = api::call_text(&engine, &slipway_stories::Nobody, "posts.list", given.clone()).await;
        took.push(began.elapsed().as_secs_f64() * 1e3);
        let list: serde_json::Value = serde_json::from_str(&answer?)?;
        rows = list.as_array().context("no list")?.len();
    }
    table.at_most(
        &format!("100,000 queued: a month's list ({rows} rows), engine to JSON"),
        median(took),
        50.0,
        "ms",
    );
    drop(engine);
    let mut took = Vec::new();
    for _ in 0..5 {
        let (from, to) =
            (given["from"].as_str().unwrap_or_default(), given["to"].as_str().unwrap_or_default());
        took.push(
            crate::process::run(yard.slipway(&["--json", "list", "--from", from, "--to", to]))?.wall * 1e3,
        );
    }
    table.known("the same by `slipway list --json`, process and all", &format!("{:.0} ms", median(took)));
    Ok(())
}

/// Five hundred of one minute, whose bytes are there: from each one's instant to its request.
async fn punctual(yard: &Yard, table: &mut Table) -> anyhow::Result<()> {
    let first = Timestamp::now().as_millisecond() + 5_000;
    let sql = rusqlite::Connection::open(yard.database())?;
    let ids: Vec<i64> = sql
        .prepare("SELECT id FROM delivery WHERE state = 'ready' ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    ensure!(ids.len() as i64 == CROWD, "{} are ready", ids.len());
    for (n, id) in ids.iter().enumerate() {
        let at = first + n as i64 * 60_000 / CROWD;
        sql.execute("UPDATE delivery SET due_at = ?2, next_at = ?2 WHERE id = ?1", params![id, at])?;
    }
    let mut running = start(yard)?;
    eprintln!("  {CROWD} of one minute go out");
    wait_for(
        yard,
        "SELECT NOT EXISTS (SELECT ?1 FROM delivery WHERE state = 'ready') AND NOT EXISTS (SELECT 1 FROM delivery WHERE state = 'working')",
        1,
    )
    .await?;
    stop(&mut running)?;
    let mut lags = Vec::new();
    for id in ids {
        let lag: Option<i64> = sql.query_row(
            "SELECT min(attempt.at - coalesce(attempt.took_ms, 0)) - delivery.due_at FROM attempt JOIN delivery ON delivery.id = attempt.delivery_id \
             WHERE delivery.id = ?1 AND attempt.at >= delivery.due_at",
            [id],
            |row| row.get(0),
        )?;
        lags.push(lag.with_context(|| format!("{id} never went out"))? as f64);
    }
    if std::env::var_os("BENCH_LAGS").is_some() {
        eprintln!("  lags: {lags:?}");
    }
    table.known("500 of one minute, 100,000 queued: lag, median", &format!("{:.0} ms", median(lags.clone())));
    table.at_most(
        "500 of one minute, 100,000 queued: due to first request, p99",
        percentile(lags, 0.99),
        100.0,
        "ms",
    );
    Ok(())
}
