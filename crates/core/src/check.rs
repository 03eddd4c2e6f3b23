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
    let Some(duration) = media.duration_ms else { return };
    if let Some(max) = rules.max_duration_ms.filter(|max| duration > *max) {
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

fn option_value(facts: &Facts, option: &OptionFact, job: &Job, problems: &mut Vec<Problem>) {
    let Some(value) = job.options.get(option.key) else {
        if option.required && option.default.is_none() && applies(facts, option, &job.options) {
            let message = format!("{}: {} has to be chosen.", facts.name, option.label);
            problems.push(Problem::block(Code::OptionMissing, message).edit(option.key));
        }
        return;
    };
    if let OptionKind::File { mimes, max_size } = &option.kind {
        side_file(facts, option, value, mimes, *max_size, problems);
    }
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
    let default =
        facts.option(key).and_then(|other| other.default).and_then(|text| serde_json::from_str(text).ok());
    let Some(value) = options.get(key).cloned().or(default) else { return false };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_string);
    values.contains(&text.as_str())
}

/// Options as the user wrote them, turned into what Facts say they are. Unknown ones are refused, not ignored.
pub fn read_options(facts: &Facts, raw: &Options) -> Outcome<Options> {
    let mut options = Options::new();
    for (key, value) in raw {
        let Some(option) = facts.option(key) else {
            let known: Vec<_> = facts.options.iter().map(|option| option.key).collect();
            let message = format!("{} has no option \"{key}\". Known: {}.", facts.name, known.join(", "));
            return Err(Problem::block(Code::OptionUnknown, message).edit(key.as_str()));
        };
        if !value.is_null() {
            options.insert(key.clone(), read_option(facts, option, value)?);
        }
    }
    Ok(options)
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
        OptionKind::Tags { .. } => match (value, text) {
            (Value::Array(list), _) if list.iter().all(Value::is_string) => Ok(value.clone()),
            (_, Some(text)) => {
                let tags: Vec<Value> =
                    text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(Value::from).collect();
                Ok(Value::Array(tags))
            }
            _ => invalid("it is a list of texts".into()),
        },
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
            // Kept absolute: the engine may run in another folder than the one this was said in.
            Some(text) => Ok(std::path::absolute(text)
                .map_or_else(|_| text.into(), |path| path.to_string_lossy().into_owned())
                .into()),
            None => invalid("it is the path of a file".into()),
        },
    }
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
mod tests {
    use super::*;

    #[test]
    fn sizes_read_like_sizes() {
        for (count, want) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (184_000_000, "184.0 MB"),
            (274_877_906_944, "274.9 GB"),
        ] {
            assert_eq!(bytes(count), want);
        }
    }

    #[test]
    fn languages_have_a_shape() {
        for (text, good) in [
            ("en", true),
            ("pt-BR", true),
            ("zh-Hans-CN", true),
            ("e", false),
            ("english!", false),
            ("", false),
            ("en_", false),
        ] {
            assert_eq!(is_language(text), good, "{text}");
        }
    }
}
