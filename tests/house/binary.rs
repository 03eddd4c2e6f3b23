//! The real binary, driven as a user drives it: one process a command, judged by its words and its exit code, and killed as the system
//! kills it. The sandbox it speaks to runs in the test's own process, so that a test can look inside.
//!
//! Not here: engines opened in the test's process (`Town`).

use crate::person::Person;
use anyhow::{Context, bail};
use serde_json::Value;
use slipway_core::media::fixture;
use slipway_sandbox::{Config, Sandbox, VideoView};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use url::Url;

/// A passphrase for vault files that is found when it leaks.
pub const PASSPHRASE: &str = "pass-Qm7vTz-phrase-4LkWx9";

/// Longest time a command may take that is expected to end by itself.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the program under test is: named in `SLIPWAY_BIN`, or built beside the tests.
pub fn slipway() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("SLIPWAY_BIN").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        anyhow::ensure!(path.is_file(), "SLIPWAY_BIN names {}, which is no file.", path.display());
        return Ok(path);
    }
    let name = format!("slipway{}", std::env::consts::EXE_SUFFIX);
    let me = std::env::current_exe().context("asking where the tests are")?;
    // A test lies in `deps`, one folder below the programs.
    let found = me.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).find(|path| path.is_file());
    found.context(
        "The program `slipway` is not built. Run `cargo build -p slipway-cli` first (with --release for the bench), or name it in SLIPWAY_BIN.",
    )
}

/// How a command ended and what it said.
#[derive(Clone, Debug)]
pub struct Said {
    /// The command line without the program.
    pub asked: String,
    /// Absent: killed.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The last line of standard output, which is the answer with `--json`.
    pub fn json(&self) -> anyhow::Result<Value> {
        let line = self.out.lines().last().with_context(|| format!("no answer: {self:?}"))?;
        serde_json::from_str(line).with_context(|| format!("not JSON: {self:?}"))
    }

    /// The code of the problem it ended with.
    pub fn problem(&self) -> anyhow::Result<String> {
        let answer = self.json()?;
        Ok(answer["error"]["code"].as_str().with_context(|| format!("no problem: {self:?}"))?.to_string())
    }

    pub fn done(self) -> anyhow::Result<Said> {
        anyhow::ensure!(self.code == Some(0), "{self:?}");
        Ok(self)
    }
}

/// A sandbox, a home on disk, and a program to start in it.
pub struct Place {
    pub sandbox: Sandbox,
    /// Everything the program may write is below.
    pub ground: tempfile::TempDir,
    program: PathBuf,
    /// More of the environment, for all commands.
    pub env: Vec<(String, String)>,
    /// Where secrets lie, as `--vault` names it; empty: not said.
    pub vault: &'static str,
    heard: Mutex<Vec<Said>>,
}

impl Place {
    pub async fn new() -> anyhow::Result<Place> {
        Place::with(Config::default()).await
    }

    pub async fn with(config: Config) -> anyhow::Result<Place> {
        let program = slipway()?;
        let sandbox = Sandbox::start(config).await?;
        sandbox.settings(|settings| settings.processing_ms = 100);
        let ground = tempfile::tempdir()?;
        for folder in ["home", "tmp", "user", "videos"] {
            std::fs::create_dir(ground.path().join(folder))?;
        }
        let announced = serde_json::to_vec(sandbox.announcement())?;
        std::fs::write(ground.path().join("hosts.json"), announced)?;
        Ok(Place { sandbox, ground, program, env: Vec::new(), vault: "file", heard: Mutex::default() })
    }

    /// The same with the first channel of YouTube connected through the consent page.
    pub async fn at_home() -> anyhow::Result<Place> {
        let place = Place::new().await?;
        place.connect("youtube", &Person::default()).await?.done()?;
        Ok(place)
    }

    pub fn home(&self) -> PathBuf {
        self.ground.path().join("home")
    }

