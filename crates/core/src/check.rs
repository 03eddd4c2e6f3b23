//! Holds a post against a platform's Facts before anything is sent. Pure; problems a person understands, with the field to edit.
//!
//! Not here: rules of one platform's own (`Platform::check`), and whether the file can be read at all (`media`).

use crate::facts::{Facts, OptionFact, OptionKind, WordFact};
use crate::platform::{Job, Options};
use crate::problem::{Code, Fix, Outcome, Problem};
use jiff::Timestamp;
use serde_json::Value;
use std::path::Path;

/// What a job is held against beside Facts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// When the account's sign-in ends, where the platform says so.
    pub sign_in_ends: Option<Timestamp>,
}

/// Everything that speaks against this job, blocks first. An empty list means it can go.
pub fn check(facts: &Facts, job: &Job, terms: Terms) -> Vec<Problem> {
    let mut problems = Vec::new();
    for fact in facts.words {
        words(fact, fact.field.of(&job.words), &mut problems);
    }
    media(facts, job, &mut problems);
    for option in facts.options {
        option_value(facts, option, job, &mut problems);
    }
    if let (Some(ends), Some(due)) = (terms.sign_in_ends, job.due)
        && ends < due
    {
        problems.push(Problem::warn(
            Code::SignInEnds,
            format!(
                "The sign-in of {} ends before this post is due. Sign in again in time.",
                job.account.name
            ),
        ));
    }
    problems.sort_by_key(|problem| !problem.blocks());
    problems
}

fn words(fact: &WordFact, text: &str, problems: &mut Vec<Problem>) {
    let field = fact.field.key();
    if text.trim().is_empty() {
        if fact.required {
            problems
                .push(Problem::block(Code::TextMissing, format!("{} is missing.", fact.label)).edit(field));
        }
        return;
    }
    let count = fact.unit.count(text);
    if count > fact.max {
        let over = count - fact.max;
        let message = format!(
            "{} is too long: {count} of {} {} ({over} over).",
            fact.label,
            fact.max,
            fact.unit.word()
        );
        problems.push(Problem::block(Code::TextTooLong, message).edit(field));
    }
    let illegal: Vec<String> =
        fact.forbidden.iter().filter(|c| text.contains(**c)).map(|c| format!("\"{c}\"")).collect();
    if !illegal.is_empty() {
        let message = format!("{} may not contain {}.", fact.label, illegal.join(" or "));
        problems.push(Problem::block(Code::TextIllegal, message).edit(field));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        problems.push(
            Problem::block(Code::TextIllegal, format!("{} has characters that can't be shown.", fact.label))
                .edit(field),
        );
    }
}

fn media(facts: &Facts, job: &Job, problems: &mut Vec<Problem>) {
    let (media, rules) = (&job.media, &facts.media);
    let name = facts.name;
    if !rules.mimes.is_empty() && !rules.mimes.contains(&media.mime.as_str()) {
        problems.push(
            Problem::block(
                Code::FileUnsupported,
                format!("{name} does not take this kind of file ({}).", media.mime),
            )
            .fix(Fix::ChooseFile),
        );
    }
    if media.size > rules.max_size {
        let message = format!(
            "The file is too large for {name}: {} of at most {}.",
            bytes(media.size),
            bytes(rules.max_size)
        );
        problems.push(Problem::block(Code::FileTooLarge, message).fix(Fix::ChooseFile));
    }
    picture(facts, job, problems);
    let Some(duration) = media.duration_ms else { return };
    let own = rules
        .max_duration_live
        .and_then(|at| job.account.live.pointer(at)?.as_u64())
        .map(|seconds| seconds.saturating_mul(1000));
    let longest = [rules.max_duration_ms, own].into_iter().flatten().min();
    if let Some(max) = longest.filter(|max| duration > *max) {
        let message =
            format!("The video is too long for {name}: {} s of at most {} s.", duration / 1000, max / 1000);
        problems.push(Problem::block(Code::FileTooLong, message).fix(Fix::ChooseFile));
    }
    if duration < rules.min_duration_ms {
        let message =
            format!("The video is too short for {name}: it needs at least {} ms.", rules.min_duration_ms);
        problems.push(Problem::block(Code::FileUnsupported, message).fix(Fix::ChooseFile));
    }
}

