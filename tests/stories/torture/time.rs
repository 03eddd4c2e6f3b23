//! Three clocks: the sandbox's, which is the truth; a right one for commands; and the engine's, which may be wrong.
//!
//! libfaketime reads the two of the program from files, so a running process follows within a second. Monotonic time and the times of
//! files are left alone. A suspend of the computer moves the sandbox's clock and the right one together while the process stands still.

use anyhow::{Context, ensure};
use slipway_sandbox::Sandbox;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::process::Command;

/// Where Debian's package `faketime` puts the library, by architecture.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

pub struct Time {
    library: PathBuf,
    right: PathBuf,
    engines: PathBuf,
    /// The tests themselves may run under another time than the computer's.
    outer_ms: i64,
    suspended_ms: i64,
    wrong_ms: i64,
}

impl Time {
    pub fn new(ground: &Path) -> anyhow::Result<Time> {
        let time = Time {
            library: library()?,
            right: ground.join("clock"),
            engines: ground.join("clock-of-the-engine"),
            outer_ms: outer_ms()?,
            suspended_ms: 0,
            wrong_ms: 0,
        };
        time.write()?;
        Ok(time)
    }

    /// For every command that a person gives.
    pub fn env(&self) -> Vec<(String, String)> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        [
            ("LD_PRELOAD", text(&self.library)),
            ("FAKETIME_TIMESTAMP_FILE", text(&self.right)),
            ("FAKETIME_CACHE_DURATION", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_string(), value))
        .collect()
    }

    /// This command lives by the engine's clock.
    pub fn by_the_engines(&self, command: &mut Command) {
        command.env("FAKETIME_TIMESTAMP_FILE", &self.engines);
    }

    /// Somebody sets the engine's clock: so much off from now on.
    pub fn set_wrong(&mut self, ms: i64) -> anyhow::Result<()> {
        self.wrong_ms = ms;
        self.write()
    }

    /// Time goes on by this much at once, for the platforms and for the computer.
    pub fn pass(&mut self, sandbox: &Sandbox, by: Duration) -> anyhow::Result<()> {
        sandbox.advance(by);
        self.suspended_ms += i64::try_from(by.as_millis())?;
        self.write()
    }

    fn write(&self) -> anyhow::Result<()> {
        let right = self.outer_ms + self.suspended_ms;
        for (path, ms) in [(&self.right, right), (&self.engines, right + self.wrong_ms)] {
            let new = path.with_extension("new");
            let sign = if ms < 0 { '-' } else { '+' };
            std::fs::write(&new, format!("{sign}{}.{:03}\n", ms.abs() / 1000, ms.abs() % 1000))?;
            std::fs::rename(&new, path)?;
        }
        Ok(())
    }
}

fn library() -> anyhow::Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path());
    let found = folders
        .chain([PathBuf::from("/usr/lib")])
        .map(|folder| folder.join(LIBRARY))
        .find(|path| path.is_file());
    found.context("libfaketime is missing; `./dev test` installs it (package faketime)")
}

/// How far this process's time is from the computer's.
fn outer_ms() -> anyhow::Result<i64> {
    let mut date = std::process::Command::new("date");
    date.arg("+%s%3N").env_remove("LD_PRELOAD");
    let real = date.output()?.stdout;
    let real: i64 = String::from_utf8_lossy(&real).trim().parse().context("asking `date`")?;
    let mine = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    // Less than that is the way there and back.
    Ok(if (mine - real).abs() < 2_000 { 0 } else { mine - real })
}

/// SIGSTOP or SIGCONT to a process that was started here.
pub fn signal(id: u32, signal: rustix::process::Signal) -> anyhow::Result<()> {
    let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw).context("no process id")?;
    ensure!(rustix::process::kill_process(id, signal).is_ok(), "the signal did not get through");
    Ok(())
}

/// What libfaketime leaves behind in a process that was killed.
pub fn forget_the_dead(id: u32) {
    for name in [format!("faketime_shm_{id}"), format!("sem.faketime_sem_{id}")] {
        let _ = std::fs::remove_file(Path::new("/dev/shm").join(name));
    }
}
