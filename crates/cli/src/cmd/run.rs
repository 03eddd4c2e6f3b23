//! `run`: the queue in the foreground, and what happens in it, a line a happening.
//!
//! Not here: the loop itself (the engine).

use super::{Door, look};
use crate::host::until_interrupted;
use crate::out::{self, Out, aloud, clip};
use crate::times;
use crate::words::{self, Exit};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use slipway_core::engine::Until;
use slipway_core::event::{Event, NoticeKind, What};
use slipway_core::post::State;
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::view::{Count, DeliveryView};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

pub async fn run(door: &Door, until_idle: bool) -> Outcome<Exit> {
    let stop = until_interrupted();
    let mut events = door.engine.events().listen();
    let engine = door.engine.clone();
    let until = if until_idle { Until::Idle(stop.clone()) } else { Until::Stopped(stop.clone()) };
    let mut running = tokio::spawn(async move { engine.run(until).await });
    let mut teller = Teller::new(door.out.lasting());
    let begun = tokio::time::sleep(Duration::from_millis(350));
    tokio::pin!(begun);
    let mut greeted = false;
    let ended = loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(event) => {
                    if !std::mem::replace(&mut greeted, true) {
                        teller.greet(door);
                    }
                    teller.tell(door, &event).await;
                    if out::reader_is_gone() {
                        stop.cancel();
                    }
                }
                Err(RecvError::Lagged(_)) => teller.tell_all(door).await,
                Err(RecvError::Closed) => {}
            },
            () = &mut begun, if !greeted => {
                greeted = true;
                teller.greet(door);
            }
            ended = &mut running => break ended,
        }
    };
    while let Ok(event) = events.try_recv() {
        teller.tell(door, &event).await;
    }
    teller.bars.clear();
    match ended {
        Ok(ended) => ended?,
        Err(_) => {
            return Err(Problem::block(
                Code::Internal,
                "The queue's loop broke. Nothing is lost; start it again.",
            ));
        }
    }
    let interrupted = until_idle && stop.is_cancelled();
    // Also what an earlier run left: whoever waits for the end wants to know whether all went out.
    let waiting = door.ask::<Count>("posts.count", json!({ "needs_you": true })).await?.posts;
    let posts: Vec<DeliveryView> =
        door.ask("posts.list", json!({ "needs_you": true, "limit": NAMED })).await?;
    if teller.out.json {
        let ids: Vec<i64> = posts.iter().map(|row| row.id).collect();
        teller.out.json_line(&json!({
            "what": "ended", "interrupted": stop.is_cancelled(), "needs_you": waiting.max(teller.needs_you as u64), "posts": ids,
        }));
    } else if until_idle {
        name_waiting(&posts, waiting);
    }
    if let Some(problem) = out::untold() {
        return Err(problem);
    }
    Ok(match (interrupted, until_idle && (waiting > 0 || teller.needs_you > 0)) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Refused,
        (false, false) => Exit::Done,
    })
}

/// So many posts that need a person are named at the end of a run.
const NAMED: u64 = 20;

/// On standard error, since it is the reason for the exit code.
fn name_waiting(posts: &[DeliveryView], count: u64) {
    if posts.is_empty() {
        return;
    }
    aloud(&format!(
        "{} you:",
        if count == 1 { "1 post needs".into() } else { format!("{count} posts need") }
    ));
    for row in posts {
        let why = match (&row.problem, &row.next) {
            (Some(problem), _) => problem.message.clone(),
            (None, Some(next)) => next.text.clone(),
            (None, None) => String::new(),
        };
        aloud(&format!("  {}  {}, {}: {}", row.id, clip(row.label(), 40), row.account_name, clip(&why, 120)));
    }
    if count > posts.len() as u64 {
        aloud(&format!("  and {} more: slipway list --state stuck", count - posts.len() as u64));
    }
}

/// Says what happens, once each.
struct Teller {
    out: Out,
    said: HashMap<i64, String>,
    bars: Bars,
    /// What was said last of the computer's clock.
    clock: Option<Problem>,
    /// Deliveries of this run that ended up needing a person.
    needs_you: usize,
}

impl Teller {
    fn new(out: Out) -> Teller {
        let lines = MultiProgress::new();
        // Bars are drawn on standard error, by a terminal that can: elsewhere lines go where all others go.
        let shown = out.terminal && !out.json && !out.quiet && !lines.is_hidden();
        let bars = Bars { lines, running: HashMap::new(), shown };
        if !bars.shown {
            bars.lines.set_draw_target(ProgressDrawTarget::hidden());
        }
        Teller { out, said: HashMap::new(), bars, clock: None, needs_you: 0 }
    }

    fn greet(&self, door: &Door) {
        if self.out.json {
            self.out.json_line(&json!({ "what": "running", "sandbox": door.engine.is_sandbox() }));
        } else if !self.out.quiet {
            let world = if door.engine.is_sandbox() { " (sandbox)" } else { "" };
            self.line(&format!("Slipway runs the queue{world}. Ctrl-C ends it; nothing is lost."));
        }
    }

