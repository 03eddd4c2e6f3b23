//! `list`, `show`, `options`: looking, changing nothing.

use super::{Door, posts};
use crate::args::List;
use crate::out::{Out, calm, clip};
use crate::times;
use crate::words::{self, Exit};
use serde_json::{Value, json};
use slipway_core::api;
use slipway_core::check::bytes;
use slipway_core::facts::OptionKind;
use slipway_core::post::State;
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::store::attempt::Attempt;
use slipway_core::store::errand::ErrandState;
use slipway_core::view::{Count, DeliveryDetail, DeliveryView, ErrandView};
use std::ops::ControlFlow;

pub async fn list(door: &Door, list: List) -> Outcome<Exit> {
    let now = door.engine.clock().now();
    let zone = door.zone().await?;
    let read = |text: &Option<String>| text.as_deref().map(|text| times::read(text, &zone, now)).transpose();
    let state = match &list.state {
        Some(text) => Some(State::parse(text).ok_or_else(|| {
            let known: Vec<_> = State::ALL.into_iter().map(State::as_str).collect();
            Problem::block(
                Code::BadRequest,
                format!("There is no state \"{text}\". Known: {}.", known.join(", ")),
            )
        })?),
        None => None,
    };
    let account = match &list.account {
        Some(text) => Some(api::find_account(&door.engine, text)?.id),
        None => None,
    };
    // Without a filter a person wants to know where things stand, and not what was two years ago.
    let whole = list.all || list.after.is_some() || list.limit.is_some();
    let filtered = list.from.is_some() || list.to.is_some() || state.is_some() || account.is_some();
    let given = json!({
        "from": read(&list.from)?,
        "to": read(&list.to)?,
        "state": state,
        "account": account,
        "limit": list.limit,
        "after": list.after,
    });
    if door.out.json {
        return as_json(door, given);
    }
    let mut asked = given.clone();
    if !whole && !filtered {
        asked["current"] = json!(true);
    }
    if !list.all {
        asked["limit"] = json!(list.limit.unwrap_or(TABLE));
    }
    let (mut table, mut shown, mut last) = (Table::default(), 0_u64, None);
    api::list_in_pages(&door.engine, asked, &mut |page| {
        shown += page.len() as u64;
        last = page.last().map(|row| row.id).or(last);
        table.lines(&door.out, &page, now);
        ControlFlow::Continue(())
    })?;
    // What lies before the first one is no news to whoever named it.
    let all: Count = door.ask("posts.count", given).await?;
    match last {
        None if all.posts == 0 || list.after.is_some() => door.out.aside("No posts."),
        None => door.out.aside(&format!(
            "No post is under way, and none ended in the last week. {} older: slipway list --all",
            posts_of(all.posts)
        )),
        Some(last) if shown < all.posts && list.after.is_none() => {
            let next = if whole || filtered { format!("--after {last}") } else { "--all".into() };
            door.out.aside(&format!(
                "{shown} of {}. More: slipway list {next}, or narrow it with --from, --to, --state, --account.",
                posts_of(all.posts)
            ));
        }
        Some(last) if list.limit.unwrap_or(TABLE) as u64 == shown => {
            door.out.aside(&format!("More, if there are any: slipway list --after {last}"));
        }
        Some(_) => {}
    }
    let with_drafts = !filtered && list.after.is_none() || list.state.as_deref() == Some("draft");
    if with_drafts && given_to_all(&list) { written(door).await } else { Ok(Exit::Done) }
}

/// Lines of a table where no number was said: a screen or two.
const TABLE: u32 = 100;

fn posts_of(count: u64) -> String {
    if count == 1 { "1 post".into() } else { format!("{count} posts") }
}

/// One array on one line as for any answer, written as it is read: a long list needs no more memory than a short one.
fn as_json(door: &Door, given: Value) -> Outcome<Exit> {
    let mut begun = false;
    let mut text = String::from("[");
    api::list_in_pages(&door.engine, given, &mut |page| {
        for row in &page {
            text += if std::mem::replace(&mut begun, true) { "," } else { "" };
            text += &serde_json::to_string(row).unwrap_or_default();
        }
        door.out.part(&text);
        text.clear();
        ControlFlow::Continue(())
    })?;
    door.out.line(&format!("{text}]"));
    Ok(Exit::Done)
}

/// A table that is written page by page; its columns are as wide as the first page needs them.
#[derive(Default)]
struct Table {
    widths: Option<Vec<usize>>,
}

