//! What the window costs, beside a bare Tauri window built with the same libraries: `./dev bench ui`.
//!
//! Both are started in turn on the same private desktop, so that a busy machine is busy for both.

use super::{Desk, PATIENCE, Window, measure, until};
use anyhow::{Context, ensure};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Starts of each, in turn; the middle one counts.
const STARTS: usize = 7;

/// Between what arranges a measurement and the measurement.
const REST: Duration = Duration::from_secs(1);

fn bare() -> anyhow::Result<PathBuf> {
    std::env::var_os("SLIPWAY_BARE")
        .map(PathBuf::from)
        .context("SLIPWAY_BARE names no program: run `./dev bench ui`")
}

fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Milliseconds from the start of the process to the page's mark.
async fn interactive_ms(window: &Window<'_>) -> anyhow::Result<f64> {
    let at = until("the page can be used", PATIENCE, || async {
        let script = "const mark = performance.getEntriesByName('interactive')[0]; return mark ? performance.timeOrigin + mark.startTime : null";
        Ok(window.page.js(script, json!([])).await?.as_f64())
    })
    .await?;
    Ok(at - measure::began_ms(window.id)?)
}

async fn start(desk: &Desk, bare_one: bool) -> anyhow::Result<(f64, f64)> {
    let window = if bare_one { desk.start_program(&bare()?, &[]).await? } else { desk.start().await? };
    let took = interactive_ms(&window).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let memory = measure::memory(&measure::family(window.id))? as f64;
    window.kill().await?;
    Ok((took, memory))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: ./dev bench ui"]
async fn bench_ui() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let window = desk.start().await?;
    window.practise().await?;
    window.kill().await?;

    let (mut ours, mut bares) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        bares.push(start(&desk, true).await?);
        ours.push(start(&desk, false).await?);
    }
    let of = |all: &[(f64, f64)], which: fn(&(f64, f64)) -> f64| middle(all.iter().map(which).collect());
    let (fast, slow) = (of(&bares, |one| one.0), of(&ours, |one| one.0));
    let (small, large) = (of(&bares, |one| one.1) / 1048576.0, of(&ours, |one| one.1) / 1048576.0);
    println!("time to interactive, bare window: {fast:.0} ms");
    println!("time to interactive, Slipway: {slow:.0} ms; ratio {:.2} (at most 1.5)", slow / fast);
    println!("memory of all processes (PSS): bare {small:.0} MiB, Slipway {large:.0} MiB");

    // At rest, the window open on the calendar.
    let window = desk.start().await?;
    window.settle().await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let family = measure::family(window.id);
    let before = measure::processor_s(&family);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let spent = measure::processor_s(&family) - before;
    println!("at rest for 60 s: {:.2} % of a core (under 1 %)", spent / 60.0 * 100.0);

    // Typing while uploads report their progress: a channel's go one after the other, so a second channel is connected first.
    let another = async {
        let consent = window.consent().await?;
        // From "Allow" over "Deny" to the accounts: the second one, and agreed.
        for key in ["Tab", "Tab", "Down", "Return"] {
            desk.hand.key(key)?;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        until("the consent window is closed", PATIENCE, || async {
            Ok((!desk.hand.windows(&["--name", "^Slipway: sandbox$"]).contains(&consent)).then_some(()))
        })
        .await
    };
    let (connected, agreed) =
        tokio::join!(window.rpc("accounts.connect", json!({"platform": "youtube"})), another);
    agreed?;
    let channels = [json!(1), connected?["accounts"][0]["id"].clone()];
    ensure!(channels[0] != channels[1], "the same channel again");
    desk.hand.focus(&window.x_window().await?)?;
    let mut settings = window.rpc("settings.get", json!({})).await?;
    settings["parallel_uploads"] = json!(5);
    settings["bandwidth"] = json!({"rule": "always", "bytes_per_second": 2_000_000});
    window.rpc("settings.set", settings).await?;
    for seed in 0..5 {
        let video = desk.video(&format!("{seed}.mp4"), 40_000_000, seed)?;
        let channel = channels[seed as usize % 2].to_string();
        let given = json!({"path": video, "to": [channel], "words": {"title": format!("Upload {seed}"), "caption": ""}});
        window.rpc("posts.add", given).await?;
    }
    let moving = until("the bytes move", PATIENCE, || async {
        let glance = window.rpc("posts.glance", json!({})).await?;
        Ok(glance["moving"].as_array().map(Vec::len).filter(|count| *count > 1))
    })
    .await?;
    window.click("nav-activity").await?;
    window.click("activity-search").await?;
    tokio::time::sleep(REST).await;
    let watch = "window.lags = []; document.addEventListener('input', event => { const at = event.timeStamp; \
        requestAnimationFrame(() => setTimeout(() => window.lags.push(performance.now() - at))); }, true);";
    window.page.js(watch, json!([])).await?;
    for letter in "the quick brown fox jumps over a dog".chars() {
        desk.hand.write(&letter.to_string())?;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let lags = window.page.js("return window.lags", json!([])).await?;
    let mut lags: Vec<f64> =
        lags.as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).collect();
    lags.sort_by(f64::total_cmp);
    ensure!(lags.len() > 20, "only {} letters arrived", lags.len());
    println!(
        "a letter to its frame, {moving} of 5 uploads moving at once: median {:.0} ms, 95th percentile {:.0} ms (under 50 ms)",
        lags[lags.len() / 2],
        lags[lags.len() * 95 / 100]
    );
    window.kill().await?;

    // A month of a queue with ten thousand posts.
    fill(&desk.folder(), 10_000)?;
    let window = desk.start().await?;
    window.settle().await?;
    let (mut data, mut paint) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        window.click("view-list").await?;
        // The list comes to rest, as it has when a person looks at it and wants another view.
        tokio::time::sleep(REST).await;
        window.page.js("performance.clearMeasures()", json!([])).await?;
        window.click("view-month").await?;
        let entry = |name: &'static str| {
            let window = &window;
            async move {
                let script = "const all = performance.getEntriesByName(arguments[0]); return all.length ? all[all.length - 1].duration : null";
                until(name, PATIENCE, || async { Ok(window.page.js(script, json!([name])).await?.as_f64()) })
                    .await
            }
        };
        paint.push(entry("calendar-paint").await?);
        data.push(entry("calendar-data").await?);
    }
    println!(
        "the month of 10,000 posts: data {:.0} ms (under 30 ms), paint {:.0} ms (under 200 ms)",
        middle(data),
        middle(paint)
    );
    Ok(())
}

