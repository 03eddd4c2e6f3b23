//! One life: a sandbox, a keyring, two data folders, and rounds of posts until the kills are spent.

use crate::judge::{self, Delivery};
use crate::keyring::Keyring;
use crate::plan::{self, Wanted};
use crate::play::{Play, Runner};
use crate::script::{self, Kinds};
use crate::time::Time;
use crate::{Tally, judge::at_rest};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_sandbox::{Deed, Hurt};
use slipway_stories::Person;
use slipway_stories::binary::{Place, Process, Said};
use slipway_stories::dice::Dice;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// At most so many kills of one round, so that every round gets to its end.
const KILLS_A_ROUND: u64 = 12;
/// A keyring serves so many rounds: after about forty it gives up by itself, of what killed programs leave open.
const ROUNDS_A_KEYRING: u64 = 20;
/// So many turns without any change are no rest to wait for.
const STANDS_STILL: u32 = 12;

pub struct Life {
    nth: u64,
    pub place: Place,
    pub time: Time,
    keyring: Keyring,
    dice: Dice,
    kinds: Kinds,
    pub tally: Tally,
    pub homes: Vec<Home>,
    /// Calls that each platform has seen so far.
    pub seen: BTreeMap<String, BTreeSet<String>>,
}

/// A data folder.
pub struct Home {
    pub path: PathBuf,
    /// Platform to the channel it posts to.
    channels: BTreeMap<String, String>,
}

impl Life {
    pub async fn new(nth: u64, dice: Dice, kinds: Kinds) -> anyhow::Result<Life> {
        let mut place = Place::new().await?;
        place.vault = "keychain";
        let ground = place.ground.path().to_path_buf();
        let keyring = tokio::task::spawn_blocking({
            let ground = ground.clone();
            move || Keyring::start(&ground)
        })
        .await??;
        let time = Time::new(&ground)?;
        place.env = [keyring.env(&ground), time.env()].concat();
        place.sandbox.settings(|settings| {
            settings.delay_ms = 5;
            // Their answers are dated by the true time.
            settings.date_in_sandbox_time = true;
            settings.uploads_per_day = 1_000_000;
            settings.pool = 100_000_000;
            settings.tiktok.moderation_ms = 100;
            settings.tiktok.posts_per_day = 1_000_000;
            settings.tiktok.pending_drafts = 1_000_000;
            settings.meta.reels_per_day = 1_000_000;
            settings.meta.quota_total = 1_000_000;
            settings.meta.containers_per_day = 1_000_000;
        });
        let home = |name: &str| Home { path: ground.join(name), channels: BTreeMap::new() };
        let homes = vec![home("home"), home("second")];
        let mut life = Life {
            nth,
            place,
            time,
            keyring,
            dice,
            kinds,
            tally: Tally::default(),
            homes,
            seen: BTreeMap::new(),
        };
        life.settle_in().await?;
        Ok(life)
    }

    /// All channels of the first data folder, and those that another person has in the second.
    async fn settle_in(&mut self) -> anyhow::Result<()> {
        for platform in slipway_platforms::all() {
            self.connect(0, platform.facts().id, 0).await?;
        }
        self.raise_quotas(0).await?;
        if self.kinds.second {
            std::fs::create_dir(&self.homes[1].path)?;
            for platform in ["youtube", "facebook"] {
                self.connect(1, platform, 1).await?;
            }
        }
        Ok(())
    }

    /// A life publishes more in a day than an app may by default.
    async fn raise_quotas(&self, home: usize) -> anyhow::Result<()> {
        let app = self.place.sandbox.announcement().apps.get("youtube").context("no app")?.clone();
        let args = [
            "--json",
            "apps",
            "add",
            "youtube",
            "--client-id",
            &app.client_id,
            "--client-secret",
            &app.client_secret,
        ];
        let quotas = ["--quota", "uploads=1000000", "--quota", "pool=100000000"];
        self.run(home, &[&args[..], &quotas[..]].concat()).await?.done()?;
        Ok(())
    }

    pub fn command(&self, home: usize, args: &[&str]) -> Command {
        self.place.command_in(&self.homes[home].path, Some(&self.place.hosts()), args)
    }

    /// A command that a person gives, under a right clock.
    async fn run(&self, home: usize, args: &[&str]) -> anyhow::Result<Said> {
        Process::start(self.command(home, args))?.ends(Duration::from_secs(120)).await
    }

