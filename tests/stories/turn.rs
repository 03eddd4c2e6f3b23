//! The order among what waits, as a person changed it: shown in the list, and kept when it is sent.

use serde_json::{Value, json};
use slipway_stories::{Running, Town, call, post, refused, wait_for};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().into_iter().flatten().filter_map(|row| row["id"].as_i64()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_put_first_is_listed_first_and_sent_first() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let mut line = Vec::new();
    for seed in 1..=3 {
        let path = town.video(&format!("{seed}.mp4"), 200_000, seed)?;
        line.push(post(&engine, &path, &format!("Post {seed}"), json!({})).await?);
    }
    let moved = call(&engine, "posts.reorder", json!({"id": line[2], "before": line[0]})).await?;
    let expected = [line[2], line[0], line[1]];
    assert_eq!(ids(&moved), expected);
    for given in [json!({"state": "due"}), json!({})] {
        assert_eq!(ids(&call(&engine, "posts.list", given).await?), expected);
    }
    // A calendar asks for a range, and goes by the minutes.
    let range = json!({"from": "2020-01-01T00:00:00Z"});
    assert_eq!(ids(&call(&engine, "posts.list", range).await?), line);
    let running = Running::start(&engine);
    for id in &line {
        wait_for(&engine, *id, &["published"], PATIENCE).await?;
    }
    running.stop().await?;
    let mut begun = Vec::new();
    for id in &line {
        let shown = call(&engine, "posts.show", json!({"id": id})).await?;
        begun.push((shown["began_at"].as_str().unwrap_or_default().to_string(), *id));
    }
    begun.sort();
    assert_eq!(begun.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), expected);
    let late = refused(&engine, "posts.reorder", json!({"id": line[0], "before": null})).await?;
    assert_eq!(late["code"], "not_now");
    Ok(())
}
