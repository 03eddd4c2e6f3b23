//! Secrets stay where they belong (C30): all flows are run by the real binary, talking as much as it can, with a sandbox whose every
//! token, code, session address and client secret is known; then every file, every temp file and every word of every command is
//! searched for them, as they are and encoded.
//!
//! The vault's file is searched as well: it holds them, but encrypted.

use anyhow::{Context, ensure};
use base64::Engine as _;
use slipway_sandbox::{Deed, Fault, StatusAnswer};
use slipway_stories::binary::{PASSPHRASE, Place};
use slipway_stories::{Choice, Person, all_files};
use std::time::Duration;

/// A secret in the shapes it could be written down in.
struct Marked {
    name: String,
    shapes: Vec<Vec<u8>>,
}

fn marked(secret: &str) -> Marked {
    let mut shapes = vec![secret.as_bytes().to_vec()];
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    shapes.push(percent.to_lowercase().into_bytes());
    shapes.push(percent.into_bytes());
    // In base64 the same text has three faces, by where it begins; the first and last signs of each belong to the neighbours.
    for skip in 0..3 {
        let shifted = [&vec![0; skip][..], secret.as_bytes()].concat();
        for code in [
            base64::engine::general_purpose::STANDARD_NO_PAD,
            base64::engine::general_purpose::URL_SAFE_NO_PAD,
        ] {
            let text = code.encode(&shifted);
            let inner = text.get(4..text.len().saturating_sub(4)).unwrap_or_default();
            if inner.len() >= 12 {
                shapes.push(inner.as_bytes().to_vec());
            }
        }
    }
    // As JSON and Rust write bytes.
    let list: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
    shapes.push(list.join(",").into_bytes());
    shapes.push(list.join(", ").into_bytes());
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    shapes.push(hex.into_bytes());
    // UTF-16, as Windows would.
    shapes.push(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
    shapes.sort();
    shapes.dedup();
    let name = format!("{}… ({} signs)", secret.chars().take(4).collect::<String>(), secret.len());
    Marked { name, shapes }
}

/// Where one of them is found.
fn found(marked: &[Marked], place: &str, bytes: &[u8]) -> Vec<String> {
    let hit = |secret: &&Marked| secret.shapes.iter().any(|shape| contains(bytes, shape));
    marked.iter().filter(hit).map(|secret| format!("{} in {place}", secret.name)).collect()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some((first, rest)) = wanted.split_first() else { return false };
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        let next = from + at + 1;
        if bytes[next..].starts_with(rest) {
            return true;
        }
        from = next;
    }
    false
}

/// Every secret there was, and everything that was written or said.
fn search(place: &Place) -> anyhow::Result<(usize, Vec<String>)> {
    let state = place.sandbox.state();
    let mut texts: Vec<String> = state.secrets.into_iter().chain(state.canaries).collect();
    texts.push(PASSPHRASE.into());
    texts.sort();
    texts.dedup();
    let secrets: Vec<Marked> =
        texts.iter().filter(|text| text.len() >= 16).map(|text| marked(text)).collect();
    ensure!(secrets.len() > 10, "only {} secrets: the sandbox tells too little", secrets.len());
    let mut bad = Vec::new();
    for folder in ["home", "tmp", "user"] {
        for (path, bytes) in all_files(&place.ground.path().join(folder))? {
            bad.extend(found(&secrets, &path.display().to_string(), &bytes));
        }
    }
    for said in place.heard() {
        bad.extend(found(&secrets, &format!("what `{}` printed", said.asked), said.out.as_bytes()));
        bad.extend(found(&secrets, &format!("what `{}` complained", said.asked), said.err.as_bytes()));
    }
    Ok((secrets.len(), bad))
}

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
        let message = format!("Not so: {}", place.sandbox.state().secrets.join(" "));
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
    let (_, bad) = search(&place)?;
    ensure!(bad.is_empty(), "after a kill:\n{}", bad.join("\n"));
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
    let (count, bad) = search(&place)?;
    ensure!(bad.is_empty(), "{}", bad.join("\n"));
    // The log that a run keeps was there to be searched.
    let files = all_files(&place.home())?;
    let log = files.iter().find(|(path, _)| path.ends_with("logs/slipway.log"));
    ensure!(log.is_some_and(|(_, bytes)| !bytes.is_empty()), "no log was kept");
    ensure!(files.iter().any(|(path, _)| path.ends_with("vault.bin")), "no vault file was searched");

    // Disconnected: the platform's token is dead, and still nothing is anywhere.
    place.run(&["-vvv", "disconnect", "youtube"]).await?.done()?;
    let (_, bad) = search(&place)?;
    ensure!(bad.is_empty(), "after the disconnect:\n{}", bad.join("\n"));
    println!("{count} secrets, {} files and {} commands searched", files.len(), place.heard().len());
    proves_that_it_finds(&place)
}

/// A search that finds nothing proves nothing until it has found something: each shape, planted, is found.
fn proves_that_it_finds(place: &Place) -> anyhow::Result<()> {
    let state = place.sandbox.state();
    let token = state.secrets.last().context("no secret")?.clone();
    let planted = place.temp().join("leak");
    let plant = |bytes: &[u8]| -> anyhow::Result<()> {
        std::fs::write(&planted, [b"some words before ", bytes, b" and after"].concat())?;
        let (_, bad) = search(place)?;
        ensure!(bad.iter().any(|line| line.contains("leak")), "a planted secret was not found");
        Ok(())
    };
    plant(token.as_bytes())?;
    plant(PASSPHRASE.as_bytes())?;
    let base64 = base64::engine::general_purpose::STANDARD.encode(format!("Bearer {token} and more"));
    plant(base64.as_bytes())?;
    plant(
        format!("x={}", url::form_urlencoded::byte_serialize(token.as_bytes()).collect::<String>())
            .as_bytes(),
    )?;
    plant(&token.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())?;
    std::fs::remove_file(planted)?;
    let (_, bad) = search(place)?;
    ensure!(bad.is_empty(), "{}", bad.join("\n"));
    Ok(())
}

#[test]
fn a_needle_is_found_wherever_it_lies() {
    for (bytes, wanted, is) in [
        (&b"abcabd"[..], &b"abd"[..], true),
        (b"aab", b"ab", true),
        (b"ab", b"abc", false),
        (b"", b"a", false),
        (b"xyz", b"z", true),
    ] {
        assert_eq!(contains(bytes, wanted), is, "{bytes:?} {wanted:?}");
    }
}