    async fn tell(&mut self, door: &Door, event: &Event) {
        if event.what == What::Clock && !self.out.json {
            self.tell_clock(door);
        }
        if let What::Notice { kind: NoticeKind::NeedsYou | NoticeKind::Missed, .. } = event.what {
            self.needs_you += 1;
        }
        let about = match event.what {
            What::Delivery { id } | What::Notice { delivery: id, .. } => Some(id),
            _ => None,
        };
        let view = match about {
            // It may be gone by now; then there is nothing to tell.
            Some(id) => door.call("posts.show", json!({ "id": id })).await.ok(),
            None => None,
        };
        if self.out.json {
            let mut line = serde_json::to_value(event).unwrap_or(Value::Null);
            line["at"] = json!(door.engine.clock().now());
            match event.what {
                What::House => line["problem"] = json!(door.engine.store().trouble()),
                What::Clock => line["problem"] = json!(door.engine.clock_problem()),
                _ => {}
            }
            if let Some(mut view) = view {
                // The history is long and was told as it happened.
                if let Some(fields) = view.as_object_mut() {
                    fields.remove("attempts");
                }
                line["view"] = view;
            }
            return self.out.json_line(&line);
        }
        match (&event.what, view.map(super::read::<DeliveryView>)) {
            (What::Moving { delivery, sent, total, bytes_per_s }, _) => {
                self.bars.moved(*delivery, *sent, *total, *bytes_per_s);
            }
            (_, Some(Ok(row))) => self.tell_row(door, &row),
            (What::Elsewhere, _) => self.tell_all(door).await,
            (What::House, _) => self.tell_trouble(door).await,
            _ => {}
        }
    }

    /// That the clock is wrong, or right again: once each.
    fn tell_clock(&mut self, door: &Door) {
        let problem = door.engine.clock_problem();
        if self.clock == problem {
            return;
        }
        let text = match &problem {
            Some(problem) => self.out.bad(&problem.message),
            None => self.out.good("This computer's clock is right again."),
        };
        self.clock = problem;
        let now = times::clock(door.engine.clock().now());
        self.line(&format!("{}  {text}", self.out.faint(&now)));
    }

    /// What is wrong with the queue's file or its disk, or that it is right again.
    async fn tell_trouble(&mut self, door: &Door) {
        let text = match door.engine.store().trouble() {
            Some(problem) => {
                let fix = words::fix_text(&problem).map(|fix| format!(" Fix: {fix}.")).unwrap_or_default();
                self.out.bad(&format!("{}{fix}", problem.message))
            }
            None => self.out.good("The queue can be written again."),
        };
        // The number of no post.
        if self.said.insert(0, text.clone()).as_ref() != Some(&text) {
            self.line(&format!("{}  {text}", self.out.faint(&times::clock(door.engine.clock().now()))));
        }
    }

    /// After a gap: everything that is under way.
    async fn tell_all(&mut self, door: &Door) {
        // One by one: the queue may hold a million others.
        let mut ids: Vec<i64> = self.said.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            if let Ok(row) =
                door.call("posts.show", json!({ "id": id })).await.and_then(super::read::<DeliveryView>)
            {
                self.tell_row(door, &row);
            }
        }
    }

    fn tell_row(&mut self, door: &Door, row: &DeliveryView) {
        if row.state != State::Working {
            self.bars.end(row.id);
        }
        let text = happening(row);
        if self.said.insert(row.id, text.clone()).as_ref() == Some(&text) {
            return;
        }
        let text = match row.state {
            State::Published => self.out.good(&text),
            State::Stuck => self.out.bad(&text),
            _ => text,
        };
        let now = times::clock(door.engine.clock().now());
        self.line(&format!("{}  {} {}: {text}", self.out.faint(&now), row.id, clip(row.label(), 40)));
    }

    /// Above the bars, where there are any.
    fn line(&self, text: &str) {
        if self.bars.shown {
            // A terminal that is gone ends the program by signal.
            let _ = self.bars.lines.println(text);
        } else if !self.out.quiet {
            self.out.line(text);
        }
    }
}

/// Where a post stands, in one line that changes only when something happened.
pub fn happening(row: &DeliveryView) -> String {
    let problem = row.problem.as_ref();
    match row.state {
        State::Working => row.stage.map_or_else(|| "begins".into(), |stage| look::bare(&stage)),
        State::Published => {
            let link = row.remote.as_ref().map(|remote| remote.url.as_str()).unwrap_or_default();
            let late = row.late_ms.filter(|_| row.wall.is_some()).map(times::lateness_told);
            format!("published {link}{}", late.map(|late| format!(" ({late})")).unwrap_or_default())
        }
        State::Stuck | State::Parked | State::ToFinish => {
            let why = problem.map(|problem| problem.message.clone()).unwrap_or_default();
            let fix =
                problem.and_then(words::fix_text).map(|fix| format!(" Fix: {fix}.")).unwrap_or_default();
            format!("{}: {why}{fix}", words::state_text(row.state))
        }
        State::HandedOver | State::Ready => {
            let due = row.due.map(|due| format!(", public {}", times::shown(due))).unwrap_or_default();
            format!("{}{due}", words::state_text(row.state))
        }
        State::Draft | State::Due | State::Cancelled => words::state_text(row.state).into(),
    }
}

/// One bar an upload, on a terminal only.
struct Bars {
    lines: MultiProgress,
    running: HashMap<i64, ProgressBar>,
    shown: bool,
}

impl Bars {
    fn moved(&mut self, delivery: i64, sent: u64, total: u64, bytes_per_s: u64) {
        if !self.shown {
            return;
        }
        let bar = self.running.entry(delivery).or_insert_with(|| {
            let bar = self.lines.add(ProgressBar::new(total));
            let style = "{prefix:>5} {bar:32} {decimal_bytes}/{decimal_total_bytes} {msg}";
            bar.set_style(
                ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_prefix(delivery.to_string());
            bar
        });
        bar.set_length(total);
        bar.set_position(sent);
        bar.set_message(format!("{}/s", slipway_core::check::bytes(bytes_per_s)));
    }

    fn end(&mut self, delivery: i64) {
        if let Some(bar) = self.running.remove(&delivery) {
            bar.finish_and_clear();
        }
    }

    fn clear(&mut self) {
        for (_, bar) in self.running.drain() {
            bar.finish_and_clear();
        }
    }
}