impl Table {
    fn lines(&mut self, out: &Out, page: &[DeliveryView], now: jiff::Timestamp) {
        let lines: Vec<Vec<String>> = page
            .iter()
            .map(|row| {
                vec![
                    row.id.to_string(),
                    row.due.map(times::shown).unwrap_or_default(),
                    clip(&row.account_name, 24),
                    clip(row.label(), 40),
                    state_of(out, row),
                    calm(&what_next(row, now)),
                ]
            })
            .collect();
        if lines.is_empty() {
            return;
        }
        self.widths = Some(out.table_like(
            &["ID", "DUE", "CHANNEL", "TITLE", "STATE", "NEXT"],
            &lines,
            self.widths.take(),
        ));
    }
}

/// Is nothing asked for that a draft without channel and time could not fit?
fn given_to_all(list: &List) -> bool {
    list.from.is_none() && list.to.is_none() && list.account.is_none()
}

/// The drafts of the window's composer, which are in no queue yet. As JSON they are `call composing.list`.
async fn written(door: &Door) -> Outcome<Exit> {
    let drafts: Vec<api::Composing> = door.ask("composing.list", Value::Null).await?;
    if !drafts.is_empty() {
        let lines: Vec<Vec<String>> = drafts
            .iter()
            .map(|one| {
                let file = one.file.clone().unwrap_or_default();
                let title = &one.draft.words.title;
                let when = match (one.due, &one.draft.at) {
                    (Some(due), _) => times::shown(due),
                    (None, Some(at)) => format!("{at}, passed"),
                    (None, None) => "no time".into(),
                };
                vec![when, clip(if title.is_empty() { &file } else { title }, 40), clip(&file, 40)]
            })
            .collect();
        door.out.answer(&Value::Null, |out| {
            out.aside("Drafts being written in the window:");
            out.table(&["DUE", "TITLE", "FILE"], &lines);
        });
    }
    Ok(Exit::Done)
}

/// The state, with what qualifies it.
fn state_of(out: &Out, row: &DeliveryView) -> String {
    let mut text = words::state_text(row.state).to_string();
    if let (State::Working, Some(stage)) = (row.state, row.stage) {
        text = bare(&stage);
        if row.size > 0 && row.confirmed > 0 {
            text += &format!(" {} %", row.confirmed * 100 / row.size);
        }
    }
    if row.paused {
        text += ", paused";
    }
    if row.cancelling {
        text += ", being cancelled";
    }
    match row.state {
        State::Published => out.good(&text),
        State::Stuck => out.bad(&text),
        _ => text,
    }
}

/// What happens next and when; for what is over, how it ended.
fn what_next(row: &DeliveryView, now: jiff::Timestamp) -> String {
    if let (State::Published, Some(remote)) = (row.state, &row.remote) {
        return remote.url.clone();
    }
    if let (State::Stuck, Some(problem)) = (row.state, &row.problem) {
        return clip(&problem.message, 80);
    }
    match &row.next {
        Some(next) => match next.at {
            Some(at) if at > now => format!("{}: {}", times::away(at, now), next.text),
            _ => next.text.clone(),
        },
        None => String::new(),
    }
}

pub async fn show(door: &Door, id: i64) -> Outcome<Exit> {
    let answer = door.call("posts.show", json!({ "id": id })).await?;
    let post: DeliveryDetail = super::read(answer.clone())?;
    let now = door.engine.clock().now();
    door.out.answer(&answer, |out| {
        out.line(&out.strong(&format!("{}  {}", post.line.id, clip(post.line.label(), 100))));
        out.fields(&about(out, &post, now));
        if let Some(problem) = &post.line.problem {
            out.line("");
            out.fields(&[
                ("problem", problem.message.clone()),
                ("fix", words::fix_text(problem).unwrap_or_default()),
                ("detail", problem.detail.clone().unwrap_or_default()),
            ]);
        }
        extras(out, &post.extras);
        attempts(out, &post.attempts);
    });
    Ok(Exit::Done)
}

fn about(out: &Out, post: &DeliveryDetail, now: jiff::Timestamp) -> Vec<(&'static str, String)> {
    let line = &post.line;
    let due = match (&line.wall, line.due) {
        (Some(wall), Some(due)) => {
            format!("{}, {}", times::plan(wall).unwrap_or_else(|| times::shown(due)), times::away(due, now))
        }
        (None, Some(due)) => times::shown(due),
        (_, None) => String::new(),
    };
    let next = line.next.as_ref().map(|next| match next.at {
        Some(at) => format!("{} ({}, {})", next.text, times::shown(at), times::away(at, now)),
        None => next.text.clone(),
    });
    let public = line.public_at.map(|at| match line.late_ms.filter(|_| line.wall.is_some()) {
        Some(late) => format!("{}, {}", times::exact(at), times::lateness_told(late)),
        None => times::exact(at),
    });
    let options: Vec<String> = post
        .options
        .iter()
        .map(|(key, value)| {
            format!("{key} = {}", value.as_str().map_or_else(|| value.to_string(), String::from))
        })
        .collect();
    vec![
        ("state", state_of(out, line)),
        ("next", next.unwrap_or_default()),
        ("channel", format!("{} ({})", line.account_name, line.platform)),
        ("due", due),
        ("goes out", posts::goes_out(line.goes_out).into()),
        ("public", public.unwrap_or_default()),
        ("link", line.remote.as_ref().map(|remote| remote.url.clone()).unwrap_or_default()),
        ("privacy", line.privacy.clone().unwrap_or_default()),
        ("file", post.path.clone()),
        ("bytes", format!("{} of {} at the platform", bytes(line.confirmed), bytes(line.size))),
        ("title", post.words.title.clone()),
        ("caption", post.words.caption.clone()),
        ("options", options.join("\n")),
        ("added", times::shown(post.created_at)),
        ("tries", post.tries.to_string()),
    ]
}

