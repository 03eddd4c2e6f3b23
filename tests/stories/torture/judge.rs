//! What was told, held against what is there. The sandbox's own state and clock are the truth.

use crate::life::{Life, instant};
use serde_json::Value;
use slipway_sandbox::VideoView;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What this test knows of a delivery.
pub struct Delivery {
    pub home: usize,
    pub id: i64,
    pub platform: String,
    pub title: String,
    pub hash: String,
    pub path: PathBuf,
    /// The channel it was meant for, as the platform names it.
    pub channel: String,
    /// The earliest minute it may be public at.
    pub due: Option<i64>,
    pub draft: bool,
    /// A cancel of it was accepted, or may have been forgotten.
    pub cancelled: bool,
    /// The database that knew it was replaced by an older copy: nobody tells of it any more.
    pub forgotten: bool,
    /// What a person was asked about it.
    pub asked: BTreeSet<String>,
}

impl Delivery {
    pub fn name(&self) -> String {
        format!("{} on {}", self.title, self.platform)
    }
}

/// Missed posts go out by themselves up to this much late, as the settings have it.
const LATE_MS: i64 = 30 * 60_000;

/// Nothing more happens to it by itself, and nobody is asked.
pub fn at_rest(delivery: &Delivery, row: &Value) -> bool {
    let state = row["state"].as_str().unwrap_or_default();
    let rests =
        matches!(state, "published" | "cancelled" | "to_finish") || state == "draft" && delivery.draft;
    rests && row["cancelling"] != true
}

/// What is there of it, on whichever channel of its platform. What the platform itself calls failed is not there.
pub fn there(life: &Life, delivery: &Delivery) -> Vec<VideoView> {
    let videos = life.place.sandbox.state().videos;
    let its = |video: &VideoView| {
        video.platform == delivery.platform
            && video.blake3.as_deref() == Some(delivery.hash.as_str())
            && video.processing != "failed"
    };
    videos.into_iter().filter(its).collect()
}

/// A person is asked only what is so.
pub fn may_be_asked(life: &mut Life, delivery: &Delivery, row: &Value, code: &str) {
    let now = life.place.sandbox.now_ms();
    let there = there(life, delivery);
    let wrong = match code {
        "missed" => {
            delivery.due.is_some_and(|due| now < due + LATE_MS).then_some("its minute was not missed")
        }
        "unsure" | "sign_in_needed" => None,
        // A failure is told after the platform was asked; what is public there has not failed.
        _ => there.iter().any(|video| video.public_at_ms.is_some()).then_some("it is public"),
    };
    if let Some(wrong) = wrong {
        let told = row["problem"]["message"].as_str().unwrap_or_default();
        life.tally.told_wrongly += 1;
        life.tally
            .found
            .push(format!("told wrongly: {} asks a person ({code}: {told}), and {wrong}", delivery.name()));
    }
}

pub async fn all(life: &mut Life, deliveries: &[Delivery]) -> anyhow::Result<()> {
    for delivery in deliveries {
        let shown = if delivery.forgotten { Value::Null } else { life.show(delivery).await? };
        one(life, delivery, &shown);
    }
    Ok(())
}

fn one(life: &mut Life, delivery: &Delivery, shown: &Value) {
    let there = there(life, delivery);
    let state = shown["state"].as_str().unwrap_or_default().to_string();
    match state.as_str() {
        "published" => life.tally.published += 1,
        "cancelled" => life.tally.cancelled += 1,
        _ => {}
    }
    let tally = &mut life.tally;
    let mut found = Vec::new();
    if there.len() > 1 {
        tally.doubled += 1;
        found.push(format!("doubled: {} times there", there.len()));
    }
    for video in &there {
        if video.channel_id != delivery.channel {
            tally.elsewhere += 1;
            found.push(format!("on the channel {} and not on {}", video.channel_id, delivery.channel));
        }
        if let (Some(due), Some(public)) = (delivery.due, video.public_at_ms)
            && public < due
        {
            tally.early += 1;
            found.push(format!("early: public {} ms before its minute", due - public));
        }
    }
    let lost = match state.as_str() {
        _ if delivery.forgotten => None,
        _ if !at_rest(delivery, shown) => Some("not at its end".to_string()),
        "cancelled" if !delivery.cancelled && there.is_empty() => {
            Some("cancelled, and nobody asked for it".into())
        }
        "published" if there.is_empty() => Some("told published, and not there".into()),
        _ => None,
    };
    if let Some(lost) = lost {
        tally.lost += 1;
        found.push(format!("lost: {lost}"));
    }
    let first = there.first();
    let wrongly = match (state.as_str(), first) {
        ("published", Some(video))
            if shown["remote"]["url"] != video.url.as_str()
                && !shown["remote"]["url"].as_str().is_some_and(|url| is_profile(url, video)) =>
        {
            Some(format!("told published at {}, and it is at {}", shown["remote"]["url"], video.url))
        }
        ("published", Some(video))
            // What a person said to be there is told as they said.
            if video.public_at_ms.is_none()
                && !matches!(video.privacy.as_str(), "unlisted" | "private")
                && !delivery.asked.contains("unsure") =>
        {
            Some(format!("told published, and it is {}", video.privacy))
        }
        // What no app can delete is told to be there.
        ("cancelled", Some(video)) if video.privacy == "inbox" && shown["problem"]["code"] == "finish_there" => None,
        ("cancelled" | "draft", Some(video)) => {
            Some(format!("told {state}, and there it is {}", video.privacy))
        }
        ("to_finish", Some(video)) if video.privacy != "inbox" => {
            Some(format!("told to finish, and it is {}", video.privacy))
        }
        ("to_finish", None) => Some("told to finish, and no draft is there".into()),
        _ => None,
    };
    if let Some(wrongly) = wrongly {
        tally.told_wrongly += 1;
        found.push(format!("told wrongly: {wrongly}"));
    }
    if !found.is_empty() {
        let what = found.join("; ");
        tally.found.push(format!("{what}: {}\n{}", delivery.name(), short(delivery, shown)));
    }
}

/// TikTok tells some posts' address only by their profile.
fn is_profile(url: &str, video: &VideoView) -> bool {
    video.platform == "tiktok" && video.url.starts_with(url)
}

/// Its plan, its problem and its history in a line each.
fn short(delivery: &Delivery, shown: &Value) -> String {
    let mut lines = vec![format!(
        "    plan {:?}, told {}, due {}, problem {}",
        delivery.due.map(|due| jiff::Timestamp::from_millisecond(due).unwrap_or_default().to_string()),
        shown["state"],
        instant(&shown["due"]).is_some(),
        shown["problem"]["code"]
    )];
    for line in shown["attempts"].as_array().into_iter().flatten() {
        lines.push(format!("    {line}"));
    }
    lines.join("\n")
}