    async fn call(&self, home: usize, name: &str, given: Value) -> anyhow::Result<Value> {
        let said = self.run(home, &["--json", "call", name, &given.to_string()]).await?;
        said.done()?.json()
    }

    /// Signs in by the consent page; a sign-in that speaks for several channels takes the first.
    async fn connect(&mut self, home: usize, platform: &str, who: usize) -> anyhow::Result<()> {
        let mut args = vec!["--json", "connect", platform, "--no-browser", "--timeout", "30"];
        if (platform, who) == ("facebook", 0) {
            args.extend(["--choose", "Mira Bakes"]);
        }
        let mut process = Process::start(self.command(home, &args))?;
        let address = process.address().await?;
        Person::who(who).click_through(&address).await?;
        process.ends(Duration::from_secs(60)).await?.done()?;
        let accounts = self.run(home, &["--json", "accounts"]).await?.done()?.json()?;
        for account in accounts.as_array().context("no accounts")? {
            if let (Some(platform), Some(channel)) =
                (account["platform"].as_str(), account["remote_id"].as_str())
            {
                self.homes[home].channels.insert(platform.into(), channel.into());
            }
        }
        Ok(())
    }

    pub async fn live(mut self, kills: u64) -> anyhow::Result<Tally> {
        let rounds = if self.kinds.kills { u64::MAX } else { (kills / KILLS_A_ROUND).max(1) };
        while self.tally.rounds < rounds && (!self.kinds.kills || self.tally.kills < kills) {
            let round = self.tally.rounds;
            let left = kills.saturating_sub(self.tally.kills).min(KILLS_A_ROUND);
            let began = Instant::now();
            let about = format!("life {}, round {round}", self.nth);
            if round % ROUNDS_A_KEYRING == ROUNDS_A_KEYRING - 1 {
                tokio::task::block_in_place(|| self.keyring.renew()).with_context(|| about.clone())?;
            }
            let played = self.round(round, left).await;
            self.keyring.is_alive().and(played).context(about)?;
            self.tally.rounds += 1;
            println!(
                "life {}, round {round}: {:.0} s, {} kills, {} found",
                self.nth,
                began.elapsed().as_secs_f64(),
                self.tally.kills,
                self.tally.found.len()
            );
        }
        Ok(self.tally)
    }

    async fn round(&mut self, round: u64, kills: u64) -> anyhow::Result<()> {
        // Chance of its own for each part, so that one part's moments change no other's.
        let (mut posts, mut blows, mut lies) =
            (Dice::new(self.dice.next()), Dice::new(self.dice.next()), Dice::new(self.dice.next()));
        self.place.sandbox.clear_calls();
        self.place.sandbox.clear_plans();
        let second = if self.kinds.second { &["youtube", "facebook"][..] } else { &[] };
        let posts = plan::posts(self.nth, round, &mut posts, second)?;
        let blows = script::blows(&mut blows, self.kinds, kills, round, posts.len());
        let mut deliveries = Vec::new();
        Play::new(self, posts, &mut deliveries, &mut lies)?.through(blows).await?;
        self.tally.deliveries += deliveries.len() as u64;
        self.settle(&mut deliveries).await?;
        let before = self.tally.found.len();
        judge::all(self, &deliveries).await?;
        for found in self.tally.found.iter().skip(before) {
            println!("life {}, round {round}: {found}", self.nth);
        }
        for call in self.place.sandbox.calls() {
            ensure!(!call.unknown, "a call the platform does not have: {call:?}");
        }
        for delivery in &deliveries {
            let _ = std::fs::remove_file(&delivery.path);
        }
        Ok(())
    }

    pub async fn post(&self, wanted: Wanted) -> anyhow::Result<Vec<Delivery>> {
        let path = self.place.video(&format!("{}.mp4", wanted.title), wanted.bytes, wanted.seed)?;
        let given = json!({
            "path": path,
            "to": wanted.platforms,
            "words": {"title": wanted.title, "caption": wanted.title},
            "options": wanted.options,
            "at": wanted.in_s.map(|seconds| format!("+{seconds}s")),
            "draft": wanted.draft,
        });
        let added = self.call(wanted.home, "posts.add", given).await?;
        let hash = blake3::hash(&std::fs::read(&path)?).to_hex().to_string();
        let rows = added["deliveries"].as_array().context("no deliveries")?;
        rows.iter()
            .map(|row| {
                let platform = row["platform"].as_str().context("no platform")?.to_string();
                let due = wanted.in_s.is_some().then(|| instant(&row["due"])).flatten();
                let channel = self.homes[wanted.home].channels.get(&platform).context("no channel")?.clone();
                let (id, title) = (row["id"].as_i64().context("no id")?, wanted.title.clone());
                let (hash, path) = (hash.clone(), path.clone());
                Ok(Delivery {
                    home: wanted.home,
                    id,
                    platform,
                    title,
                    hash,
                    path,
                    channel,
                    due,
                    draft: wanted.draft,
                    cancelled: false,
                    forgotten: false,
                    asked: BTreeSet::new(),
                })
            })
            .collect()
    }