/// Size and pace of the picture, as far as the file says them.
fn picture(facts: &Facts, job: &Job, problems: &mut Vec<Problem>) {
    let (media, rules, name) = (&job.media, &facts.media, facts.name);
    let mut say = |message: String| {
        problems.push(Problem::block(Code::FileUnsupported, message).fix(Fix::ChooseFile));
    };
    if let (Some(width), Some(height)) = (media.width, media.height) {
        if let Some((least, most)) = rules.side
            && (width.min(height) < least || width.max(height) > most)
        {
            say(format!(
                "{name} takes pictures of {least} to {most} pixels a side; this one has {width} × {height}."
            ));
        }
        if let Some(most) = rules.max_width.filter(|most| width > *most) {
            say(format!("{name} takes pictures of at most {most} pixels in width; this one has {width}."));
        }
        let shape = f64::from(width) / f64::from(height.max(1));
        if let Some((narrow, wide)) = rules.aspect
            && (shape < narrow * 0.995 || shape > wide * 1.005)
        {
            say(format!("{name} does not take this shape of picture ({width} × {height})."));
        }
    }
    if let (Some(rate), Some((slow, fast))) = (media.frame_rate, rules.frame_rate)
        // 23.976 counts as 24, and averages are never exact.
        && (rate < slow - 0.1 || rate > fast + 0.1)
    {
        say(format!("{name} takes {slow} to {fast} pictures a second; this video has {rate:.2}."));
    }
}

fn option_value(facts: &Facts, option: &OptionFact, job: &Job, problems: &mut Vec<Problem>) {
    let in_force = applies(facts, option, &job.options);
    let Some(value) = job.options.get(option.key) else {
        if option.required && option.default.is_none() && in_force {
            let message = match option.kind {
                OptionKind::Consent { .. } => format!("{}: {} has to be given.", facts.name, option.label),
                _ => format!("{}: {} has to be chosen.", facts.name, option.label),
            };
            problems.push(Problem::block(Code::OptionMissing, message).edit(option.key));
        }
        return;
    };
    if !in_force {
        return;
    }
    match &option.kind {
        OptionKind::File { mimes, max_size } => side_file(facts, option, value, mimes, *max_size, problems),
        OptionKind::Videos { mimes, max_size, .. } => {
            for path in value.as_array().into_iter().flatten() {
                side_file(facts, option, path, &[], *max_size, problems);
            }
            let odd =
                job.more.iter().find(|video| !mimes.is_empty() && !mimes.contains(&video.mime.as_str()));
            if let Some(video) = odd {
                let message = format!(
                    "{}: {} does not take this kind of file ({}).",
                    option.label, facts.name, video.file_name
                );
                problems.push(Problem::block(Code::FileUnsupported, message).edit(option.key));
            }
        }
        _ => {}
    }
    terms(facts, option, value, job, problems);
}

/// What the channel's terms and the other options make of a value.
fn terms(facts: &Facts, option: &OptionFact, value: &Value, job: &Job, problems: &mut Vec<Problem>) {
    let said = plain(value);
    let live = &job.account.live;
    if let Some(allowed) = option.allowed.and_then(|at| live.pointer(at)?.as_array())
        && !allowed.iter().any(|one| one == value)
    {
        let message = format!(
            "{}: {} can't choose \"{}\" for {} just now.",
            facts.name,
            job.account.name,
            option.kind.label_of(&said),
            option.label
        );
        problems.push(Problem::block(Code::OptionInvalid, message).edit(option.key));
    }
    if let Some((at, why)) = option.off_when
        && live.pointer(at) == Some(&Value::Bool(true))
        && value == &Value::Bool(true)
    {
        problems.push(
            Problem::block(Code::OptionInvalid, format!("{}, {}: {why}", facts.name, option.label))
                .edit(option.key),
        );
    }
    for rule in option.excludes {
        let other = facts
            .option(rule.other)
            .filter(|other| applies(facts, other, &job.options))
            .and_then(|other| stands_at(other, &job.options));
        if rule.value == said && other.is_some_and(|other| plain(&other) == rule.other_value) {
            problems.push(Problem::block(Code::OptionInvalid, rule.why).edit(option.key));
        }
    }
}

/// What an option stands at: as chosen, or its default.
fn stands_at(option: &OptionFact, options: &Options) -> Option<Value> {
    let default = || option.default.and_then(|text| serde_json::from_str(text).ok());
    options.get(option.key).cloned().or_else(default)
}

