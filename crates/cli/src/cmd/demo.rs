//! `demo`: everything once, on this computer: sandbox, sign-in, a video at its minute; then it says what it measured.
//!
//! The engine, the sign-in and the upload are the real ones; only the platform is simulated. The folder is temporary and the vault is
//! memory, and the demo says so. Not here: the simulated platform (`slipway_sandbox`).

use super::{Door, consent, read, sandbox, traces};
use crate::args::{DemoArgs, Global};
use crate::home::SandboxApp;
use crate::host::until_interrupted;
use crate::out::Out;
use crate::times;
use crate::words::Exit;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use slipway_core::api::{self, Added, Connection, Host};
use slipway_core::check::{bytes, for_a_trial};
use slipway_core::clock::Clock;
use slipway_core::engine::{Engine, House, Until};
use slipway_core::media::fixture;
use slipway_core::platform::GoesOut;
use slipway_core::post::State;
use slipway_core::problem::{Code, Fix, Outcome, Problem};
use slipway_core::vault::memory::MemoryVault;
use slipway_core::view::{AccountView, DeliveryDetail, DeliveryView};
use slipway_core::wire::hosts::Hosts;
use slipway_sandbox::{Config, Sandbox, VideoView};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long after its time the demo's post may take before the demo says that it did not work.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was seen and measured.
#[derive(Debug, Serialize)]
struct Report {
    posts: Vec<Posted>,
    /// The sandbox's page, up as long as the demo.
    page: String,
    video: PathBuf,
    /// `yours`, `ffmpeg` or `filler`.
    made_by: &'static str,
    bytes: u64,
    due: Timestamp,
    /// This whole process, the sandbox included.
    peak_memory_bytes: Option<u64>,
    data_folder: Vec<traces::Found>,
    /// Files that hold, or could hold, a copy of the video.
    copies: Vec<traces::Found>,
    kept: Option<PathBuf>,
}

/// One channel's part of it.
#[derive(Debug, Serialize)]
struct Posted {
    platform: String,
    channel: String,
    /// The real platform's form of it; only the sandbox knows the post.
    link: String,
    /// The post on the sandbox's page, as its audience sees it.
    seen_at: String,
    /// By the platform's own books: its words, and who may see it.
    words: String,
    audience: String,
    /// By the platform's own books.
    public_at: Timestamp,
    /// Positive is late.
    difference_ms: i64,
    upload_ms: u64,
    bytes_per_s: Option<u64>,
    /// Why it may be late, where the platform leaves no choice.
    note: Option<String>,
}

/// Every platform of the sandbox.
const ALL: &str = "all";

pub async fn run(global: &Global, args: DemoArgs, out: Out) -> Outcome<Exit> {
    if global.hosts.is_some() {
        return Err(Problem::block(
            Code::BadRequest,
            "The demo starts a sandbox of its own; leave --hosts out.",
        ));
    }
    let interrupted = until_interrupted();
    let before = traces::Before::look();
    let folder = tempfile::Builder::new().prefix("slipway-demo-").tempdir().map_err(no_folder)?;
    if let Some(video) = args.video.as_ref().filter(|video| !video.exists()) {
        let message = format!("There is no file {}.", video.display());
        return Err(Problem::block(Code::FileMissing, message).fix(Fix::ChooseFile));
    }
    out.aside("This is a demo: a simulated platform, a temporary folder, secrets in memory only.");
    let sandbox = sandbox::start(Config::default()).await?;
    let told = tokio::select! {
        told = act(&sandbox, folder.path(), &args, out, &before) => told,
        () = interrupted.cancelled() => {
            sandbox.stop().await;
            return Ok(Exit::Interrupted);
        }
    };
    let mut report = match told {
        Ok(report) => report,
        Err(problem) => {
            sandbox.stop().await;
            return Err(problem);
        }
    };
    if args.keep {
        report.kept = Some(folder.keep());
    }
    out.answer(&report, |out| say(out, &report));
    if out.terminal && !out.json {
        out.aside("The page stays up until Ctrl-C.");
        interrupted.cancelled().await;
    }
    sandbox.stop().await;
    Ok(Exit::Done)
}

