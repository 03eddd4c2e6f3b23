//! The command line as those see it who read it: a plain terminal, a log, a full disk, a reader that goes away, a person who types a
//! secret. Needs `script`, which every Debian has.

#![cfg(target_os = "linux")]

use anyhow::{Context, ensure};
use slipway_stories::binary::{Place, Process};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(60);

/// A command of the place by a shell, as `$SLIPWAY` with what stands behind it.
fn by_shell(place: &Place, program: &str, before: &[&str], line: &str) -> anyhow::Result<Command> {
    let asked = place.command::<&str>(&[]);
    let asked = asked.as_std();
    let mut words = vec![asked.get_program()];
    words.extend(asked.get_args());
    let mut quoted = String::new();
    for word in words {
        let word = word.to_str().context("an odd path")?.replace('\'', r"'\''");
        quoted += &format!("'{word}' ");
    }
    let mut command = Command::new(program);
    command.args(before).arg(line.replace("$SLIPWAY", &quoted));
    for (key, value) in asked.get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

/// The same on a terminal of its own, whose screen is the output.
fn on_terminal(place: &Place, line: &str) -> anyhow::Result<Command> {
    let mut command = by_shell(place, "script", &["-qefc"], line)?;
    command.arg("/dev/null");
    Ok(command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_told_on_every_terminal_and_into_every_log() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let log = place.ground.path().join("log");
    let log = log.to_str().context("an odd path")?;
    for (nth, (term, behind)) in
        [("dumb", String::new()), ("xterm", format!(" 2>{log}")), ("xterm", String::new())]
            .into_iter()
            .enumerate()
    {
        let video = place.video(&format!("{nth}.mp4"), 60_000, nth as u64)?;
        place.post(&video, "Told", &[]).await?;
        let mut command = on_terminal(&place, &format!("$SLIPWAY run --until-idle{behind}"))?;
        command.env("TERM", term);
        let said = Process::start(command)?.ends(PATIENCE).await?;
        ensure!(said.code == Some(0), "{said:?}");
        for wanted in ["Slipway runs the queue", "published https://"] {
            ensure!(said.out.contains(wanted), "no {wanted:?} with TERM={term}{behind}: {said:?}");
        }
        ensure!(
            term != "dumb" || !said.out.contains('\x1b'),
            "colours on a terminal that has none: {said:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_cannot_be_written_is_a_failure() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let video = place.video("a.mp4", 60_000, 1)?;
    place.post(&video, "Full", &[]).await?;
    for line in ["list", "--json list", "show 1", "man", "completions bash", "--help", "--version"] {
        let command = by_shell(&place, "sh", &["-c"], &format!("$SLIPWAY {line} >/dev/full"))?;
        let said = Process::start(command)?.ends(PATIENCE).await?;
        ensure!(said.code == Some(7), "{line}: {said:?}");
        ensure!(said.err.contains("could not be written"), "{line}: {said:?}");
    }
    // What can't be told keeps no post back, and is told at the end.
    let command = by_shell(&place, "sh", &["-c"], "$SLIPWAY run --until-idle >/dev/full")?;
    let said = Process::start(command)?.ends(PATIENCE).await?;
    ensure!(said.code == Some(7) && said.err.contains("could not be written"), "{said:?}");
    ensure!(place.show(1).await?["state"] == "published", "the queue stood still");
    // Complaints that nobody can read break nothing, either.
    let command = by_shell(&place, "sh", &["-c"], "$SLIPWAY show 99 2>/dev/full")?;
    let said = Process::start(command)?.ends(PATIENCE).await?;
    ensure!(said.code == Some(1), "{said:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_reader_goes_away_ends_in_order() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let far = place.video("a.mp4", 60_000, 1)?;
    place.post(&far, "Far off", &["--at", "+480h"]).await?;
    let line = r#"{ $SLIPWAY run; echo "ended with $?" >&2; } | head -n 1"#;
    let process = Process::start(by_shell(&place, "sh", &["-c"], line)?)?;
    // Something that it has to tell.
    tokio::time::sleep(Duration::from_secs(1)).await;
    for nth in 2..5 {
        let video = place.video(&format!("{nth}.mp4"), 60_000, nth)?;
        place.post(&video, "Near", &[]).await?;
    }
    let said = process.ends(PATIENCE).await?;
    ensure!(said.out.lines().count() == 1 && said.err.contains("ended with 0"), "{said:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_typed_is_asked_for_and_not_shown() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let line = "$SLIPWAY apps add youtube --client-id typed.example --secret-stdin";
    let mut command = on_terminal(&place, line)?;
    command.stdin(Stdio::piped());
    let mut child = command.spawn()?;
    let mut keys = child.stdin.take().context("no keys")?;
    let mut screen = child.stdout.take().context("no screen")?;
    let mut shown = Vec::new();
    let asks = |shown: &[u8]| String::from_utf8_lossy(shown).contains("The secret (not shown)");
    while !asks(&shown) {
        let mut part = [0; 4096];
        let read =
            tokio::time::timeout(PATIENCE, screen.read(&mut part)).await.context("it never asked")??;
        ensure!(read > 0, "it ended: {}", String::from_utf8_lossy(&shown));
        shown.extend_from_slice(&part[..read]);
    }
    // The terminal stops showing what is typed just after the question.
    tokio::time::sleep(Duration::from_millis(500)).await;
    keys.write_all(b"typed-and-unseen\n").await?;
    tokio::time::timeout(PATIENCE, screen.read_to_end(&mut shown)).await??;
    let status = child.wait().await?;
    let shown = String::from_utf8_lossy(&shown);
    ensure!(status.success() && shown.contains("its secret is in the vault"), "{status}: {shown}");
    ensure!(!shown.contains("unseen"), "{shown}");
    Ok(())
}

/// Nothing on standard input is no secret: nothing is opened, added or asked for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_standard_input_holds_no_secret() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let long = "x".repeat(10_001);
    for input in ["", " \n", long.as_str()] {
        for args in [
            &["--json", "apps", "add", "youtube", "--client-id", "a.example", "--secret-stdin"][..],
            &["--json", "connect", "facebook", "--token-stdin"],
        ] {
            let said = place.told(args, input).await?;
            ensure!(said.code == Some(2) && said.problem()? == "bad_request", "{said:?}");
            ensure!(said.out.lines().count() == 1, "a page was opened: {said:?}");
        }
    }
    ensure!(place.sandbox.calls().is_empty(), "{:#?}", place.sandbox.calls());
    Ok(())
}

/// What is not understood is an answer like any other: in JSON where that is asked for, with nothing beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_line_that_is_not_understood_answers_in_json() -> anyhow::Result<()> {
    let place = Place::new().await?;
    for args in [
        &["--json", "lst"][..],
        &["list", "--json", "--limit", "many"],
        &["--json", "post"],
        &["--json", "edit", "one"],
        &["--json"],
    ] {
        let said = place.run(args).await?;
        ensure!(said.code == Some(2) && said.problem()? == "bad_request", "{said:?}");
        ensure!(said.out.lines().count() == 1 && said.err.is_empty(), "{said:?}");
        let message = said.json()?["error"]["message"].to_string();
        ensure!(message.len() > 12 && !message.contains("error:"), "{said:?}");
        // For a person it stands on standard error, as ever.
        let args: Vec<&str> = args.iter().copied().filter(|arg| *arg != "--json").collect();
        let said = place.run(&args).await?;
        ensure!(said.code == Some(2) && said.out.is_empty() && said.err.contains("--help"), "{said:?}");
    }
    Ok(())
}

/// A title may hold what some readers take for the end of a line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_in_json_is_one_line_for_every_reader() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let video = place.video("a.mp4", 60_000, 1)?;
    let title = "one\u{2028}two\u{2029}three";
    let id = place.post(&video, title, &["--at", "+24h"]).await?;
    let said = place.json(&["show", &id.to_string()]).await?.done()?;
    ensure!(!said.out.contains(['\u{2028}', '\u{2029}']), "{said:?}");
    ensure!(said.json()?["words"]["title"] == title, "{said:?}");
    Ok(())
}
