//! Secrets stay where they belong: all flows of every platform are run by the real binary, talking as much as it can, with a
//! sandbox whose every token, code, session address and client secret is known; then every file, every temp file and every word of
//! every command is searched for them, as they are and encoded.
//!
//! The vault's file is searched as well: it holds them, but encrypted. Here: YouTube; the others have a file each.

mod meta;
mod search;
mod tiktok;
mod trouble;

use anyhow::{Context, ensure};
use search::proves_that_it_finds;
use slipway_sandbox::{Deed, Fault, StatusAnswer};
use slipway_stories::binary::{PASSPHRASE, Place};
use slipway_stories::{Choice, Person, all_files};
use std::time::Duration;

/// Kinds of secrets there must have been, and how many at least.
const YOUTUBE: &[(&str, usize)] = &[
    ("youtube.client_secret", 1),
    ("youtube.code", 5),
    ("youtube.access_token", 3),
    ("youtube.refresh_token", 2),
    ("youtube.upload_id", 5),
];

/// Runs a queue until it is idle or has something for a person; both are good here.
async fn run(place: &Place, json: bool) -> anyhow::Result<()> {
    let mut args = vec!["-vvv", "run", "--until-idle"];
    if json {
        args.insert(0, "--json");
    }
    let said = place.run(&args).await?;
    ensure!(matches!(said.code, Some(0 | 1)), "{said:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_written_or_said_anywhere() -> anyhow::Result<()> {
    let mut place = Place::new().await?;
    place.env.push(("RUST_LOG".into(), "trace".into()));
    place.env.push(("RUST_BACKTRACE".into(), "1".into()));
    let who = |choice: Choice| Person { who: 0, choice };

    // Sign-in, and every way it fails.
    place.connect_with("youtube", &who(Choice::Deny), &["-vvv"]).await?;
    let upload = "https://www.googleapis.com/auth/youtube.upload";
    place.connect_with("youtube", &who(Choice::Untick(upload.into())), &["-vvv"]).await?;
    for hurt in [400_u16, 401, 500] {
        place.sandbox.plan(Fault::next("token", hurt));
        place.connect_with("youtube", &Person::default(), &["-vvv"]).await?;
    }
    for deed in [Deed::Html, Deed::Lost, Deed::Cut] {
        place.sandbox.plan(Fault::next("token", deed));
        place.connect_with("youtube", &Person::default(), &["-vvv"]).await?;
    }
    place.sandbox.plan(Fault::next("channels.list", Deed::Html));
    place.connect_with("youtube", &Person::default(), &["-vvv"]).await?;
    place.connect_with("youtube", &Person::default(), &["-vvv"]).await?.done()?;
    place.run(&["-vvv", "accounts"]).await?.done()?;
    place.run(&["-vvv", "apps", "list"]).await?.done()?;
    // A wrong passphrase that is nearly the right one.
    let mut nearly = place.command(&["-vvv", "run", "--until-idle"]);
    nearly.env("SLIPWAY_PASSPHRASE", format!("{PASSPHRASE}!"));
    let said = slipway_stories::binary::Process::start(nearly)?.ends(Duration::from_secs(30)).await?;
    ensure!(said.code == Some(6), "{said:?}");
    place.remember(&said);

    // Uploads that go wrong in each way a reply can repeat what it was asked.
    let echo = |status: u16| {
        let secrets = place.sandbox.state().secrets;
        let message = format!("Not so: {} {}", trouble::in_addresses(&secrets), secrets.join(" "));
        StatusAnswer {
            status,
            reason: Some("badRequest".into()),
            message: Some(message),
            ..StatusAnswer::default()
        }
    };
    let mut ids = Vec::new();
    for (n, (api, hurt)) in [
        ("videos.insert.start", slipway_sandbox::Hurt::from(Deed::Html)),
        ("videos.insert.start", echo(400).into()),
        ("videos.insert.put", echo(400).into()),
        ("videos.insert.put", echo(403).into()),
        ("videos.insert.put", Deed::Html.into()),
        ("videos.insert.put", Deed::CutAfter(100_000).into()),
        ("videos.insert.put", Deed::SessionGone.into()),
        ("videos.insert.put", Deed::TokenExpired.into()),
        ("videos.list", echo(404).into()),
        ("token", echo(400).into()),
    ]
    .into_iter()
    .enumerate()
    {
        let path = place.video(&format!("v{n}.mp4"), 400_000, n as u64)?;
        place.sandbox.plan(Fault::next(api, hurt));
        let id = place
            .post(&path, &format!("Video {n}"), if n % 2 == 0 { &["--now"] } else { &["--at", "+24h"] })
            .await?;
        run(&place, n % 3 == 0).await?;
        ids.push(id.to_string());
    }
    // What was refused with `invalid_grant` or the like needs a new sign-in; then all goes on.
    place.connect_with("youtube", &Person::default(), &["-vvv"]).await?.done()?;
    place.run(&["-vvv", "retry"]).await?;
    run(&place, true).await?;

    // Killed in the middle of a body: what lies on disk then, the memo and the WAL, counts as well.
    let path = place.video("killed.mp4", 14_000_000, 99)?;
    place.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(9_000_000)));
    let id = place.post(&path, "Killed", &["--at", "+24h"]).await?;
    let process = place.start(&["-vvv", "run"])?;
    let in_body =
        |call: &slipway_sandbox::Call| call.api == "videos.insert.put" && call.status.is_none() && !call.cut;
    place.until("the body", |sandbox| sandbox.calls().iter().any(in_body)).await?;
    place.remember(&process.kill().await?);
    search::nothing_is_found(&place, "after a kill", YOUTUBE)?;
    run(&place, false).await?;
    ids.push(id.to_string());

    // Looking, editing, cancelling.
    for id in &ids {
        for args in [&["-vvv", "show", id][..], &["--json", "show", id]] {
            place.run(args).await?.done()?;
        }
    }
    let last = ids.last().context("no post")?.clone();
    place.run(&["-vvv", "edit", &last, "--title", "Another"]).await?;
    run(&place, true).await?;
    place.run(&["-vvv", "cancel", &last]).await?;
    run(&place, false).await?;
    for args in [&["list"][..], &["--json", "list"], &["settings", "get"], &["--json", "accounts"]] {
        place.run(args).await?.done()?;
    }

    // The replies that repeated secrets did reach the history, without them.
    ensure!(
        place.heard().iter().any(|said| said.asked.contains("show") && said.out.contains("Not so")),
        "no echo was kept"
    );
    trouble::nothing_broke(&place)?;
    let count = search::nothing_is_found(&place, "in the end", YOUTUBE)?;
    // The log that a run keeps was there to be searched.
    let files = all_files(&place.home())?;
    let log = files.iter().find(|(path, _)| path.ends_with("logs/slipway.log"));
    ensure!(log.is_some_and(|(_, bytes)| !bytes.is_empty()), "no log was kept");
    ensure!(files.iter().any(|(path, _)| path.ends_with("vault.bin")), "no vault file was searched");

    // Disconnected: the platform's token is dead, and still nothing is anywhere.
    place.run(&["-vvv", "disconnect", "youtube"]).await?.done()?;
    search::nothing_is_found(&place, "after the disconnect", YOUTUBE)?;
    println!("{count} secrets, {} files and {} commands searched", files.len(), place.heard().len());
    proves_that_it_finds(&place)
}