/// From an empty folder to a public post.
async fn act(
    sandbox: &Sandbox,
    folder: &Path,
    args: &DemoArgs,
    out: Out,
    before: &traces::Before,
) -> Outcome<Report> {
    let home = folder.join("home");
    let door = Door { engine: open(sandbox, &home)?, out };
    let platforms: Vec<&str> = match args.platform.as_str() {
        ALL => door.engine.platforms().iter().map(|platform| platform.facts().id).collect(),
        one => vec![door.engine.platform(one)?.facts().id],
    };
    let (video, made_by) = video(folder, args, out).await?;
    let size = std::fs::metadata(&video).map(|meta| meta.len()).unwrap_or_default();
    let (mut channels, mut options) = (Vec::new(), serde_json::Map::new());
    for platform in platforms {
        let channel = connect(&door, sandbox, platform).await?;
        out.aside(&format!("Signed in: {} ({}).", channel.name, channel.platform_name));
        let channel: AccountView = door.ask("accounts.terms", json!({ "id": channel.id })).await?;
        let chosen = for_a_trial(door.engine.platform(platform)?.facts(), &channel.live);
        options.insert(platform.into(), chosen.into());
        channels.push(channel);
    }

    // A whole second, since platforms keep schedules in seconds; later for a large file of the user's own.
    let ahead = 6 + i64::try_from(size / 50_000_000).unwrap_or(i64::MAX).min(3600);
    let due = door.engine.clock().now().as_second().saturating_add(ahead);
    let due = Timestamp::from_second(due).unwrap_or(Timestamp::MAX);
    let title = match made_by {
        "yours" => video.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        _ => "Hello from Slipway".to_string(),
    };
    let given = json!({
        "path": video,
        "to": channels.iter().map(|channel| channel.id.to_string()).collect::<Vec<_>>(),
        "words": { "title": title, "caption": "Sent by the demo." },
        "options": options,
        "at": due.to_string(),
    });
    let added: Added = door.ask("posts.add", given).await?;
    out.aside(&format!("Scheduled for {}.", times::exact(due)));

    let stop = CancellationToken::new();
    let (engine, until) = (door.engine.clone(), Until::Stopped(stop.clone()));
    let running = tokio::spawn(async move { engine.run(until).await });
    let ids: Vec<i64> = added.deliveries.iter().map(|row| row.id).collect();
    let published = watch(&door, &ids, due).await;
    stop.cancel();
    let _ = running.await;
    published?;

    let mut posts = Vec::new();
    for id in ids {
        posts.push(posted(&door, sandbox, id, due).await?);
    }
    let data_folder = traces::files(&home);
    let queue = home.join("sandbox");
    let mut copies = before.copies(size, folder);
    // The demo's own video is the original; whatever else lies there and is not the queue's could be a copy.
    for file in traces::files(folder) {
        if file.path != video && !traces::is_of_a_queue(&queue, &file.path) {
            copies.push(file);
        }
    }
    Ok(Report {
        posts,
        page: sandbox.page().to_string(),
        video,
        made_by,
        bytes: size,
        due,
        peak_memory_bytes: traces::peak_memory(),
        data_folder,
        copies,
        kept: None,
    })
}

/// What came of one channel's part.
async fn posted(door: &Door, sandbox: &Sandbox, id: i64, due: Timestamp) -> Outcome<Posted> {
    let post: DeliveryDetail = door.ask("posts.show", json!({ "id": id })).await?;
    let shown = shown(sandbox, &post.line);
    let by_the_books = shown.as_ref().and_then(|video| Timestamp::from_millisecond(video.public_at_ms?).ok());
    let public_at = by_the_books.or(post.line.public_at).unwrap_or(due);
    let facts = door.engine.platform(&post.line.platform)?.facts();
    let name = facts.name;
    let difference_ms = public_at.as_millisecond() - due.as_millisecond();
    let (mut seen_at, mut words, mut audience) = (String::new(), String::new(), String::new());
    if let Some(video) = shown {
        seen_at = format!("{}/watch?v={}", sandbox.page().trim_end_matches('/'), video.id);
        words =
            [video.title, video.description].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        let choice = facts.option("privacy").map(|option| option.kind.label_of(&video.privacy));
        audience = choice.unwrap_or(video.privacy);
    }
    // It can neither be planned there nor staged: what the platform does with it begins at the minute.
    let note = (post.line.goes_out == GoesOut::AtTheMinute && difference_ms >= 1000).then(|| {
        format!(
            "{name} can't be given a time: the last bytes leave at the minute, and the post is seen once {name} has processed and reviewed it. \
             Slipway measures how long that takes and sends the next ones so much earlier."
        )
    });
    let (sent, upload_ms) = post
        .attempts
        .iter()
        .filter_map(|attempt| Some((attempt.sent.filter(|sent| *sent > 0)?, attempt.took_ms?)))
        .fold((0, 0), |(sent, took), (more, longer)| (sent + more, took + longer));
    Ok(Posted {
        platform: name.into(),
        channel: post.line.account_name,
        seen_at,
        words,
        audience,
        note,
        link: post.line.remote.map(|remote| remote.url).unwrap_or_default(),
        public_at,
        difference_ms,
        upload_ms,
        bytes_per_s: (upload_ms > 0).then(|| sent.saturating_mul(1000) / upload_ms),
    })
}

