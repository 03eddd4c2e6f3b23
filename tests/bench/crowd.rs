//! Fifty posts of one Instagram account that wait for the same second: from that second to each one's arrival at the simulator.
//!
//! Fifty is what an account may post in 24 hours by the stricter of Instagram's own figures. Every answer comes 300 ms late, so a
//! queue that waited for one before it asked for the next would be far behind.

use crate::table::{Table, median};
use crate::yard::Yard;
use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::{Duration, Instant};

const CROWD: usize = 50;
const DELAY_MS: u64 = 300;
/// Each in a place of its own: an account's day is full after one.
const ROUNDS: usize = 5;

pub async fn crowd(table: &mut Table) -> anyhow::Result<()> {
    let (mut all, mut latest) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let lags = round().await?;
        latest.push(lags.iter().copied().fold(0.0, f64::max));
        all.extend(lags);
    }
    let what = format!("{CROWD} Instagram posts of one second, answers {DELAY_MS} ms late");
    table.known(&format!("{what}: due to arrival, median"), &format!("{:.0} ms", median(all)));
    table.known(
        &format!("{what}: the last of {CROWD}, median of {ROUNDS} rounds"),
        &format!("{:.0} ms", median(latest.clone())),
    );
    let most = latest.into_iter().fold(0.0, f64::max);
    table.at_most(&format!("{what}: the last of {CROWD}, worst of {ROUNDS} rounds"), most, 250.0, "ms");
    Ok(())
}

async fn round() -> anyhow::Result<Vec<f64>> {
    let yard = Yard::bare().await?;
    yard.connect("instagram", json!({})).await?;
    let due = Timestamp::from_second(Timestamp::now().as_second() + 30)?;
    let engine = yard.engine()?;
    for nth in 0..CROWD {
        let file = yard.video(&format!("crowd-{nth}.mp4"), 20_000, 2_000 + nth as u64)?;
        let given = json!({"to": ["instagram"], "at": due.to_string()});
        yard.post(&engine, &file, &format!("Crowd {nth}"), given).await?;
    }
    drop(engine);
    let mut running = yard
        .slipway(&["--quiet", "run", "--until-idle"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let ready = until(|| states(&yard, "ready"), due).await;
    let arrived = match ready {
        Ok(()) => {
            yard.settings(json!({"delay_ms": DELAY_MS})).await?;
            yard.forget_calls().await?;
            let end = due + jiff::SignedDuration::from_secs(60);
            until(|| states(&yard, "published"), end).await
        }
        Err(error) => Err(error),
    };
    if arrived.is_err() {
        running.kill()?;
    }
    running.wait()?;
    arrived?;
    let calls = yard.calls().await?;
    let publishes: Vec<&Value> = calls.iter().filter(|call| call["api"] == "instagram.publish").collect();
    ensure!(publishes.len() == CROWD, "{} requests for {CROWD} posts", publishes.len());
    publishes
        .into_iter()
        .map(|call| {
            let lag = call["at_ms"].as_i64().context("no instant")? - due.as_millisecond();
            ensure!(lag >= 0, "{} ms before its time", -lag);
            Ok(lag as f64)
        })
        .collect()
}

/// How many are in this state.
fn states(yard: &Yard, state: &str) -> anyhow::Result<usize> {
    let sql = rusqlite::Connection::open(yard.database())?;
    let count: i64 =
        sql.query_row("SELECT count(*) FROM delivery WHERE state = ?1", [state], |row| row.get(0))?;
    Ok(usize::try_from(count)?)
}

async fn until(mut count: impl FnMut() -> anyhow::Result<usize>, end: Timestamp) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let found = count()?;
        if found == CROWD {
            return Ok(());
        }
        ensure!(Timestamp::now() < end, "only {found} of {CROWD} after {:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
