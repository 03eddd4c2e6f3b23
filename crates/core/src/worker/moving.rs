//! Tells how an upload moves, at most four times a second, and remembers the line's speed. Never stored while it moves.

use super::Desk;
use crate::engine::{Engine, sql};
use crate::platform::{Body, Call, FileRef};
use crate::settings::Settings;
use crate::store::setting;
use crate::wire::{Gauge, Sent};
use std::sync::Arc;
use std::time::Duration;

/// One upload being watched.
pub(super) struct Moving {
    engine: Engine,
    told: tokio::task::JoinHandle<()>,
    gauge: Arc<Gauge>,
}

impl Moving {
    pub(super) fn start(
        engine: &Engine,
        desk: &Desk,
        delivery: i64,
        gauge: &Arc<Gauge>,
        call: &Call,
    ) -> Moving {
        // Of all the files of a post, one after the other; a call may carry a piece of one.
        let sizes: Vec<u64> = std::iter::once(desk.job.media.size)
            .chain(desk.job.more.iter().map(|video| video.size))
            .collect();
        let whole: u64 = sizes.iter().sum();
        let before = |nth: usize| sizes.iter().take(nth).sum::<u64>();
        let from = match &call.body {
            Body::File(part) => match part.file {
                FileRef::More(nth) => before(nth + 1) + part.from,
                FileRef::Media | FileRef::Side(_) => part.from,
            },
            _ => 0,
        };
        let (events, watched) = (engine.events().clone(), gauge.clone());
        let told = tokio::spawn(async move {
            let (mut before, mut speed) = (0, 0.0_f64);
            loop {
                tokio::time::sleep(Duration::from_millis(250)).await;
                let sent = watched.sent();
                // A second's memory: smooth enough to read, quick enough to believe.
                speed = speed * 0.75 + (sent.saturating_sub(before) as f64 * 4.0) * 0.25;
                before = sent;
                events.publish(vec![crate::event::What::Moving {
                    delivery,
                    sent: from + sent,
                    total: whole,
                    bytes_per_s: speed as u64,
                }]);
            }
        });
        Moving { engine: engine.clone(), told, gauge: gauge.clone() }
    }

    pub(super) async fn end(self, took: Duration, sent: &Sent) {
        self.told.abort();
        let bytes = self.gauge.sent();
        let throttled = self.engine.inner.throttle.limit().is_some() || self.gauge.gave_way();
        // Short bodies measure the greeting, not the line.
        if !matches!(sent, Sent::Reply(_))
            || bytes < 4 << 20
            || took.is_zero()
            || throttled
            || self.gauge.was_held()
        {
            return;
        }
        let measured = (bytes as f64 / took.as_secs_f64()) as u64;
        let known = self.engine.read(|sql| Ok(setting::get::<Settings>(sql, Settings::KEY)?.measured));
        // Between two of a hundred chunks a flush for what is known already would cost as much as the chunk's own.
        if known.is_ok_and(|known| known.is_some_and(|old| is_near(old, smoothed(Some(old), measured)))) {
            return;
        }
        let kept = self.engine.write(move |tx| {
            let mut settings: Settings = sql(setting::get(tx, Settings::KEY))?;
            settings.measured = Some(smoothed(settings.measured, measured));
            settings.keep(tx)
        });
        if kept.await.is_err() {
            tracing::debug!("the measured speed was not kept");
        }
    }
}

/// Half of what was known, half of what is new.
fn smoothed(old: Option<u64>, measured: u64) -> u64 {
    old.map_or(measured, |old| old / 2 + measured / 2)
}

/// Within an eighth: leads are reckoned far more generously than that.
fn is_near(old: u64, new: u64) -> bool {
    old.abs_diff(new) <= old / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_kept_when_it_says_something_new() {
        let news = |old, measured| !is_near(old, smoothed(Some(old), measured));
        assert!(news(0, 4), "whatever follows nothing");
        assert!(!news(8_000_000, 8_000_000) && !news(8_000_000, 9_900_000) && !news(8_000_000, 6_100_000));
        assert!(news(8_000_000, 10_100_000) && news(8_000_000, 5_900_000) && news(8_000_000, 0));
        assert_eq!(smoothed(None, 5_000_000), 5_000_000);
    }
}
