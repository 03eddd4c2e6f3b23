//! Two and more processes on one home: one runs the queue, others ask things of it. What they write is noticed within a second, a second
//! runner is refused, and processes that post at the same moment lose nothing and double nothing (C1, C7).

use anyhow::{Context, ensure};
use serde_json::json;
use slipway_core::api;
use slipway_core::problem::Code;
use slipway_sandbox::{Call, Deed, Fault, StatusAnswer};
use slipway_stories::binary::{Place, Process};
use slipway_stories::{Nobody, Town};
use std::time::{Duration, Instant};

/// Well before the next look at the table, which comes after twenty seconds and would find it too. How soon it is noticed (within a
/// second) is printed.
const NOTICED: Duration = Duration::from_secs(12);

/// A place whose queue runs in a process of its own.
async fn running() -> anyhow::Result<(Place, Process)> {
    let place = Place::at_home().await?;
    let mut runner = place.start(&["run"])?;
    up(&place).await?;
    ensure!(!runner.has_ended()?, "the queue does not run");
    Ok((place, runner))
}

/// Waits until somebody holds the lock of this queue.
async fn up(place: &Place) -> anyhow::Result<()> {
    let lock = place.folder().join("slipway.lock");
    let began = Instant::now();
    loop {
        let free = std::fs::File::options().write(true).open(&lock).is_ok_and(|file| file.try_lock().is_ok());
        if !free && lock.exists() {
            return Ok(());
        }
        ensure!(began.elapsed() < Duration::from_secs(20), "nobody runs the queue");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn noticed(what: &str, took: Duration) -> anyhow::Result<()> {
    println!("{what}: noticed after {} ms", took.as_millis());
    ensure!(took < NOTICED, "{what} was noticed after {took:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_asks_is_noticed_within_a_second() -> anyhow::Result<()> {
    let (place, runner) = running().await?;
    let day = ["--at", "+24h"];

    // Post: the session is opened.
    let first = place.video("first.mp4", 400_000, 1)?;
    place.sandbox.clear_calls();
    let id = place.post(&first, "First", &day).await?;
    let took = place.until("the post", |sandbox| !sandbox.calls().is_empty()).await?;
    noticed("post", took)?;
    place.until("the hand-over", |sandbox| sandbox.state().videos.len() == 1).await?;
    settled(&place, id, "handed_over").await?;

    // Edit: the platform has the new title.
    place.json(&["edit", &id.to_string(), "--title", "First, corrected"]).await?.done()?;
    let took =
        place.until("the edit", |sandbox| sandbox.state().videos[0].title == "First, corrected").await?;
    noticed("edit", took)?;

    // Cancel: the video is gone.
    place.json(&["cancel", &id.to_string()]).await?.done()?;
    let took = place.until("the cancel", |sandbox| sandbox.state().videos.is_empty()).await?;
    noticed("cancel", took)?;
    settled(&place, id, "cancelled").await?;

    // Pause: a body under way stops; resume: it goes on, from where the platform says.
    let second = place.video("second.mp4", 60_000_000, 2)?;
    place.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(2_000_000)));
    let id = place.post(&second, "Second", &day).await?;
    let in_body = |call: &Call| call.api == "videos.insert.put" && call.status.is_none() && !call.cut;
    place.until("the body", |sandbox| sandbox.calls().iter().any(in_body)).await?;
    place.json(&["pause", &id.to_string()]).await?.done()?;
    // Seen in the row: what the system still holds for the slow reader goes on arriving for a while.
    let began = Instant::now();
    settled(&place, id, "due").await?;
    noticed("pause", began.elapsed())?;
    let in_body = |call: &Call| call.api == "videos.insert.put" && call.cut;
    place.until("the cut", |sandbox| sandbox.calls().iter().any(in_body)).await?;
    let calls = place.sandbox.calls().len();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    ensure!(place.sandbox.calls().len() == calls, "a paused post made a call: {:#?}", place.sandbox.calls());
    place.json(&["resume", &id.to_string()]).await?.done()?;
    let took = place.until("the resume", |sandbox| sandbox.calls().len() > calls).await?;
    noticed("resume", took)?;
    settled(&place, id, "handed_over").await?;

    // Retry: a refused post is sent again after a person said so.
    let third = place.video("third.mp4", 300_000, 3)?;
    let refusal =
        StatusAnswer { status: 400, reason: Some("invalidDescription".into()), ..Default::default() };
    place.sandbox.plan(Fault::next("videos.insert.start", refusal));
    let id = place.post(&third, "Third", &day).await?;
    settled(&place, id, "stuck").await?;
    let calls = place.sandbox.calls().len();
    place.json(&["retry", &id.to_string()]).await?.done()?;
    let took = place.until("the retry", |sandbox| sandbox.calls().len() > calls).await?;
    noticed("retry", took)?;
    settled(&place, id, "handed_over").await?;

    ensure!(place.videos().len() == 2, "{:#?}", place.videos());
    let said = runner.stop().await?;
    ensure!(said.code == Some(0), "{said:?}");
    Ok(())
}

/// Waits for a state as `show` tells it.
async fn settled(place: &Place, id: i64, state: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let shown = place.show(id).await?;
        if shown["state"] == state {
            return Ok(());
        }
        ensure!(began.elapsed() < Duration::from_secs(30), "still {}: {shown:#}", shown["state"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_runner_is_refused_and_the_first_goes_on() -> anyhow::Result<()> {
    let (place, mut runner) = running().await?;
    for args in [&["run"][..], &["run", "--until-idle"]] {
        let said = place.json(args).await?;
        assert_eq!((said.code, said.problem()?.as_str()), (Some(4), "already_running"), "{said:?}");
    }
    ensure!(!runner.has_ended()?, "the first one ended");
    // After a kill the lock is free at once.
    runner.kill().await?;
    place.json(&["run", "--until-idle"]).await?.done()?;
    Ok(())
}

/// Eight processes post at the same moment, each a video of its own, while a ninth runs the queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_that_post_at_once_lose_nothing() -> anyhow::Result<()> {
    let (place, runner) = running().await?;
    let mut posting = Vec::new();
    for n in 0..8 {
        let path = place.video(&format!("{n}.mp4"), 200_000, 100 + n)?;
        let title = format!("Number {n}");
        let args = ["--json", "post", &path.to_string_lossy(), "--to", "youtube", "--title", &title];
        posting.push(place.start(&args)?);
    }
    let mut ids = Vec::new();
    for process in posting {
        let said = place.finish(process).await?.done()?;
        ids.push(said.json()?["deliveries"][0]["id"].as_i64().context("no delivery")?);
    }
    for id in &ids {
        settled(&place, *id, "published").await?;
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 8, "a number was given twice");
    let mut titles: Vec<String> = place.videos().into_iter().map(|video| video.title).collect();
    titles.sort();
    assert_eq!(titles, (0..8).map(|n| format!("Number {n}")).collect::<Vec<_>>());
    let said = runner.stop().await?;
    ensure!(said.code == Some(0), "{said:?}");
    Ok(())
}

/// The same file from eight processes at the same moment is one post: a double click, a script started twice (C7).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_that_post_the_same_file_at_once_post_it_once() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let path = place.video("same.mp4", 200_000, 7)?;
    let args = ["--json", "post", &path.to_string_lossy(), "--to", "youtube", "--title", "Same"];
    let posting: Vec<Process> = (0..8).map(|_| place.start(&args)).collect::<Result<_, _>>()?;
    let mut taken = 0;
    for process in posting {
        let said = place.finish(process).await?;
        if said.code == Some(0) {
            taken += 1;
        } else {
            assert_eq!(said.problem()?, "already_there", "{said:?}");
        }
    }
    assert_eq!(taken, 1);
    place.json(&["run", "--until-idle"]).await?.done()?;
    assert_eq!(place.videos().len(), 1);
    Ok(())
}

/// The same from two engines of one process, where all eight have looked before the first has written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn looking_and_posting_are_one_act() -> anyhow::Result<()> {
    for round in 0..10 {
        let town = Town::new().await?;
        let engines = [town.at_home("youtube").await?, town.engine()?];
        let path = town.video("same.mp4", 200_000, round)?;
        let given = json!({"path": path, "to": ["youtube"], "words": {"title": "Same", "caption": ""}});
        let posting: Vec<_> = (0..8)
            .map(|n| {
                let (engine, given) = (engines[n % 2].clone(), given.clone());
                tokio::spawn(async move { api::call(&engine, &Nobody, "posts.add", given).await })
            })
            .collect();
        let mut taken = 0;
        for posted in posting {
            match posted.await? {
                Ok(_) => taken += 1,
                Err(problem) => assert_eq!(problem.code, Code::AlreadyThere, "{problem:?}"),
            }
        }
        assert_eq!(taken, 1, "round {round}");
    }
    Ok(())
}

/// Eight processes that find no home yet: one makes it, all of them answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_first_starts_at_once() -> anyhow::Result<()> {
    for _ in 0..3 {
        let place = Place::new().await?;
        let starts: Vec<Process> =
            (0..8).map(|_| place.start(&["--json", "list"])).collect::<Result<_, _>>()?;
        for process in starts {
            let said = place.finish(process).await?.done()?;
            assert_eq!(said.json()?, serde_json::json!([]));
        }
    }
    Ok(())
}
