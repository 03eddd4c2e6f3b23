//! One gigabyte to TikTok, Instagram and Facebook, beside `curl` sending the same bytes to the same simulator, turn by turn.
//!
//! The simulators take no time to process (`--processing-ms 0`, no moderation), so that the way there is measured and not an invented
//! pause. What the engine does and waits between the last byte and "published" is in its figure; `curl` sends the body alone.
//!
//! Instagram takes at most 300 MB a video, so its gigabyte is one post of four videos.

use crate::by_hand::{Curl, Parts};
use crate::process::{Took, run};
use crate::table::{Table, median};
use crate::upload::{each, memory, start_up};
use crate::yard::Yard;
use anyhow::{Context, ensure};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// Rounds of engine and curl, after one of each that is not counted.
const ROUNDS: usize = 7;

const THREE: [(&str, &str, u64); 3] =
    [("tiktok", "TikTok", 1), ("instagram", "Instagram", 4), ("facebook", "Facebook", 1)];

pub async fn platforms(table: &mut Table) -> anyhow::Result<()> {
    let yard = Yard::bare().await?;
    // More than a creator may post in a day; limits by the minute stay as they are.
    yard.settings(json!({"tiktok": {"moderation_ms": 0, "posts_per_day": 1000}})).await?;
    for (id, _, _) in THREE {
        yard.connect(id, json!({})).await?;
    }
    let (start, start_cpu) = start_up(&yard, table, "three channels")?;
    for (id, name, files) in THREE {
        let small = rounds(&yard, id, &videos(&yard, id, files, 128 * MIB)?, 1).await?;
        let large = rounds(&yard, id, &videos(&yard, id, files, GIB)?, ROUNDS).await?;
        let (wall, curl) = (each(&large.engine, |took| took.wall), each(&large.curl, |took| took.wall));
        let (cpu, curl_cpu) = (each(&large.engine, |took| took.cpu), each(&large.curl, |took| took.cpu));
        let what = if files == 1 { String::new() } else { format!(" in {files} videos of one post") };
        let body = median(large.body);
        table.known(
            &format!("{name}, 1 GiB{what}: `curl`, the body alone"),
            &format!("{curl:.2} s, {curl_cpu:.2} s CPU, {:.0} MiB/s", 1024.0 / curl),
        );
        table.known(
            &format!("{name}, 1 GiB: the whole of `slipway run --until-idle`"),
            &format!("{wall:.2} s, {cpu:.2} s CPU; requests with bytes {body:.2} s"),
        );
        table.at_most(
            &format!("{name}, 1 GiB: wall from queue to published without start-up, of curl's"),
            (wall - start) / curl,
            1.15,
            "",
        );
        table.known(
            &format!("{name}, 1 GiB: CPU without start-up, of curl's"),
            &format!("{:.2}", (cpu - start_cpu) / curl_cpu),
        );
        memory(table, [&format!("{name}, 1 GiB"), "128 MiB"], &small.engine, &large.engine);
    }
    Ok(())
}

/// So much in so many files.
fn videos(yard: &Yard, id: &str, files: u64, bytes: u64) -> anyhow::Result<Vec<PathBuf>> {
    (0..files).map(|nth| yard.video(&format!("{id}-{bytes}-{nth}.mp4"), bytes / files, 50 + nth)).collect()
}

struct Rounds {
    engine: Vec<Took>,
    curl: Vec<Took>,
    /// Seconds of all requests with bytes, as the engine's history has them.
    body: Vec<f64>,
}

async fn rounds(yard: &Yard, id: &str, files: &[PathBuf], count: usize) -> anyhow::Result<Rounds> {
    let mut all = Rounds { engine: Vec::new(), curl: Vec::new(), body: Vec::new() };
    let mut parts = Vec::new();
    for round in 0..=count {
        let (took, body) = by_slipway(yard, id, files).await?;
        if parts.is_empty() {
            parts = cut(yard, id, files).await?;
        }
        let curl = run(by_curl(yard, id, &parts).await?)?;
        // The first of each warms the caches.
        if round > 0 {
            all.engine.push(took);
            all.body.push(body);
            all.curl.push(curl);
        }
    }
    Ok(all)
}

async fn by_slipway(yard: &Yard, id: &str, files: &[PathBuf]) -> anyhow::Result<(Took, f64)> {
    let [file, more @ ..] = files else { anyhow::bail!("no file") };
    let engine = yard.engine()?;
    let mut options = slipway_stories::wishes(id)?;
    if !more.is_empty() {
        options["more_videos"] = json!(more);
    }
    let given = json!({"to": [id], "options": {id: options}});
    let post = yard.post(&engine, file, "By Slipway", given).await?;
    drop(engine);
    yard.forget_calls().await?;
    let took = run(yard.slipway(&["--quiet", "run", "--until-idle"]))?;
    let shown = slipway_stories::call(&yard.engine()?, "posts.show", json!({"id": post})).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    let attempts = shown["attempts"].as_array().context("no history")?;
    let sent = attempts.iter().filter(|line| line["sent"].as_u64().is_some_and(|sent| sent > 0));
    Ok((took, sent.filter_map(|line| line["took_ms"].as_f64()).sum::<f64>() / 1e3))
}

/// As the engine cut them, by the sandbox's list of calls.
async fn cut(yard: &Yard, id: &str, files: &[PathBuf]) -> anyhow::Result<Vec<Parts>> {
    if id != "tiktok" {
        return files.iter().map(|file| Parts::whole(file)).collect();
    }
    let calls = yard.calls().await?;
    let chunks: Vec<u64> = calls
        .iter()
        .filter(|call| call["api"] == "tiktok.upload.put")
        .filter_map(|call| call["body_bytes"].as_u64())
        .collect();
    files.iter().map(|file| Parts::cut(file, &chunks, yard.ground.path())).collect()
}

async fn by_curl(yard: &Yard, id: &str, parts: &[Parts]) -> anyhow::Result<Command> {
    let mut curl = Curl::new();
    for parts in parts {
        match id {
            "tiktok" => yard.to_tiktok(&mut curl, parts).await?,
            "instagram" => yard.to_instagram(&mut curl, parts).await?,
            _ => yard.to_facebook(&mut curl, parts).await?,
        }
    }
    Ok(curl.into_command())
}
