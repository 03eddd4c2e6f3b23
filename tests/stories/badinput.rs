//! What people and computers get wrong, by the real binary: each a clear problem with its code and its exit code, nothing lost and
//! nothing half-done, and not one call to a platform because of it.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::event::Events;
use slipway_core::media::{Moov, fixture};
use slipway_core::store::{Store, World};
use slipway_sandbox::{Call, Deed, Fault};
use slipway_stories::binary::{Place, Said};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What must not change when something is refused.
#[derive(Debug, PartialEq)]
struct Stand {
    rows: Vec<(String, i64)>,
    calls: usize,
}

fn stand(place: &Place) -> anyhow::Result<Stand> {
    let sql = rusqlite::Connection::open(place.database())?;
    let count = |table: &str| -> rusqlite::Result<(String, i64)> {
        sql.query_row(&format!("SELECT '{table}', count(*) FROM {table}"), [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    };
    let rows = ["media", "post", "delivery", "errand", "attempt", "account", "app"]
        .into_iter()
        .map(count)
        .collect::<Result<_, _>>()?;
    Ok(Stand { rows, calls: place.sandbox.calls().len() })
}

/// A refusal has its code on standard output as JSON, its exit code, words, and no trace of a panic.
fn refused(said: &Said, code: &str, exit: i32) -> anyhow::Result<Value> {
    let answer = said.json()?;
    let problem = &answer["error"];
    ensure!(problem["code"] == code, "wanted {code}: {said:?}");
    ensure!(said.code == Some(exit), "wanted exit code {exit}: {said:?}");
    ensure!(problem["message"].as_str().is_some_and(|text| text.len() > 10), "no words: {said:?}");
    ensure!(!said.err.contains("panicked"), "{said:?}");
    Ok(problem.clone())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_cannot_be_is_refused_and_nothing_is_written() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let at = |name: &str| place.ground.path().join("videos").join(name);
    let good = text(&place.video("good.mp4", 100_000, 1)?);
    let write = |name: &str, bytes: &[u8]| -> anyhow::Result<String> {
        std::fs::write(at(name), bytes)?;
        Ok(text(&at(name)))
    };
    let missing = text(&at("nowhere.mp4"));
    let empty = write("empty.mp4", b"")?;
    let prose = write("prose.mp4", &b"Once upon a time there was a loaf of bread. ".repeat(500))?;
    let picture = write("picture.mp4", &[b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &[0; 5_000][..]].concat())?;
    let whole = fixture::mp4().media_len(200_000).moov(Moov::End).bytes();
    let cut = write("cut.mp4", &whole[..whole.len() - 700])?;
    let front = fixture::mp4().media_len(200_000).bytes();
    let half_moov = write("half-moov.mp4", &front[..300])?;
    let nothing = write("nothing.mp4", &fixture::mp4().duration_ms(0).media_len(0).bytes())?;
    let folder = text(&place.ground.path().join("videos"));
    let long = "x".repeat(101);
    // One more than fits: 500 letters, two tags, one comma.
    let tags = format!("youtube.tags={},{}", "a".repeat(250), "b".repeat(250));

    #[allow(clippy::type_complexity)]
    let rows: Vec<(&str, &str, &str, Vec<&str>, &str, i32)> = vec![
        ("missing", &missing, "T", vec![], "file_missing", 1),
        ("empty", &empty, "T", vec![], "file_empty", 1),
        ("a text", &prose, "T", vec![], "file_not_video", 1),
        ("a picture", &picture, "T", vec![], "file_not_video", 1),
        ("its end cut off", &cut, "T", vec![], "file_damaged", 1),
        ("cut in its index", &half_moov, "T", vec![], "file_damaged", 1),
        ("0 s", &nothing, "T", vec![], "file_zero_length", 1),
        ("a folder", &folder, "T", vec![], "file_missing", 1),
        ("title too long", &good, &long, vec![], "text_too_long", 1),
        ("no title", &good, "", vec![], "text_missing", 1),
        ("a bracket", &good, "a < b", vec![], "text_illegal", 1),
        ("a control character", &good, "a\u{7}b", vec![], "text_illegal", 1),
        ("tags", &good, "T", vec!["-o", &tags], "text_too_long", 1),
        ("the past", &good, "T", vec!["--at", "2020-01-01T10:00"], "time_past", 1),
        ("no time", &good, "T", vec!["--at", "tomorrow"], "time_invalid", 1),
        ("no such day", &good, "T", vec!["--at", "2027-02-30T10:00"], "time_invalid", 1),
        ("no such zone", &good, "T", vec!["--at", "2027-01-01T10:00[Europe/Berln]"], "zone_unknown", 1),
        ("unknown option", &good, "T", vec!["-o", "youtube.colour=red"], "option_unknown", 1),
        ("bad value", &good, "T", vec!["-o", "youtube.privacy=secret"], "option_invalid", 1),
        (
            "said twice",
            &good,
            "T",
            vec!["-o", "youtube.privacy=public", "-o", "privacy=private"],
            "option_invalid",
            1,
        ),
        ("unknown platform", &good, "T", vec!["-o", "yourtube.privacy=public"], "platform_unknown", 1),
        ("unknown account", &good, "T", vec!["--to", "nobody"], "account_unknown", 1),
    ];
    let before = stand(&place)?;
    for (name, file, title, more, code, exit) in rows {
        let mut args = vec!["post", file, "--to", "youtube", "--title", title];
        args.extend(more);
        let said = place.json(&args).await?;
        let problem = refused(&said, code, exit).context(name)?;
        if name == "no such zone" {
            let message = problem["message"].as_str().unwrap_or_default();
            ensure!(message.contains("Europe/Berlin"), "no suggestion: {message}");
        }
        ensure!(stand(&place)? == before, "{name}: something was written or called");
    }

    // Things that are no files: opening one must not hang.
    #[cfg(unix)]
    {
        let pipe = text(&at("pipe.mp4"));
        ensure!(std::process::Command::new("mkfifo").arg(&pipe).status()?.success(), "no pipe");
        for odd in [pipe.as_str(), "/dev/zero", "/dev/null"] {
            let said = place.json(&["post", odd, "--to", "youtube", "--title", "T"]).await?;
            refused(&said, "file_missing", 1).context(odd.to_string())?;
        }
        // The one who may read everything is not kept out by permissions.
        if std::process::Command::new("id").arg("-u").output()?.stdout != b"0\n" {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(at("good.mp4"), std::fs::Permissions::from_mode(0o000))?;
            let said = place.json(&["post", &good, "--to", "youtube", "--title", "T"]).await?;
            refused(&said, "file_unreadable", 1)?;
            std::fs::set_permissions(at("good.mp4"), std::fs::Permissions::from_mode(0o600))?;
        } else {
            println!("skipped: an unreadable file, because root reads everything");
        }
    }

    for (args, code, exit) in [
        (&["connect", "nosuch", "--no-browser"][..], "platform_unknown", 1),
        (&["show", "77"], "not_found", 1),
        (&["cancel", "77"], "not_found", 1),
        (&["retry", "77"], "not_found", 1),
        (&["edit", "77", "--title", "T"], "not_found", 1),
        (&["disconnect", "nobody"], "account_unknown", 1),
        (&["options", "nosuch"], "platform_unknown", 1),
        (&["settings", "set", "parallel_uploads=0"], "bad_request", 2),
        (&["settings", "set", "zone=Nowhere/Land"], "zone_unknown", 1),
    ] {
        refused(&place.json(args).await?, code, exit).with_context(|| format!("{args:?}"))?;
    }
    ensure!(stand(&place)? == before, "something was written or called");
    // Two faults are told at once.
    let said = place.json(&["post", &good, "--to", "youtube", "--title", &long, "-o", &tags]).await?;
    let problem = refused(&said, "text_too_long", 1)?;
    ensure!(problem["also"].as_array().is_some_and(|also| also.len() == 1), "{problem:#}");
    // And the good one is taken.
    place.post(Path::new(&good), "T", &[]).await?;
    place.run(&["run", "--until-idle"]).await?.done()?;
    assert_eq!(place.videos().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_goes_or_changes_after_it_was_queued_is_not_sent() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let path = place.video("mine.mp4", 300_000, 1)?;
    let aside = path.with_extension("aside");
    let id = place.post(&path, "Mine", &[]).await?;
    // Renamed: needs a person. Put back: goes on.
    std::fs::rename(&path, &aside)?;
    let said = place.json(&["run", "--until-idle"]).await?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(place.show(id).await?["problem"]["code"], "file_missing");
    std::fs::rename(&aside, &path)?;
    place.json(&["retry", &id.to_string()]).await?.done()?;
    place.json(&["run", "--until-idle"]).await?.done()?;
    assert_eq!(place.show(id).await?["state"], "published");

    // Another file in its place, of the same length.
    let path = place.video("other.mp4", 300_000, 2)?;
    let id = place.post(&path, "Other", &[]).await?;
    let kept = std::fs::read(&path)?;
    let mut bytes = kept.clone();
    let middle = bytes.len() / 2;
    bytes[middle..].iter_mut().for_each(|byte| *byte ^= 0x55);
    std::fs::write(&path, bytes)?;
    place.json(&["run", "--until-idle"]).await?;
    assert_eq!(place.show(id).await?["problem"]["code"], "file_changed");
    assert_eq!(place.videos().len(), 1);

    // Changed while its bytes are on their way: never half of one and half of another.
    let path = place.video("moving.mp4", 16_000_000, 3)?;
    let id = place.post(&path, "Moving", &[]).await?;
    place.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(6_000_000)));
    place.sandbox.clear_calls();
    let running = place.start(&["--json", "run", "--until-idle"])?;
    let in_body = |call: &Call| call.api == "videos.insert.put" && call.status.is_none();
    place.until("the body", |sandbox| sandbox.calls().iter().any(in_body)).await?;
    let mut file = std::fs::File::options().write(true).open(&path)?;
    file.seek(SeekFrom::End(-1_000))?;
    file.write_all(&[0x55; 500])?;
    drop(file);
    place.finish(running).await?;
    let shown = place.show(id).await?;
    assert_eq!(shown["problem"]["code"], "file_changed", "{shown:#}");
    assert_eq!(place.videos().len(), 1, "a mixture was published");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_cannot_be_are_refused() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let before = stand(&place)?;
    let file = place.ground.path().join("other-hosts.json");
    for (content, code, exit) in [
        (r#"{"hosts": {"www.googleapis.com": "http://10.0.0.1:80"}}"#, "bad_request", 2),
        (r#"{"www.googleapis.com": "https://www.googleapis.com"}"#, "bad_request", 2),
        (r#"{"www.googleapis.com": "http://127.0.0.1.example.org"}"#, "bad_request", 2),
        (r#"{"hosts": {}}"#, "bad_request", 2),
        (r#"{"hosts": ["#, "bad_request", 2),
        ("", "bad_request", 2),
    ] {
        std::fs::write(&file, content)?;
        let said = json_in(&place, &place.home(), Some(&file), &["list"]).await?;
        refused(&said, code, exit).with_context(|| content.to_string())?;
    }
    let nowhere = place.ground.path().join("nowhere.json");
    refused(&json_in(&place, &place.home(), Some(&nowhere), &["list"]).await?, "file_missing", 1)?;
    assert_eq!(stand(&place)?, before);
    Ok(())
}

async fn json_in(place: &Place, home: &Path, hosts: Option<&Path>, args: &[&str]) -> anyhow::Result<Said> {
    let args: Vec<&str> = ["--json"].iter().chain(args).copied().collect();
    place.finish(slipway_stories::binary::Process::start(place.command_in(home, hosts, &args))?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_newer_or_of_the_other_world_is_left_alone() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    // The real world's, copied over.
    let real = place.ground.path().join("real");
    json_in(&place, &real, None, &["list"]).await?.done()?;
    let elsewhere = place.ground.path().join("mixed");
    std::fs::create_dir_all(elsewhere.join("sandbox"))?;
    std::fs::copy(real.join("slipway.db"), elsewhere.join("sandbox/slipway.db"))?;
    let said = json_in(&place, &elsewhere, Some(&place.hosts()), &["list"]).await?;
    refused(&said, "database_other_world", 7)?;
    // And the other way round.
    std::fs::copy(place.database(), elsewhere.join("slipway.db"))?;
    refused(&json_in(&place, &elsewhere, None, &["list"]).await?, "database_other_world", 7)?;

    rusqlite::Connection::open(place.database())?.pragma_update(None, "user_version", 99)?;
    let before = std::fs::read(place.database())?;
    for args in [&["list"][..], &["run", "--until-idle"], &["accounts"]] {
        refused(&place.json(args).await?, "database_newer", 7)?;
    }
    assert_eq!(std::fs::read(place.database())?, before);
    Ok(())
}

/// Damage of a database file, and whether its world can be read after it.
fn damage(path: &Path, from: u64, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = std::fs::File::options().write(true).open(path)?;
    file.seek(SeekFrom::Start(from))?;
    file.write_all(bytes)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_queue_is_kept_aside_and_the_backup_put_in_its_place() -> anyhow::Result<()> {
    for (name, from, len) in [("its header", 0, 4_096), ("its middle", 4_096, 6 * 4_096)] {
        let place = Place::at_home().await?;
        let path = place.video("kept.mp4", 100_000, 1)?;
        let id = place.post(&path, "Kept", &["--draft"]).await?;

        // Without a backup: begin anew, and the damaged one stays.
        let whole = std::fs::read(place.database())?;
        damage(&place.database(), from, &vec![0xa5; len])?;
        let damaged = std::fs::read(place.database())?;
        let problem = refused(&place.json(&["list"]).await?, "database_corrupt", 7).context(name)?;
        assert_eq!(problem["fix"]["do"], "restore_backup");
        ensure!(
            slipway_stories::all_files(&place.folder())?.iter().any(|(path, bytes)| {
                bytes == &damaged
                    && path.file_name().is_some_and(|name| name.to_string_lossy().contains("damaged"))
            }),
            "{name}: the damaged file is not kept: {problem:#}"
        );
        assert_eq!(std::fs::read(place.database())?, damaged, "{name}: it was changed");
        refused(&place.json(&["restore"]).await?, "not_found", 1).context(name)?;
        place.json(&["restore", "--empty"]).await?.done()?;
        assert_eq!(place.json(&["list"]).await?.done()?.json()?, json!([]));
        ensure!(holds(&place.folder(), &damaged)?, "{name}: the damaged file is gone");

        // With one: everything is back.
        std::fs::write(place.database(), &whole)?;
        let store = Store::open(&place.database(), World::Sandbox, Events::default())?;
        store.back_up_for("2026-11-21")?;
        drop(store);
        damage(&place.database(), from, &vec![0x5a; len])?;
        let problem = refused(&place.json(&["list"]).await?, "database_corrupt", 7).context(name)?;
        let message = problem["message"].as_str().unwrap_or_default();
        ensure!(message.contains("slipway-2026-11-21.db"), "the backup is not named: {message}");
        place.json(&["restore", "--newest"]).await?.done()?;
        assert_eq!(place.show(id).await?["state"], "draft");
        place.json(&["schedule", &id.to_string()]).await?.done()?;
        place.json(&["run", "--until-idle"]).await?.done()?;
        assert_eq!(place.videos().len(), 1);
    }
    Ok(())
}

/// Is there a file with just this in it?
fn holds(folder: &Path, content: &[u8]) -> anyhow::Result<bool> {
    Ok(slipway_stories::all_files(folder)?.iter().any(|(_, bytes)| bytes == content))
}

/// A small file system of its own, gone with it.
struct Small(PathBuf);

impl Small {
    /// Nothing where mounting is not allowed.
    fn mount(at: PathBuf, size: &str) -> anyhow::Result<Option<Small>> {
        std::fs::create_dir_all(&at)?;
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&at)
            .output();
        Ok(mounted.is_ok_and(|done| done.status.success()).then_some(Small(at)))
    }

    fn read_only(&self) -> anyhow::Result<()> {
        let done = std::process::Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status()?;
        ensure!(done.success(), "could not be made read-only");
        Ok(())
    }

    /// Takes all room that is left.
    fn fill(&self) -> anyhow::Result<()> {
        let mut file = std::fs::File::options().append(true).create(true).open(self.0.join("filler"))?;
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
        Ok(())
    }

    fn free(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.0.join("filler"))?)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_and_the_queue_goes_on_when_there_is_room() -> anyhow::Result<()> {
    let mut place = Place::new().await?;
    let Some(disk) = Small::mount(place.home(), "3m")? else {
        println!("skipped: a full disk, because nothing can be mounted here");
        return Ok(());
    };
    place.connect("youtube", &slipway_stories::Person::default()).await?.done()?;
    let first = place.video("first.mp4", 9_000_000, 1)?;
    let second = place.video("second.mp4", 100_000, 2)?;
    let id = place.post(&first, "First", &[]).await?;

    // No room: the command says so, and what was there stays.
    let before = stand(&place)?;
    disk.fill()?;
    let args = ["post", &text(&second), "--to", "youtube", "--title", "Second"];
    refused(&place.json(&args).await?, "disk_full", 7)?;
    disk.free()?;
    assert_eq!(stand(&place)?, before);

    // The room goes while a body is on its way. Nothing more may be written down, so nothing more is done until it is back.
    place.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(9_000_000)));
    place.sandbox.clear_calls();
    let mut running = place.start(&["--json", "run", "--until-idle"])?;
    let in_body = |call: &Call| call.api == "videos.insert.put" && call.status.is_none();
    place.until("the body", |sandbox| sandbox.calls().iter().any(in_body)).await?;
    disk.fill()?;
    place.until("its end", |sandbox| sandbox.state().videos.len() == 1).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    ensure!(!running.has_ended()?, "the queue ended on a full disk");
    let calls = place.sandbox.calls().len();
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!(place.sandbox.calls().len() == calls, "calls were made that could not be written down");
    disk.free()?;
    let began = Instant::now();
    place.finish(running).await?.done()?;
    println!("went on {:.1} s after there was room", began.elapsed().as_secs_f64());
    let shown = place.show(id).await?;
    assert_eq!(shown["state"], "published", "{shown:#}");
    assert_eq!(place.videos().len(), 1);
    // Started on a full disk it says so, or waits; then the second goes out as well.
    place.json(&args).await?.done()?;
    place.json(&["run", "--until-idle"]).await?.done()?;
    assert_eq!(place.videos().len(), 2);
    drop(disk);
    place.env.clear();
    Ok(())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_that_cannot_be_written_is_told() -> anyhow::Result<()> {
    let place = Place::new().await?;
    // Below a file there can be no folder, whoever asks.
    let file = place.video("a.mp4", 1_000, 1)?;
    let said = json_in(&place, &file.join("home"), Some(&place.hosts()), &["list"]).await?;
    refused(&said, "read_only", 7)?;

    let Some(disk) = Small::mount(place.home(), "8m")? else {
        println!("skipped: a read-only disk, because nothing can be mounted here");
        return Ok(());
    };
    place.connect("youtube", &slipway_stories::Person::default()).await?.done()?;
    disk.read_only()?;
    for args in [&["list"][..], &["post", &text(&file), "--to", "youtube", "--title", "T"]] {
        refused(&place.json(args).await?, "read_only", 7).with_context(|| format!("{args:?}"))?;
    }
    // The vault's file is opened first and lies on the same disk; its words name the folder, too.
    let said = place.json(&["run", "--until-idle"]).await?;
    let code = said.problem()?;
    ensure!(["read_only", "keychain_broken"].contains(&code.as_str()), "{said:?}");
    ensure!(said.out.contains("may not") && matches!(said.code, Some(6 | 7)), "{said:?}");
    Ok(())
}

/// Whatever can't be opened for want of file handles, the vault, the queue or a socket, is told as that and as nothing else.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_file_handles_are_told_as_such() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let mut told = 0;
    for limit in 10..24 {
        let asked = place.command(&["--json", "vault", "list"]);
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &limit.to_string()]);
        command.arg(asked.as_std().get_program()).args(asked.as_std().get_args());
        for (key, value) in asked.as_std().get_envs() {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        let output = command.output().await?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(!err.contains("panicked"), "{limit}: {err}");
        let Some(answer) = out.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok())
        else {
            // The program, or the system's own libraries, could not even start.
            ensure!(!output.status.success() && err.contains("Too many open files"), "{limit}: {out} {err}");
            continue;
        };
        if output.status.success() {
            ensure!(
                answer["folders"][0]["entries"].as_array().is_some_and(|all| all.len() == 2),
                "{limit}: {answer}"
            );
        } else {
            ensure!(answer["error"]["code"] == "too_many_files", "{limit}: {answer}");
            ensure!(output.status.code() == Some(4), "{limit}: {:?}", output.status);
            told += 1;
        }
    }
    ensure!(told > 0, "no limit was hit");
    Ok(())
}

/// The way out of a damaged vault file that the message names works; until then nothing says "sign in again".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_vault_file_is_told_and_a_new_one_can_be_begun() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let vault = place.folder().join("vault.bin");
    let mut bytes = std::fs::read(&vault)?;
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&vault, bytes)?;
    for args in [&["vault", "list"][..], &["run", "--until-idle"], &["connect", "youtube", "--no-browser"]] {
        let problem = refused(&place.json(args).await?, "vault_damaged", 6)?;
        ensure!(
            problem["message"].as_str().is_some_and(|text| text.contains("slipway vault new")),
            "{problem}"
        );
    }
    let said = place.json(&["vault", "new"]).await?.done()?;
    ensure!(said.json()?["kept"] == "vault.damaged" && place.folder().join("vault.damaged").is_file());
    place.connect("youtube", &slipway_stories::Person::default()).await?.done()?;
    let listed = place.json(&["vault", "list"]).await?.done()?.json()?;
    ensure!(listed["folders"][0]["place"] == "here", "{listed}");
    Ok(())
}

/// A deleted data folder is not made anew by asking what it left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_vault_is_listed_without_a_data_folder() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let listed = place.json(&["vault", "list"]).await?.done()?.json()?;
    ensure!(listed["folders"] == json!([]) && !place.folder().exists(), "{listed}");
    let said = place.json(&["vault", "wipe", "--folder", "0a"]).await?;
    ensure!(said.code == Some(0) && !place.folder().exists(), "{said:?}");
    Ok(())
}
