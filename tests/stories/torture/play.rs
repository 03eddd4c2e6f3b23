//! The blows of one round, one after the other, at the queue's process, its clock, its database and the platforms' answers.

use crate::judge::Delivery;
use crate::life::{Life, instant};
use crate::plan::Wanted;
use crate::script::{self, Blow, Moment};
use crate::time;
use anyhow::{Context, ensure};
use rustix::process::Signal;
use slipway_sandbox::{Deed, Fault};
use slipway_stories::binary::Process;
use slipway_stories::dice::Dice;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a blow waits for the calls it counts; then it falls all the same.
const SOON: Duration = Duration::from_millis(1_000);

/// A process that runs a queue.
pub struct Runner {
    pub id: u32,
    pub process: Process,
}

impl Runner {
    pub async fn kill(self) -> anyhow::Result<()> {
        let said = self.process.kill().await?;
        time::forget_the_dead(self.id);
        ensure!(said.code.is_none(), "the queue ended by itself: {said:?}");
        Ok(())
    }
}

/// The blows of one round.
pub struct Play<'a> {
    life: &'a mut Life,
    /// Not queued yet.
    posts: std::vec::IntoIter<Wanted>,
    deliveries: &'a mut Vec<Delivery>,
    lies: &'a mut Dice,
    first: Option<Runner>,
    second: Option<Runner>,
    /// Commands under way: of which delivery, and a new time.
    asked: Vec<(usize, &'static str, Process)>,
    aside: PathBuf,
    /// How many were queued when the copy was made.
    copied: usize,
}

