//! One large video beside `curl -T` of the same file, turn by turn.

use crate::process::{Took, run};
use crate::table::{Table, median};
use crate::yard::Yard;
use anyhow::{Context, ensure};
use serde_json::json;
use std::path::Path;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// Rounds of engine and curl, after one of each that is not counted.
const ROUNDS: usize = 5;

/// What rounds of both took.
struct Rounds {
    engine: Vec<Took>,
    curl: Vec<Took>,
    /// Seconds of the one request with the bytes, as the engine's history has it.
    body: Vec<f64>,
}

async fn rounds(yard: &Yard, file: &Path, count: usize) -> anyhow::Result<Rounds> {
    let bearer = yard.bearer().await?;
    let mut all = Rounds { engine: Vec::new(), curl: Vec::new(), body: Vec::new() };
    for round in 0..=count {
        let engine = yard.engine()?;
        let id = yard
            .post(&engine, file, "By Slipway", json!({"options": {"youtube": {"privacy": "private"}}}))
            .await?;
        drop(engine);
        let took = run(yard.slipway(&["--quiet", "run", "--until-idle"]))?;
        let shown = slipway_stories::call(&yard.engine()?, "posts.show", json!({"id": id})).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
        let attempts = shown["attempts"].as_array().context("no history")?;
        let put =
            attempts.iter().find(|line| line["sent"].as_u64().is_some()).context("no body in the history")?;
        let curl = run(yard.curl(&bearer, file).await?)?;
        // The first of each warms the caches.
        if round > 0 {
            all.body.push(put["took_ms"].as_f64().unwrap_or(f64::NAN) / 1e3);
            all.engine.push(took);
            all.curl.push(curl);
        }
    }
    Ok(all)
}

pub fn each(took: &[Took], figure: impl Fn(&Took) -> f64) -> f64 {
    median(took.iter().map(figure).collect())
}

/// Seconds, and seconds of CPU, that a run takes which has nothing to do.
pub fn start_up(yard: &Yard, table: &mut Table, with: &str) -> anyhow::Result<(f64, f64)> {
    let mut idle = Vec::new();
    for _ in 0..5 {
        idle.push(run(yard.slipway(&["--quiet", "run", "--until-idle"]))?);
    }
    let (start, cpu) = (each(&idle, |took| took.wall), each(&idle, |took| took.cpu));
    table.known(
        &format!("Start and end of `slipway run` with an empty queue ({with})"),
        &format!("{:.0} ms, {:.0} ms CPU", start * 1e3, cpu * 1e3),
    );
    Ok((start, cpu))
}

/// The most of the large rounds, held against the same bound whatever the size.
pub fn memory(table: &mut Table, [what, less]: [&str; 2], small: &[Took], large: &[Took]) {
    let most = |took: &[Took]| took.iter().map(|took| took.memory).fold(0.0, f64::max);
    let (small, large) = (most(small), most(large));
    table.at_most(&format!("{what}: peak memory of the engine"), large, 48.0, "MiB");
    table.at_most(
        &format!("{what} against {less}: peak memory, difference"),
        (large - small).abs(),
        4.0,
        "MiB",
    );
}

pub async fn upload(table: &mut Table) -> anyhow::Result<()> {
    let yard = Yard::new().await?;
    let (start, start_cpu) = start_up(&yard, table, "vault key, database, tokens")?;
    let small = rounds(&yard, &yard.video("small.mp4", 256 * MIB, 1)?, 2).await?;
    let large = rounds(&yard, &yard.video("large.mp4", 4 * GIB, 2)?, ROUNDS).await?;
    let (wall, curl) = (each(&large.engine, |took| took.wall), each(&large.curl, |took| took.wall));
    let (cpu, curl_cpu) = (each(&large.engine, |took| took.cpu), each(&large.curl, |took| took.cpu));
    let body = median(large.body);
    table.known(
        "4 GiB: `curl -T`, the body alone",
        &format!("{curl:.2} s, {curl_cpu:.2} s CPU, {:.0} MiB/s", 4096.0 / curl),
    );
    let two = rounds(&yard, &yard.video("two.mp4", 2 * GIB, 4)?, ROUNDS).await?;
    let of_curl = |figure: fn(&Took) -> f64| each(&two.engine, figure) / each(&two.curl, figure);
    table.at_most(
        "2 GiB: wall of the process from start to end, of curl's",
        of_curl(|took| took.wall),
        1.0,
        "",
    );
    table.at_most(
        "2 GiB: CPU of the process from start to end, of curl's",
        of_curl(|took| took.cpu),
        1.0,
        "",
    );
    table.known("4 GiB: the engine's one request with the bytes", &format!("{body:.2} s"));
    table.known("4 GiB: the whole of `slipway run --until-idle`", &format!("{wall:.2} s, {cpu:.2} s CPU"));
    table.at_most("4 GiB: wall of the body, of curl's", body / curl, 1.05, "");
    table.at_most(
        "4 GiB: wall from queue to published without start-up, of curl's",
        (wall - start) / curl,
        1.05,
        "",
    );
    table.at_most("4 GiB: CPU without start-up, of curl's", (cpu - start_cpu) / curl_cpu, 1.25, "");
    table.at_most("4 GiB: CPU with start-up and all, of curl's", cpu / curl_cpu, 1.25, "");
    memory(table, ["4 GiB", "256 MiB"], &small.engine, &large.engine);
    Ok(())
}

pub async fn delay(table: &mut Table) -> anyhow::Result<()> {
    let yard = Yard::new().await?;
    yard.settings(json!({"delay_ms": 100})).await?;
    let took = rounds(&yard, &yard.video("delayed.mp4", GIB, 3)?, 3).await?;
    let (wall, curl) = (each(&took.engine, |took| took.wall), each(&took.curl, |took| took.wall));
    table.at_most(
        "1 GiB, every answer 100 ms later: queue to published, more than curl's body",
        wall - curl,
        2.0,
        "s",
    );
    Ok(())
}
