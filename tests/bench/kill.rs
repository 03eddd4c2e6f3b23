//! Killed at nine tenths of a body: what is sent again.

use crate::process::run;
use crate::table::Table;
use crate::yard::Yard;
use anyhow::{Context, ensure};
use serde_json::json;
use std::process::Stdio;
use std::time::Duration;

const SIZE: u64 = 1 << 30;

pub async fn kill(table: &mut Table) -> anyhow::Result<()> {
    let yard = Yard::new().await?;
    let file = yard.video("killed.mp4", SIZE, 4)?;
    let engine = yard.engine()?;
    let id = yard.post(&engine, &file, "Killed", json!({})).await?;
    drop(engine);
    // Slow enough to be stopped where it is meant to be.
    yard.faults(json!([{"api": "videos.insert.put", "do": {"slow_bytes_per_s": 300_000_000}}])).await?;
    let mut running = yard
        .slipway(&["--quiet", "run", "--until-idle"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    loop {
        ensure!(running.try_wait()?.is_none(), "it was done before it could be killed");
        let state = yard.state().await?;
        if state["sessions"][0]["received_total"].as_u64().unwrap_or_default() >= SIZE / 10 * 9 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.kill()?;
    running.wait()?;
    run(yard.slipway(&["--quiet", "run", "--until-idle"]))?;
    let state = yard.state().await?;
    let session = &state["sessions"][0];
    let total = session["total"].as_u64().context("no total")?;
    let again = session["received_total"].as_u64().context("no count")? - total;
    ensure!(state["videos"].as_array().is_some_and(|videos| videos.len() == 1), "not one video");
    let shown = slipway_stories::call(&yard.engine()?, "posts.show", json!({"id": id})).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    table.at_most(
        "Killed at 90 % of 1 GiB: bytes sent again (the sandbox keeps multiples of 262,144)",
        again as f64,
        262_144.0,
        "B",
    );
    Ok(())
}
