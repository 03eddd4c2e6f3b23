//! A process that ends with whoever started it, by its id, whatever happened in between.

use anyhow::Context;
use std::process::{Child, Command};

pub struct Kept {
    child: Child,
}

impl Kept {
    pub fn start(name: &str, mut command: Command) -> anyhow::Result<Kept> {
        let child = command.spawn().with_context(|| {
            format!("{name} did not start; `./dev test` installs what the window's stories need")
        })?;
        Ok(Kept { child })
    }

    /// The same for one that reads a word first.
    pub fn start_asking(name: &str, command: Command) -> anyhow::Result<(Kept, std::process::ChildStdin)> {
        let mut kept = Kept::start(name, command)?;
        let input = kept.child.stdin.take().context("no input")?;
        Ok((kept, input))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it prints, where the command had it piped.
    pub fn output(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // It may have ended by itself; that is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// SIGKILL for a process that is somebody else's child: no last word, nothing written.
pub fn kill(id: u32) -> anyhow::Result<()> {
    let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw).context("no process id")?;
    Ok(rustix::process::kill_process(id, rustix::process::Signal::KILL)?)
}