/// A value as Facts write it in conditions.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

fn side_file(
    facts: &Facts,
    option: &OptionFact,
    value: &Value,
    mimes: &[&str],
    max: u64,
    problems: &mut Vec<Problem>,
) {
    let path = Path::new(value.as_str().unwrap_or_default());
    let shown = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut say = |code, message: String| problems.push(Problem::block(code, message).edit(option.key));
    match std::fs::metadata(path) {
        Err(_) => say(Code::FileMissing, format!("{}: the file {shown} is not there.", option.label)),
        Ok(meta) if !meta.is_file() => {
            say(Code::FileMissing, format!("{}: {shown} is not a file.", option.label))
        }
        Ok(meta) if meta.len() == 0 => say(Code::FileEmpty, format!("{}: {shown} is empty.", option.label)),
        Ok(meta) if meta.len() > max => {
            say(
                Code::FileTooLarge,
                format!(
                    "{}: {shown} is too large for {} (at most {}).",
                    option.label,
                    facts.name,
                    bytes(max)
                ),
            );
        }
        Ok(_) if !mimes.is_empty() && !mimes.contains(&crate::worker::job::side_mime(path)) => {
            say(
                Code::FileUnsupported,
                format!("{}: {} does not take this kind of file ({shown}).", option.label, facts.name),
            );
        }
        Ok(_) => {}
    }
}

/// Is this option in force, given the others?
fn applies(facts: &Facts, option: &OptionFact, options: &Options) -> bool {
    let Some((key, values)) = option.depends_on else { return true };
    let Some(other) = facts.option(key) else { return false };
    // What hangs on something that is itself not in force is not in force either.
    applies(facts, other, options)
        && stands_at(other, options).is_some_and(|value| values.contains(&plain(&value).as_str()))
}

/// Options as the user wrote them, turned into what Facts say they are. Unknown ones are refused, not ignored. A declaration that
/// is made keeps `now` as its instant.
pub fn read_options(facts: &Facts, raw: &Options, now: Timestamp) -> Outcome<Options> {
    let mut options = Options::new();
    for (key, value) in raw {
        let Some(option) = facts.option(key) else {
            let known: Vec<_> = facts.options.iter().map(|option| option.key).collect();
            let message = format!("{} has no option \"{key}\". Known: {}.", facts.name, known.join(", "));
            return Err(Problem::block(Code::OptionUnknown, message).edit(key.as_str()));
        };
        if let OptionKind::Consent { .. } = option.kind {
            if let Some(given) = read_consent(facts, option, value, now)? {
                options.insert(key.clone(), given);
            }
        } else if !value.is_null() {
            options.insert(key.clone(), read_option(facts, option, value)?);
        }
    }
    Ok(options)
}

/// Everything a person must choose by hand before this platform takes a post, answered as a trial would: the first of each list that
/// the channel's terms (`live`) leave, and every declaration. Never used for a person's own posts.
pub fn for_a_trial(facts: &Facts, live: &Value) -> Options {
    let mut chosen = Options::new();
    for option in facts.options.iter().filter(|option| option.required && option.default.is_none()) {
        let value = match &option.kind {
            OptionKind::Consent { .. } | OptionKind::Flag => Value::Bool(true),
            OptionKind::OneOf { choices } => {
                let left = option.allowed.and_then(|at| live.pointer(at)?.as_array());
                let fits = |value: &str| left.is_none_or(|left| left.iter().any(|one| one == value));
                match choices.iter().find(|(value, _)| fits(value)) {
                    Some((value, _)) => (*value).into(),
                    None => continue,
                }
            }
            _ => continue,
        };
        chosen.insert(option.key.into(), value);
    }
    chosen
}

/// A declaration: made now, made at an instant that is known already, or not made.
fn read_consent(facts: &Facts, option: &OptionFact, value: &Value, now: Timestamp) -> Outcome<Option<Value>> {
    let made: Option<Timestamp> = value.as_str().and_then(|text| text.parse().ok());
    match (value, value.as_str()) {
        (Value::Null | Value::Bool(false), _) | (_, Some("false" | "no" | "off" | "0")) => Ok(None),
        (Value::Bool(true), _) | (_, Some("true" | "yes" | "on" | "1")) => Ok(Some(now.to_string().into())),
        // Nothing is declared in the future.
        (_, Some(text)) if made.is_some_and(|made| made <= now) => Ok(Some(text.into())),
        _ => Err(Problem::block(
            Code::OptionInvalid,
            format!("{}, {}: say true once you agree.", facts.name, option.label),
        )
        .edit(option.key)),
    }
}