    /// Where the sandbox world's data is inside the home.
    pub fn folder(&self) -> PathBuf {
        self.home().join("sandbox")
    }

    pub fn database(&self) -> PathBuf {
        self.folder().join("slipway.db")
    }

    pub fn hosts(&self) -> PathBuf {
        self.ground.path().join("hosts.json")
    }

    pub fn temp(&self) -> PathBuf {
        self.ground.path().join("tmp")
    }

    pub fn videos(&self) -> Vec<VideoView> {
        self.sandbox.state().videos
    }

    /// A video of about so many bytes; each `seed` is another.
    pub fn video(&self, name: &str, bytes: u64, seed: u64) -> anyhow::Result<PathBuf> {
        let path = self.ground.path().join("videos").join(name);
        fixture::mp4().picture(1080, 1920).duration_ms(12_000).media_len(bytes).seed(seed).write(&path)?;
        Ok(path)
    }

    /// A command in this place: its own home, vault file, temp folder and nothing of the tester's.
    pub fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        self.command_in(&self.home(), Some(&self.hosts()), args)
    }

    /// The same with another home, or without the sandbox.
    pub fn command_in<S: AsRef<OsStr>>(&self, home: &Path, hosts: Option<&Path>, args: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("SLIPWAY_") || key.to_string_lossy().starts_with("XDG_") {
                command.env_remove(key);
            }
        }
        command
            .env("SLIPWAY_PASSPHRASE", PASSPHRASE)
            .env("TMPDIR", self.temp())
            .env("TMP", self.temp())
            .env("TEMP", self.temp())
            .env("HOME", self.ground.path().join("user"))
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .arg("--home")
            .arg(home);
        if !self.vault.is_empty() {
            command.args(["--vault", self.vault]);
        }
        if self.env.iter().any(|(key, _)| key == "FAKETIME_TIMESTAMP_FILE") {
            // What the tests themselves run under would go before it.
            command.env_remove("FAKETIME");
        }
        if let Some(hosts) = hosts {
            command.arg("--hosts").arg(hosts);
        }
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts a command and returns while it runs.
    pub fn start<S: AsRef<OsStr>>(&self, args: &[S]) -> anyhow::Result<Process> {
        Process::start(self.command(args))
    }

    /// Runs a command to its end.
    pub async fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> anyhow::Result<Said> {
        self.finish(self.start(args)?).await
    }

    /// Runs a command with `--json`.
    pub async fn json<S: AsRef<OsStr>>(&self, args: &[S]) -> anyhow::Result<Said> {
        let args: Vec<&OsStr> =
            [OsStr::new("--json")].into_iter().chain(args.iter().map(AsRef::as_ref)).collect();
        self.run(&args).await
    }

    /// Waits for a command that was started here.
    pub async fn finish(&self, process: Process) -> anyhow::Result<Said> {
        let said = process.ends(PATIENCE).await?;
        self.remember(&said);
        Ok(said)
    }

    pub fn remember(&self, said: &Said) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(said.clone());
    }

    /// Everything every command has said so far.
    pub fn heard(&self) -> Vec<Said> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Queues a video; the number of its delivery.
    pub async fn post(&self, video: &Path, title: &str, more: &[&str]) -> anyhow::Result<i64> {
        self.queue(video, &[&["--to", "youtube", "--title", title], more].concat()).await
    }

    /// Queues a video with everything said; the number of its delivery.
    pub async fn queue(&self, video: &Path, more: &[&str]) -> anyhow::Result<i64> {
        let video = video.to_string_lossy().into_owned();
        let said = self.json(&[&["post", &video], more].concat()).await?.done()?;
        said.json()?["deliveries"][0]["id"].as_i64().with_context(|| format!("no delivery: {said:?}"))
    }

    /// Runs a command that reads this from standard input. It lies in a file which no search looks into.
    pub async fn told(&self, args: &[&str], input: &str) -> anyhow::Result<Said> {
        let path = self.ground.path().join("told");
        std::fs::write(&path, input)?;
        let mut command = self.command(args);
        command.stdin(Stdio::from(std::fs::File::open(path)?));
        self.finish(Process::start(command)?).await
    }

    /// Everything about one delivery.
    pub async fn show(&self, id: i64) -> anyhow::Result<Value> {
        self.json(&["show", &id.to_string()]).await?.done()?.json()
    }

    /// Signs in by `connect --no-browser`, with this person in front of the consent page.
    pub async fn connect(&self, platform: &str, person: &Person) -> anyhow::Result<Said> {
        self.connect_with(platform, person, &[]).await
    }

    pub async fn connect_with(&self, platform: &str, person: &Person, more: &[&str]) -> anyhow::Result<Said> {
        let mut args = vec!["--json", "connect", platform, "--no-browser", "--timeout", "30"];
        args.extend(more);
        let mut process = self.start(&args)?;
        if let Ok(address) = process.address().await {
            person.click_through(&address).await?;
        }
        self.finish(process).await
    }

    /// Waits until something can be seen in the sandbox; how long that took.
    pub async fn until(&self, what: &str, seen: impl Fn(&Sandbox) -> bool) -> anyhow::Result<Duration> {
        let began = Instant::now();
        while !seen(&self.sandbox) {
            if began.elapsed() > Duration::from_secs(30) {
                bail!("{what} was not seen in 30 s; calls: {:#?}", self.sandbox.calls());
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        Ok(began.elapsed())
    }
}

/// A command that runs.
pub struct Process {
    asked: String,
    child: Child,
    out: BufReader<tokio::process::ChildStdout>,
    first: String,
    err: JoinHandle<String>,
}

impl Process {
    pub fn start(mut command: Command) -> anyhow::Result<Process> {
        let asked: Vec<_> =
            command.as_std().get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let mut child = command.spawn().context("starting slipway")?;
        let out = child.stdout.take().context("no standard output")?;
        let mut complaints = child.stderr.take().context("no standard error")?;
        let err = tokio::spawn(async move {
            let mut text = Vec::new();
            let _ = complaints.read_to_end(&mut text).await;
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Process { asked: asked.join(" "), child, out: BufReader::new(out), first: String::new(), err })
    }

    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The address that `connect --json` prints.
    pub async fn address(&mut self) -> anyhow::Result<Url> {
        let mut line = String::new();
        self.out.read_line(&mut line).await?;
        self.first += &line;
        let said: Value = serde_json::from_str(&line)?;
        Ok(Url::parse(said["open"].as_str().context("no address")?)?)
    }

    /// Has it ended?
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Waits for its end.
    pub async fn ends(mut self, patience: Duration) -> anyhow::Result<Said> {
        let mut text = Vec::new();
        let whole = async {
            self.out.read_to_end(&mut text).await?;
            self.child.wait().await
        };
        let Ok(status) = tokio::time::timeout(patience, whole).await else {
            let _ = self.child.kill().await;
            let (out, err) =
                (String::from_utf8_lossy(&text).into_owned(), self.err.await.unwrap_or_default());
            bail!("`slipway {}` did not end in {patience:?}; it said {out} {err}", self.asked);
        };
        Ok(Said {
            asked: self.asked,
            code: status?.code(),
            out: self.first + &String::from_utf8_lossy(&text),
            err: self.err.await.unwrap_or_default(),
        })
    }

    /// SIGKILL: no last word, nothing written.
    pub async fn kill(mut self) -> anyhow::Result<Said> {
        self.child.start_kill()?;
        self.ends(Duration::from_secs(10)).await
    }

    /// Asks it to end, as the system does at a shutdown.
    pub async fn stop(self) -> anyhow::Result<Said> {
        if let Some(id) = self.id() {
            let asked = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
            anyhow::ensure!(asked.success(), "could not ask it to end");
        }
        self.ends(Duration::from_secs(20)).await
    }
}
