//! Runs a program and says what it took: wall, processor time, most memory.
//!
//! A process that has ended stays in `/proc` until it is waited for, with its final processor time; its memory does not, so the
//! high-water mark is read while it runs.

use anyhow::{Context, ensure};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ticks a second of the times in `/proc/PID/stat`: 100 on every Linux there is (`USER_HZ`).
const TICKS: f64 = 100.0;

#[derive(Clone, Copy, Debug, Default)]
pub struct Took {
    /// Seconds.
    pub wall: f64,
    /// Seconds, user and system.
    pub cpu: f64,
    /// MiB.
    pub memory: f64,
}

/// Runs it to its end, which must be a good one.
pub fn run(mut command: Command) -> anyhow::Result<Took> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
    let mut took = watch(&mut child)?;
    took.wall = began.elapsed().as_secs_f64().min(took.wall + 0.002);
    let status = child.wait()?;
    ensure!(status.success(), "{:?} ended with {status}", command.get_program());
    Ok(took)
}

/// Watches until it has ended, and leaves it to be waited for.
fn watch(child: &mut Child) -> anyhow::Result<Took> {
    let (began, id) = (Instant::now(), child.id());
    let mut took = Took::default();
    let mut looks = 0u32;
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name in brackets may hold anything; fields are counted from behind it.
        let fields: Vec<&str> = stat.rsplit_once(')').context("an odd stat")?.1.split_whitespace().collect();
        if fields.first() == Some(&"Z") {
            let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
            took.cpu = (ticks(11).context("no utime")? + ticks(12).context("no stime")?) / TICKS;
            took.wall = began.elapsed().as_secs_f64();
            return Ok(took);
        }
        if looks.is_multiple_of(5) {
            took.memory = took.memory.max(high_water(id));
        }
        looks += 1;
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn high_water(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}