fn open(sandbox: &Sandbox, home: &Path) -> Outcome<Engine> {
    let hosts = serde_json::to_value(sandbox.announcement())
        .map_err(|error| Problem::internal(&anyhow::Error::new(error).context("reading the announcement")))?;
    Engine::open(House {
        folder: home.join("sandbox"),
        hosts: Hosts::from_json(&hosts)?,
        vault: Arc::new(MemoryVault::new()),
        platforms: slipway_platforms::all(),
        clock: Clock::system(),
    })
}

/// The real sign-in; a little browser plays the person.
async fn connect(door: &Door, sandbox: &Sandbox, platform: &str) -> Outcome<AccountView> {
    let apps: BTreeMap<String, SandboxApp> = sandbox
        .announcement()
        .apps
        .iter()
        .map(|(id, app)| {
            let app = SandboxApp {
                client_id: app.client_id.clone(),
                client_secret: app.client_secret.clone(),
                flags: app.flags.clone(),
                platform: app.platform.clone(),
                way: app.way.clone(),
            };
            (id.clone(), app)
        })
        .collect();
    super::apps::adopt(door, &apps, platform).await?;
    let person = Person { gave_up: CancellationToken::new(), why: Arc::default() };
    let given = json!({ "platform": platform, "patience_s": 30 });
    let answer = api::call(&door.engine, &person, "accounts.connect", given).await;
    let why = person.why.lock().map(|why| why.clone()).unwrap_or_default();
    let answer = answer.map_err(|problem| if why.is_empty() { problem } else { problem.detail(why) })?;
    let connection: Connection = read(answer)?;
    let mut accounts = connection.accounts;
    if let Some(choosing) = connection.choosing {
        // The first of them will do for a demo.
        let first: Vec<String> = choosing.channels.iter().take(1).map(|one| one.remote_id.clone()).collect();
        accounts = door.ask("accounts.choose", json!({ "id": choosing.id, "remote_ids": first })).await?;
    }
    let none = || Problem::block(Code::NoChannel, "The sandbox's person has no channel there.");
    accounts.into_iter().next().ok_or_else(none)
}

/// Agrees to everything, on this computer only.
struct Person {
    gave_up: CancellationToken,
    why: Arc<Mutex<String>>,
}

impl Host for Person {
    fn open(&self, address: &Url) {
        let (address, gave_up, why) = (address.clone(), self.gave_up.clone(), self.why.clone());
        tokio::spawn(async move {
            if let Err(error) = consent::agree(address).await {
                if let Ok(mut why) = why.lock() {
                    *why = format!("{error:#}");
                }
                gave_up.cancel();
            }
        });
    }

    fn cancelled(&self) -> CancellationToken {
        self.gave_up.clone()
    }
}

/// Waits until all are public, and says what happens on the way.
async fn watch(door: &Door, ids: &[i64], due: Timestamp) -> Outcome<()> {
    let mut events = door.engine.events().listen();
    let mut said: BTreeMap<i64, String> = BTreeMap::new();
    loop {
        let mut open = 0;
        for id in ids {
            let row: DeliveryView = door.ask("posts.show", json!({ "id": id })).await?;
            // How late it was, the platform's own books say in the end, to the millisecond.
            let text = match &row.remote {
                Some(remote) if row.state == State::Published => format!("published {}", remote.url),
                _ => super::run::happening(&row),
            };
            if said.insert(*id, text.clone()).as_ref() != Some(&text) {
                let whose = if ids.len() > 1 {
                    format!("{}: ", door.engine.platform(&row.platform)?.facts().name)
                } else {
                    String::new()
                };
                door.out.aside(&format!("{}  {whose}{text}", times::clock(door.engine.clock().now())));
            }
            match row.state {
                State::Published => {}
                State::Stuck | State::Cancelled => {
                    let none = || Problem::block(Code::GaveUp, "The demo's post was not published.");
                    return Err(row.problem.unwrap_or_else(none));
                }
                _ => open += 1,
            }
        }
        if open == 0 {
            return Ok(());
        }
        if door.engine.clock().now().duration_since(due) > PATIENCE.try_into().unwrap_or_default() {
            return Err(Problem::block(
                Code::GaveUp,
                "The demo's post was still not public two minutes after its time.",
            ));
        }
        // An event, or a look every half second in case one was missed.
        let _ = tokio::time::timeout(Duration::from_millis(500), events.recv()).await;
    }
}