/// Copies one delivery many times over the days around now, straight into the queue's file.
fn fill(folder: &Path, rows: i64) -> anyhow::Result<()> {
    let db = rusqlite::Connection::open(folder.join("slipway.db"))?;
    let columns = |table: &str| -> anyhow::Result<Vec<String>> {
        let mut asked =
            db.prepare(&format!("SELECT name FROM pragma_table_info('{table}') WHERE name <> 'id'"))?;
        Ok(asked.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?)
    };
    let copy = |table: &str, given: &dyn Fn(&str) -> Option<String>| -> anyhow::Result<()> {
        let all = columns(table)?;
        let values: Vec<String> =
            all.iter().map(|name| given(name).unwrap_or(format!("one.{name}"))).collect();
        let sql = format!(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows}) \
             INSERT INTO {table} ({}) SELECT {} FROM n, (SELECT * FROM {table} ORDER BY id LIMIT 1) one",
            all.join(", "),
            values.join(", ")
        );
        db.execute_batch(&sql).with_context(|| sql.clone())
    };
    let last: i64 = db.query_row("SELECT max(id) FROM post", [], |row| row.get(0))?;
    let now = jiff::Timestamp::now().as_millisecond();
    copy("post", &|_| None)?;
    copy("delivery", &|name| match name {
        "post_id" => Some(format!("{last} + n.n")),
        "state" => Some("'published'".into()),
        // All within the month that is shown.
        "due_at" | "public_at" => Some(format!("{now} + (n.n % 1000 - 500) * 1500000")),
        "stage" | "next_at" | "claim" | "claimed_at" | "in_flight" | "memo" | "problem" | "turn_at" => {
            Some("NULL".into())
        }
        _ => None,
    })
}
