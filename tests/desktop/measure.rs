//! What a program costs: processor time and memory of all its processes, read from /proc.

use anyhow::Context;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A process, its children, their children.
pub fn family(first: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if let Some(parent) = stat(id).and_then(|fields| fields.get(1)?.parse::<u32>().ok()) {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut found = vec![first];
    let mut at = 0;
    while at < found.len() {
        found.extend(children.get(&found[at]).into_iter().flatten());
        at += 1;
    }
    found
}

/// The child of this process that runs this program.
pub fn child_running(parent: u32, program: &Path) -> Option<u32> {
    let program = program.canonicalize().ok()?;
    family(parent)
        .into_iter()
        .skip(1)
        .find(|id| fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|exe| exe == program))
}

/// A process that has not ended. One that waits for its parent to take note of its end has.
pub fn lives(id: u32) -> bool {
    stat(id).is_some_and(|fields| fields[0] != "Z")
}

/// Fields after the name, which may hold blanks: state, parent, …
fn stat(id: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split(' ').map(String::from).collect())
}

/// Seconds of processor time so far, in the program and in the system for it.
pub fn processor_s(processes: &[u32]) -> f64 {
    // The unit of /proc on every Linux that Slipway runs on.
    let ticks_per_s = 100.0;
    let ticks = |id: u32| -> Option<f64> {
        let fields = stat(id)?;
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    };
    processes.iter().filter_map(|id| ticks(*id)).sum::<f64>() / ticks_per_s
}

/// Bytes of memory, what is shared with others counted in proportion.
pub fn memory(processes: &[u32]) -> anyhow::Result<u64> {
    let mut sum = 0;
    for id in processes {
        // One may have ended since it was listed.
        let Ok(text) = fs::read_to_string(format!("/proc/{id}/smaps_rollup")) else { continue };
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
        sum += line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024;
    }
    Ok(sum)
}

/// When a process was started, in milliseconds since 1970; to a hundredth of a second.
pub fn began_ms(id: u32) -> anyhow::Result<f64> {
    let ticks: f64 =
        stat(id).and_then(|fields| fields.get(19)?.parse().ok()).context("the process is gone")?;
    let system = fs::read_to_string("/proc/stat")?;
    let booted = system.lines().find_map(|line| line.strip_prefix("btime ")).context("no time of start")?;
    // The start of the system in whole seconds only: what is up now gives it to a hundredth.
    let up: f64 = fs::read_to_string("/proc/uptime")?.split(' ').next().context("no uptime")?.parse()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs_f64();
    anyhow::ensure!((now - up - booted.parse::<f64>()?).abs() < 2.0, "the clock was set meanwhile");
    Ok((now - up) * 1000.0 + ticks * 10.0)
}