fn extras(out: &Out, extras: &[ErrandView]) {
    if extras.is_empty() {
        return;
    }
    out.line("");
    let rows: Vec<Vec<String>> = extras
        .iter()
        .map(|extra| {
            let state = match extra.state {
                ErrandState::Waiting => "waiting",
                ErrandState::Working => "working",
                ErrandState::Stuck => "needs you",
                ErrandState::Done => "done",
            };
            let why = extra.problem.as_ref().map(|problem| problem.message.clone()).unwrap_or_default();
            let next = extra.next.filter(|_| extra.state == ErrandState::Waiting);
            vec![extra.step.clone(), state.into(), next.map(times::shown).unwrap_or_default(), why]
        })
        .collect();
    out.table(&["BESIDE IT", "STATE", "NEXT", "WHY"], &rows);
}

fn attempts(out: &Out, attempts: &[Attempt]) {
    if attempts.is_empty() {
        return;
    }
    out.line("");
    let rows: Vec<Vec<String>> = attempts
        .iter()
        .map(|attempt| {
            vec![
                times::exact(attempt.at),
                attempt.step.clone(),
                attempt.outcome.clone(),
                attempt.status.map(|status| status.to_string()).unwrap_or_default(),
                attempt.sent.map(bytes).unwrap_or_default(),
                attempt.confirmed.map(bytes).unwrap_or_default(),
                attempt.took_ms.map(|ms| format!("{ms} ms")).unwrap_or_default(),
                clip(attempt.detail.as_deref().unwrap_or_default(), 80),
            ]
        })
        .collect();
    out.table(&["AT", "STEP", "OUTCOME", "HTTP", "SENT", "CONFIRMED", "TOOK", "DETAIL"], &rows);
}

/// A platform's options as its Facts tell them.
pub fn options(door: &Door, platform: &str) -> Outcome<Exit> {
    let facts = door.engine.platform(platform)?.facts();
    door.out.answer(&facts.options, |out| {
        let rows: Vec<Vec<String>> = facts
            .options
            .iter()
            .map(|option| {
                let mut help = if option.help.is_empty() {
                    option.label.to_string()
                } else {
                    format!("{}. {}", option.label, option.help)
                };
                if !option.amendable {
                    help += " (not changeable once uploaded)";
                }
                let default = match (option.default, option.required) {
                    (Some(text), _) => text.trim_matches('"').to_string(),
                    (None, true) => "must be said".into(),
                    (None, false) => String::new(),
                };
                vec![format!("{platform}.{}", option.key), takes(&option.kind), default, help]
            })
            .collect();
        out.table(&["OPTION", "TAKES", "DEFAULT", "WHAT IT IS"], &rows);
    });
    Ok(Exit::Done)
}

fn takes(kind: &OptionKind) -> String {
    match kind {
        OptionKind::Flag => "true, false".into(),
        OptionKind::OneOf { choices } => {
            choices.iter().map(|(value, _)| *value).collect::<Vec<_>>().join(", ")
        }
        OptionKind::Live { what } => format!("one of your {what}"),
        OptionKind::Text { max, unit } => format!("text, at most {max} {}", unit.word()),
        OptionKind::Tags { .. } => "texts, with commas between".into(),
        OptionKind::Date => "YYYY-MM-DD".into(),
        OptionKind::Language => "language, such as pt-BR".into(),
        OptionKind::File { .. } => "path of a file".into(),
        OptionKind::Videos { most, .. } => {
            format!("paths of at most {most} further videos, with commas between")
        }
        OptionKind::Number { min, max, unit } => format!("{unit}, {min} to {max}"),
        OptionKind::Names { most } => format!("at most {most} names, with commas between"),
        OptionKind::Consent { .. } => "true, once you agree".into(),
    }
}

/// A plain enum as it stands on the wire.
pub fn bare(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        _ => String::new(),
    }
}