    /// What the command line tells about one delivery.
    pub async fn show(&self, delivery: &Delivery) -> anyhow::Result<Value> {
        self.run(delivery.home, &["--json", "show", &delivery.id.to_string()]).await?.done()?.json()
    }

    /// All deliveries of these that are not at rest yet, as told.
    async fn open(&self, deliveries: &[Delivery]) -> anyhow::Result<Vec<(usize, Value)>> {
        let mut open = Vec::new();
        for home in 0..self.homes.len() {
            if !deliveries.iter().any(|delivery| delivery.home == home) {
                continue;
            }
            let rows = self.run(home, &["--json", "list", "--limit", "100000"]).await?.done()?.json()?;
            for row in rows.as_array().context("no list")? {
                let at = deliveries.iter().position(|delivery| {
                    delivery.home == home && !delivery.forgotten && row["id"].as_i64() == Some(delivery.id)
                });
                if let Some(at) = at
                    && !at_rest(&deliveries[at], row)
                {
                    open.push((at, row.clone()));
                }
            }
        }
        Ok(open)
    }

    /// Nothing goes wrong any more: time goes on, and a person does what is asked. Returns when all is at rest, or nothing has moved
    /// for a long time; what is open then is found by the judge.
    async fn settle(&mut self, deliveries: &mut [Delivery]) -> anyhow::Result<()> {
        for plan in self.place.sandbox.plans().iter().filter(|plan| plan.done) {
            let slow = matches!(plan.fault.hurt, Hurt::Deed(Deed::SlowBytesPerS(_)));
            self.tally.lies += u64::from(!slow);
        }
        if std::env::var_os("SLIPWAY_TALK").is_some() {
            for plan in self.place.sandbox.plans() {
                println!("life {}: {:?}, seen {}, done {}", self.nth, plan.fault, plan.seen, plan.done);
            }
        }
        self.place.sandbox.clear_plans();
        self.time.set_wrong(0)?;
        let (mut before, mut same) = (String::new(), 0);
        while same < STANDS_STILL {
            let open = self.idle(deliveries).await?;
            if open.is_empty() {
                return Ok(());
            }
            let now_told = told(&open);
            same = if now_told == before { same + 1 } else { 0 };
            before = now_told;
            let stuck: Vec<_> = open.iter().filter(|(_, row)| row["state"] == "stuck").cloned().collect();
            for (at, row) in &stuck {
                self.help(&mut deliveries[*at], row).await.with_context(|| format!("{row:#}"))?;
            }
            if !stuck.is_empty() {
                continue;
            }
            // A channel whose sign-in ended holds its posts back without a time.
            if open.iter().any(|(_, row)| row["state"] != "working" && row["next"]["at"].is_null())
                && self.sign_in_again().await?
            {
                continue;
            }
            let now = self.place.sandbox.now_ms();
            let next =
                open.iter().filter_map(|(_, row)| instant(&row["next"]["at"]).or(instant(&row["due"]))).min();
            // To just before, so that the minute itself comes while the queue runs. Further where nothing moves.
            let least = i64::from(same) * 30_000;
            let by = next.map_or(1_000, |next| next - now - 1_200).clamp(least, 2 * 3_600_000);
            if std::env::var_os("SLIPWAY_TALK").is_some() {
                println!("life {}: {} open, time goes on by {by} ms", self.nth, open.len());
                for (at, row) in &open {
                    let next = instant(&row["next"]["at"]).map(|at| at - now);
                    println!(
                        "    {}: {} {next:?} {}",
                        deliveries[*at].name(),
                        row["state"],
                        row["next"]["text"]
                    );
                }
            }
            self.time.pass(&self.place.sandbox, Duration::from_millis(by.unsigned_abs()))?;
        }
        Ok(())
    }