/// Texts of a list, or of one text with commas.
fn texts(value: &Value) -> Option<Vec<Value>> {
    match (value, value.as_str()) {
        (Value::Array(list), _) if list.iter().all(Value::is_string) => Some(list.clone()),
        (_, Some(text)) => {
            Some(text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(Value::from).collect())
        }
        _ => None,
    }
}

fn read_option(facts: &Facts, option: &OptionFact, value: &Value) -> Outcome<Value> {
    let invalid = |why: String| {
        Err(Problem::block(Code::OptionInvalid, format!("{}, {}: {why}.", facts.name, option.label))
            .edit(option.key))
    };
    let text = value.as_str();
    match &option.kind {
        OptionKind::Flag => match (value.as_bool(), text) {
            (Some(flag), _) => Ok(flag.into()),
            (None, Some("true" | "yes" | "on" | "1")) => Ok(true.into()),
            (None, Some("false" | "no" | "off" | "0")) => Ok(false.into()),
            _ => invalid("say true or false".into()),
        },
        OptionKind::OneOf { choices } => {
            match text.filter(|text| choices.iter().any(|(value, _)| value == text)) {
                Some(text) => Ok(text.into()),
                None => {
                    let known: Vec<_> = choices.iter().map(|(value, _)| *value).collect();
                    invalid(format!("it is one of {}", known.join(", ")))
                }
            }
        }
        OptionKind::Tags { .. } => match texts(value) {
            Some(tags) => Ok(Value::Array(tags)),
            None => invalid("it is a list of texts".into()),
        },
        OptionKind::Names { most } => match texts(value) {
            Some(names) if names.len() <= *most => Ok(Value::Array(names)),
            Some(names) => invalid(format!("{} of at most {most}", names.len())),
            None => invalid("it is a list of names".into()),
        },
        OptionKind::Videos { most, .. } => match texts(value) {
            Some(paths) if paths.len() <= *most => {
                Ok(Value::Array(paths.iter().filter_map(Value::as_str).map(absolute).collect()))
            }
            Some(paths) => invalid(format!("{} of at most {most} further videos", paths.len())),
            None => invalid("it is a list of files".into()),
        },
        OptionKind::Number { min, max, unit } => match value.as_i64().or_else(|| text?.trim().parse().ok()) {
            Some(number) if (*min..=*max).contains(&number) => Ok(number.into()),
            _ => invalid(format!("it is a number of {unit} from {min} to {max}")),
        },
        OptionKind::Consent { .. } => invalid("say true once you agree".into()),
        OptionKind::Text { max, unit } => match text {
            Some(text) if unit.count(text) <= *max => Ok(text.into()),
            Some(text) => invalid(format!("{} of at most {max} {}", unit.count(text), unit.word())),
            None => invalid("it is a text".into()),
        },
        OptionKind::Date => match text.and_then(|text| text.parse::<jiff::civil::Date>().ok()) {
            Some(date) => Ok(date.to_string().into()),
            None => invalid("it is a date like 2026-11-22".into()),
        },
        OptionKind::Language => match text.filter(|text| is_language(text)) {
            Some(text) => Ok(text.into()),
            None => invalid("it is a language like en, ja or pt-BR".into()),
        },
        OptionKind::Live { .. } => match text.filter(|text| !text.trim().is_empty()) {
            Some(text) => Ok(text.into()),
            None => invalid("it is a text".into()),
        },
        OptionKind::File { .. } => match text.filter(|text| !text.is_empty()) {
            Some(text) => Ok(absolute(text)),
            None => invalid("it is the path of a file".into()),
        },
    }
}

/// A path is kept absolute: the engine may run in another folder than the one this was said in.
fn absolute(text: &str) -> Value {
    std::path::absolute(text).map_or_else(|_| text.into(), |path| path.to_string_lossy().into_owned()).into()
}

/// Shape of a BCP 47 tag; which languages exist is the platform's to know.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=8).contains(&first.len())
        && first.chars().all(|c| c.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// A size as people read it.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (count as f64, 0);
    while value >= 1000.0 && unit < UNITS.len() - 1 {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} bytes") } else { format!("{value:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests;
