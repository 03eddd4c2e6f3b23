//! What a day allows (contract youtube 2.2 and 3.5): the common pool of units, the "Video Uploads" bucket, batchGetStats' own. Days
//! begin at midnight in California. A call is charged when it comes, invalid ones too; one that finds the bucket empty is not.
//! Unsure: that an abandoned session spends an upload call (assumed), the exact 429 body beyond what clients captured, and whether a
//! call without a valid token is charged (it is not here: there is nobody to charge).

use super::books::Books;
use super::errors::{Refusal, refuse};
use super::route::Cost;
use crate::clock::pacific_day;
use crate::settings::Settings;
use crate::state::{Bucket, Quota};
use std::collections::BTreeMap;

/// Calls of batchGetStats a day.
const STATS_PER_DAY: u64 = 10_000;

pub(crate) fn charge(books: &mut Books, cost: Cost, settings: &Settings, now_ms: i64) -> Result<(), Refusal> {
    turn_day(books, now_ms);
    match cost {
        Cost::Free => {}
        Cost::Pool(units) => {
            if books.spent.pool + units > settings.pool {
                let message = "The request cannot be completed because you have exceeded your <a href=\"/youtube/v3/getting-started#quota\">quota</a>.";
                return Err(refuse(403, "quotaExceeded", "youtube.quota", message));
            }
            books.spent.pool += units;
        }
        Cost::Upload => {
            if books.spent.uploads >= settings.uploads_per_day {
                return Err(bucket_empty("Video Uploads", &books.project));
            }
            books.spent.uploads += 1;
        }
        Cost::Stats => {
            if books.spent.stats >= STATS_PER_DAY {
                return Err(bucket_empty("Video Stats", &books.project));
            }
            books.spent.stats += 1;
        }
    }
    Ok(())
}

/// Counts one custom thumbnail of a channel.
pub(crate) fn charge_thumbnail(
    books: &mut Books,
    channel: &str,
    settings: &Settings,
    now_ms: i64,
) -> Result<(), Refusal> {
    turn_day(books, now_ms);
    let set = books.spent.thumbnails.entry(channel.into()).or_default();
    if *set >= settings.thumbnails_per_day {
        let message =
            "The channel has uploaded too many thumbnails recently. Please try the request again later.";
        return Err(refuse(429, "uploadRateLimitExceeded", "youtube.thumbnail", message));
    }
    *set += 1;
    Ok(())
}

fn bucket_empty(metric: &str, project: &str) -> Refusal {
    let message = format!(
        "Quota exceeded for quota metric '{metric}' and limit '{metric} per day' of service 'youtube.googleapis.com' for consumer 'project_number:{project}'."
    );
    refuse(429, "rateLimitExceeded", "global", &message).rpc("RESOURCE_EXHAUSTED")
}

fn turn_day(books: &mut Books, now_ms: i64) {
    let today = pacific_day(now_ms);
    if books.spent.day != today {
        books.spent = super::books::Spent { day: today, ..Default::default() };
    }
}

pub(crate) fn look(books: &mut Books, settings: &Settings, now_ms: i64) -> Quota {
    turn_day(books, now_ms);
    let bucket = |used, limit| Bucket { used, limit };
    Quota {
        day: books.spent.day.clone(),
        buckets: BTreeMap::from([
            ("pool".to_string(), bucket(books.spent.pool, settings.pool)),
            ("uploads".to_string(), bucket(books.spent.uploads, settings.uploads_per_day)),
            ("stats".to_string(), bucket(books.spent.stats, STATS_PER_DAY)),
        ]),
    }
}