    /// Signs every channel in again that needs it. Did any?
    async fn sign_in_again(&mut self) -> anyhow::Result<bool> {
        let mut any = false;
        for home in 0..self.homes.len() {
            if self.homes[home].channels.is_empty() {
                continue;
            }
            let accounts = self.run(home, &["--json", "accounts"]).await?.done()?.json()?;
            for account in
                accounts.as_array().into_iter().flatten().filter(|account| account["state"] != "ok")
            {
                let platform = account["platform"].as_str().context("no platform")?.to_string();
                *self.tally.asked.entry("sign_in_needed".into()).or_default() += 1;
                self.connect(home, &platform, home).await?;
                any = true;
            }
        }
        Ok(any)
    }

    /// Runs both queues until nothing is to be done just now.
    async fn idle(&mut self, deliveries: &[Delivery]) -> anyhow::Result<Vec<(usize, Value)>> {
        let running = self.start_all(deliveries)?;
        let (mut before, mut since, mut quiet) = (String::new(), Instant::now(), 0);
        loop {
            tokio::time::sleep(Duration::from_millis(150)).await;
            let now = self.place.sandbox.now_ms();
            let open = self.open(deliveries).await?;
            // Under way, or about to be.
            let busy = |row: &Value| {
                let soon = instant(&row["next"]["at"]).is_some_and(|at| at < now + 2_500);
                row["state"] != "stuck" && (row["state"] == "working" || row["cancelling"] == true || soon)
            };
            quiet = if open.iter().any(|(_, row)| busy(row)) { 0 } else { quiet + 1 };
            let now_told = format!("{} calls, {}", self.place.sandbox.calls().len(), told(&open));
            if now_told != before {
                (before, since) = (now_told, Instant::now());
            }
            // A lane that waits is not told by the row of a post; after a restore lists of posts are given time to show the newest.
            let restored = open.iter().any(|(_, row)| row["problem"]["code"] == "restored");
            let patience = Duration::from_secs(if restored { 100 } else { 10 });
            if open.is_empty() || quiet > 1 || since.elapsed() > patience {
                for runner in running {
                    runner.kill().await?;
                }
                return Ok(open);
            }
        }
    }

    fn start_all(&self, deliveries: &[Delivery]) -> anyhow::Result<Vec<Runner>> {
        (0..self.homes.len())
            .filter(|home| deliveries.iter().any(|delivery| delivery.home == *home))
            .map(|home| self.start(home))
            .collect()
    }

    pub fn start(&self, home: usize) -> anyhow::Result<Runner> {
        let mut command = self.command(home, &["--quiet", "run"]);
        self.time.by_the_engines(&mut command);
        let process = Process::start(command)?;
        Ok(Runner { id: process.id().context("it has no id")?, process })
    }

    /// A person looks at the platform and says what was seen, signs in again, or has it tried again.
    async fn help(&mut self, delivery: &mut Delivery, row: &Value) -> anyhow::Result<()> {
        let code = row["problem"]["code"].as_str().unwrap_or("none").to_string();
        if delivery.asked.insert(code.clone()) {
            *self.tally.asked.entry(code.clone()).or_default() += 1;
        }
        judge::may_be_asked(self, delivery, row, &code);
        let id = delivery.id.to_string();
        let decide = row["problem"]["fix"]["do"] == "decide";
        let said = if decide {
            let there = judge::there(self, delivery);
            match there.first() {
                Some(video) => {
                    self.run(delivery.home, &["--json", "decide", &id, "--there", &video.url]).await?
                }
                None => self.run(delivery.home, &["--json", "decide", &id, "--again"]).await?,
            }
        } else {
            if code == "sign_in_needed" {
                self.connect(delivery.home, &delivery.platform.clone(), delivery.home).await?;
            }
            self.run(delivery.home, &["--json", "retry", &id]).await?
        };
        // A sign-in lets everything of its channel go on by itself.
        ensure!(matches!(said.code, Some(0 | 4)), "a person's help was refused: {said:?}");
        Ok(())
    }
}

/// The open ones in a line each.
fn told(open: &[(usize, Value)]) -> String {
    let line = |(at, row): &(usize, Value)| {
        format!("{at} {} {} {}", row["state"], row["confirmed"], row["problem"]["code"])
    };
    open.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub fn instant(value: &Value) -> Option<i64> {
    Some(value.as_str()?.parse::<jiff::Timestamp>().ok()?.as_millisecond())
}