/// What the simulated platform has of it.
fn shown(sandbox: &Sandbox, row: &DeliveryView) -> Option<VideoView> {
    let id = &row.remote.as_ref()?.id;
    sandbox.state().videos.into_iter().find(|video| video.id == *id)
}

/// The user's own, else a test picture, else filler that is built like a video.
async fn video(folder: &Path, args: &DemoArgs, out: Out) -> Outcome<(PathBuf, &'static str)> {
    if let Some(video) = &args.video {
        let video = std::path::absolute(video).unwrap_or_else(|_| video.clone());
        return Ok((video, "yours"));
    }
    let path = folder.join("video").join("hello.mp4");
    std::fs::create_dir_all(folder.join("video")).map_err(no_folder)?;
    out.aside("Making a test video…");
    if ffmpeg(&path).await {
        return Ok((path, "ffmpeg"));
    }
    out.aside(
        "There is no ffmpeg here, so the video is filler built like an MP4: it uploads, but does not play.",
    );
    fixture::mp4()
        .picture(1080, 1920)
        .duration_ms(12_000)
        .media_len(8 << 20)
        .write(&path)
        .map_err(no_folder)?;
    Ok((path, "filler"))
}

/// Twelve seconds of test picture and tone, upright. False when there is no ffmpeg, or it can't.
async fn ffmpeg(path: &Path) -> bool {
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=1080x1920:rate=30"];
    let tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
    // The fast encoder where there is one, else whatever ffmpeg takes for MP4.
    for encoder in [&["-c:v", "libx264", "-preset", "ultrafast"][..], &[][..]] {
        let made = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-y"])
            .args(picture)
            .args(tone)
            .args(["-t", "12", "-pix_fmt", "yuv420p"])
            .args(encoder)
            .args(["-movflags", "+faststart"])
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .status();
        match tokio::time::timeout(Duration::from_secs(90), made).await {
            Ok(Ok(status)) if status.success() => return true,
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return false,
        }
    }
    false
}

fn no_folder(error: std::io::Error) -> Problem {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull => Code::DiskFull,
        _ => Code::ReadOnly,
    };
    Problem::block(code, "The demo's temporary folder can't be written.").detail(error)
}

fn say(out: &Out, report: &Report) {
    out.line("");
    let copies: Vec<String> =
        report.copies.iter().map(|file| format!("{} ({})", file.path.display(), bytes(file.bytes))).collect();
    let queue: u64 = report.data_folder.iter().map(|file| file.bytes).sum();
    for post in &report.posts {
        let rate = post.bytes_per_s.map(|rate| format!(", {}/s", bytes(rate))).unwrap_or_default();
        let upload = times::span(Duration::from_millis(post.upload_ms));
        let late = times::lateness(post.difference_ms);
        if report.posts.len() > 1 {
            out.line(&out.strong(&format!("{}, {}", post.platform, post.channel)));
        }
        out.fields(&[
            ("shows", format!("\"{}\", {}", post.words, post.audience)),
            ("link", format!("{} (simulated)", post.link)),
            ("seen at", if out.terminal { post.seen_at.clone() } else { String::new() }),
            ("due", times::exact(report.due)),
            ("public", format!("{}, {late}", times::exact(post.public_at))),
            ("sent", format!("{} in {upload}{rate}", bytes(report.bytes))),
            ("note", post.note.clone().unwrap_or_default()),
        ]);
        out.line("");
    }
    out.fields(&[
        (
            "memory",
            report.peak_memory_bytes.map_or("not told by this system".into(), |peak| {
                format!("{} at most, the sandbox included", bytes(peak))
            }),
        ),
        (
            "copies",
            match copies.is_empty() {
                true => format!(
                    "none: the data folder holds {} files of the queue ({}), the system's temporary folder no copy",
                    report.data_folder.len(),
                    bytes(queue)
                ),
                false => copies.join("\n"),
            },
        ),
        (
            "page",
            match out.terminal {
                true => format!("{} shows it all as its audience sees it", report.page),
                false => format!("{}, gone with this demo; on a terminal it stays up", report.page),
            },
        ),
        ("kept", report.kept.as_ref().map(|kept| kept.display().to_string()).unwrap_or_default()),
    ]);
}