impl<'a> Play<'a> {
    pub fn new(
        life: &'a mut Life,
        posts: Vec<Wanted>,
        deliveries: &'a mut Vec<Delivery>,
        lies: &'a mut Dice,
    ) -> anyhow::Result<Play<'a>> {
        let second = posts.iter().any(|wanted| wanted.home == 1);
        let second = if second { Some(life.start(1)?) } else { None };
        let aside = life.place.ground.path().join("aside");
        let mut play = Play {
            life,
            posts: posts.into_iter(),
            deliveries,
            lies,
            first: None,
            second,
            asked: Vec::new(),
            aside,
            copied: 0,
        };
        play.start()?;
        Ok(play)
    }

    pub async fn through(mut self, blows: Vec<(Moment, Blow)>) -> anyhow::Result<()> {
        for (moment, blow) in blows {
            self.comes(&moment).await?;
            self.fall(blow).await?;
        }
        self.answers().await?;
        for runner in [self.first.take(), self.second.take()].into_iter().flatten() {
            runner.kill().await?;
        }
        self.see();
        Ok(())
    }

    fn start(&mut self) -> anyhow::Result<()> {
        // A body that takes a while now and then, so that something can fall into it.
        let seen: Vec<String> = self
            .life
            .seen
            .values()
            .flatten()
            .filter(|api| api.contains("put") || api.ends_with("upload"))
            .cloned()
            .collect();
        if !seen.is_empty() && self.lies.below(2) == 0 {
            let api = &seen[self.lies.below(seen.len() as u64) as usize];
            self.life.place.sandbox.plan(Fault::next(api, Deed::SlowBytesPerS(4_000_000)));
        }
        self.first = Some(self.life.start(0)?);
        Ok(())
    }

    /// Which calls there are, for lies to come.
    fn see(&mut self) {
        for call in self.life.place.sandbox.calls() {
            if !call.platform.is_empty() && !call.api.starts_with("auth.") {
                self.life.seen.entry(call.platform).or_default().insert(call.api);
            }
        }
    }

    async fn comes(&mut self, moment: &Moment) -> anyhow::Result<()> {
        if moment.calls > 0 {
            self.is_up().await?;
        }
        let before = self.life.place.sandbox.calls().len();
        let began = Instant::now();
        while moment.calls > 0 && began.elapsed() < SOON {
            if self.life.place.sandbox.calls().len() >= before + moment.calls as usize {
                break;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        tokio::time::sleep(Duration::from_millis(moment.later_ms)).await;
        Ok(())
    }

    /// Waits until the queue runs: a blow at a process that only starts would prove little, and some fall there by chance.
    async fn is_up(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while let Some(runner) = &mut self.first {
            // Looked at from outside: whoever tries the lock may be in the way of the program.
            let files = std::fs::read_dir(format!("/proc/{}/fd", runner.id)).into_iter().flatten().flatten();
            let mut open = files.filter_map(|file| std::fs::read_link(file.path()).ok());
            if open.any(|path| path.ends_with("slipway.lock")) {
                break;
            }
            ensure!(!runner.process.has_ended()?, "the queue ended by itself");
            ensure!(began.elapsed() < Duration::from_secs(120), "the queue does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn fall(&mut self, blow: Blow) -> anyhow::Result<()> {
        match blow {
            Blow::Kill => {
                self.kill().await?;
                self.start()?;
            }
            Blow::Nap(ms) => {
                let id = self.first.as_ref().context("nobody runs")?.id;
                time::signal(id, Signal::STOP)?;
                tokio::time::sleep(Duration::from_millis(ms)).await;
                time::signal(id, Signal::CONT)?;
                self.life.tally.naps += 1;
            }
            Blow::Suspend(seconds) => {
                self.answers().await?;
                let ids: Vec<u32> =
                    [&self.first, &self.second].into_iter().flatten().map(|runner| runner.id).collect();
                for id in &ids {
                    time::signal(*id, Signal::STOP)?;
                }
                self.life.time.pass(&self.life.place.sandbox, Duration::from_secs(seconds))?;
                for id in &ids {
                    time::signal(*id, Signal::CONT)?;
                }
                self.life.tally.suspends += 1;
            }
            Blow::Jump(seconds) => {
                self.life.time.set_wrong(seconds * 1000)?;
                self.life.tally.jumps += 1;
            }
            Blow::Post => {
                if let Some(wanted) = self.posts.next() {
                    self.deliveries.extend(self.life.post(wanted).await?);
                }
            }
            Blow::Cancel(chance) => self.cancel(chance)?,
            Blow::Edit(chance) => self.edit(chance)?,
            Blow::CopyAside => {
                self.kill().await?;
                copy_database(&self.life.homes[0].path, &self.aside)?;
                self.copied = self.deliveries.len();
                self.start()?;
            }
            Blow::PutBack => {
                self.answers().await?;
                self.kill().await?;
                put_back(&self.aside, &self.life.homes[0].path)?;
                self.life.tally.copies += 1;
                // What was queued and what was asked in between is unknown to the copy.
                for (nth, delivery) in self.deliveries.iter_mut().enumerate().filter(|(_, one)| one.home == 0)
                {
                    delivery.cancelled = true;
                    delivery.forgotten |= nth >= self.copied;
                }
                self.start()?;
            }
            Blow::Lies(chance) => {
                self.see();
                let mut dice = Dice::new(chance);
                let platforms: Vec<&'static str> =
                    slipway_platforms::all().iter().map(|platform| platform.facts().id).collect();
                let none = BTreeSet::new();
                for _ in 0..2 {
                    let platform = platforms[dice.below(platforms.len() as u64) as usize];
                    let seen = self.life.seen.get(platform).unwrap_or(&none);
                    let fault = script::lie(&mut dice, platform, seen);
                    self.life.place.sandbox.plan(fault);
                }
            }
        }
        Ok(())
    }

    async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(runner) = self.first.take() {
            runner.kill().await?;
            self.life.tally.kills += 1;
        }
        Ok(())
    }

    fn cancel(&mut self, chance: u64) -> anyhow::Result<()> {
        let Some(at) = self.one_of_them(chance) else { return Ok(()) };
        let (home, id) = (self.deliveries[at].home, self.deliveries[at].id.to_string());
        let process = Process::start(self.life.command(home, &["--json", "cancel", &id]))?;
        self.asked.push((at, "cancel", process));
        self.life.tally.cancels += 1;
        Ok(())
    }

    /// Of those that are queued and known.
    fn one_of_them(&self, chance: u64) -> Option<usize> {
        let known: Vec<usize> =
            (0..self.deliveries.len()).filter(|at| !self.deliveries[*at].forgotten).collect();
        known.get(chance.checked_rem(known.len() as u64)? as usize).copied()
    }

    fn edit(&mut self, chance: u64) -> anyhow::Result<()> {
        let Some(at) = self.one_of_them(chance) else { return Ok(()) };
        let (home, id) = (self.deliveries[at].home, self.deliveries[at].id.to_string());
        let words = format!("{}, corrected", self.deliveries[at].title);
        let later = format!("+{}s", 8 + chance % 30);
        let mut args = vec!["--json", "edit", &id, "--caption", &words];
        let mut what = "edit";
        if self.deliveries[at].due.is_some() && chance.is_multiple_of(3) {
            args.extend(["--at", &later]);
            what = "move";
        }
        let process = Process::start(self.life.command(home, &args))?;
        self.asked.push((at, what, process));
        self.life.tally.edits += 1;
        Ok(())
    }

    /// What became of the commands that other processes gave.
    async fn answers(&mut self) -> anyhow::Result<()> {
        for (at, what, process) in self.asked.drain(..) {
            let said = process.ends(Duration::from_secs(60)).await?;
            // Refused, or in need of a sign-in that this life has lost.
            ensure!(matches!(said.code, Some(0 | 1 | 3 | 4)), "a command broke: {said:?}");
            if said.code != Some(0) {
                continue;
            }
            match what {
                "cancel" => self.deliveries[at].cancelled = true,
                "move" => {
                    // All of the post move; the platform may publish by the old plan until it has heard of the new one.
                    let rows = said.json()?;
                    for row in rows.as_array().into_iter().flatten() {
                        let home = self.deliveries[at].home;
                        let moved = self
                            .deliveries
                            .iter_mut()
                            .find(|one| one.home == home && row["id"].as_i64() == Some(one.id));
                        if let (Some(moved), Some(due)) = (moved, instant(&row["due"])) {
                            moved.due = moved.due.map(|old| old.min(due));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

const FILES: [&str; 2] = ["slipway.db", "slipway.db-wal"];

fn copy_database(home: &Path, aside: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(aside)?;
    for name in FILES {
        let from = home.join("sandbox").join(name);
        let _ = std::fs::remove_file(aside.join(name));
        if from.exists() {
            std::fs::copy(from, aside.join(name))?;
        }
    }
    Ok(())
}

fn put_back(aside: &Path, home: &Path) -> anyhow::Result<()> {
    for name in FILES.into_iter().chain(["slipway.db-shm"]) {
        let to = home.join("sandbox").join(name);
        let _ = std::fs::remove_file(&to);
        if aside.join(name).exists() {
            std::fs::copy(aside.join(name), to)?;
        }
    }
    Ok(())
}
