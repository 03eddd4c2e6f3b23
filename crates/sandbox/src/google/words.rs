//! The settable words of a video: what may be written and how it is counted (contract youtube 4 and 3.5). Insert and update share it:
//! a listed part is overwritten whole, what it leaves out goes back to the default.
//! Unsure, and lenient here: "characters" are Unicode scalar values; tags are counted so too; any language tag goes.

use super::books::Words;
use super::errors::{Refusal, bad_request, refuse};
use crate::clock::parse_rfc3339;
use crate::settings::Settings;
use serde_json::Value;

/// Every part of a video there is.
pub(crate) const PARTS: [&str; 18] = [
    "ageGating",
    "brandPartner",
    "contentDetails",
    "fileDetails",
    "id",
    "liveStreamingDetails",
    "localizations",
    "monetizationDetails",
    "paidProductPlacementDetails",
    "player",
    "processingDetails",
    "projectDetails",
    "recordingDetails",
    "snippet",
    "statistics",
    "status",
    "suggestions",
    "topicDetails",
];

/// Ids of videoCategories.list for the US with their titles and whether a video may be put there.
pub(crate) const CATEGORIES: [(&str, &str, bool); 18] = [
    ("1", "Film & Animation", true),
    ("2", "Autos & Vehicles", true),
    ("10", "Music", true),
    ("15", "Pets & Animals", true),
    ("17", "Sports", true),
    ("18", "Short Movies", false),
    ("19", "Travel & Events", true),
    ("20", "Gaming", true),
    ("21", "Videoblogging", false),
    ("22", "People & Blogs", true),
    ("23", "Comedy", true),
    ("24", "Entertainment", true),
    ("25", "News & Politics", true),
    ("26", "Howto & Style", true),
    ("27", "Education", true),
    ("28", "Science & Technology", true),
    ("29", "Nonprofits & Activism", true),
    ("30", "Movies", false),
];

/// The parts asked for, checked against those that exist.
pub(crate) fn parts(asked: Vec<String>, known: &[&str]) -> Result<Vec<String>, Refusal> {
    if asked.is_empty() {
        return Err(super::errors::missing_parameter("part"));
    }
    match asked.iter().find(|part| !known.contains(&part.as_str())) {
        Some(unknown) => {
            Err(refuse(400, "unknownPart", "youtube.part", &format!("'{unknown}'")).at("parameter", "part"))
        }
        None => Ok(asked),
    }
}

/// Parts that an upload may not name, by the settings.
pub(crate) fn may_insert(parts: &[String], settings: &Settings) -> Result<(), Refusal> {
    match parts.iter().find(|part| settings.insert_parts_refused.contains(part)) {
        Some(part) => {
            Err(refuse(400, "unexpectedPart", "youtube.part", &format!("'{part}'")).at("parameter", "part"))
        }
        None => Ok(()),
    }
}

/// Parts in the body that `part` does not list are refused. From memory, not in the contract; silently dropping them would be worse
/// for whoever practises here.
pub(crate) fn no_unlisted(body: &Value, parts: &[String]) -> Result<(), Refusal> {
    let fields = body.as_object().into_iter().flatten();
    for (name, value) in fields {
        if !["kind", "etag", "id"].contains(&name.as_str()) && !value.is_null() && !parts.contains(name) {
            return Err(
                refuse(400, "unexpectedPart", "youtube.part", &format!("'{name}'")).at("parameter", "part")
            );
        }
    }
    Ok(())
}

/// Words for a new video.
pub(crate) fn fresh(body: &Value, parts: &[String]) -> Result<Words, Refusal> {
    let mut words = Words::default();
    // Title and privacy have defaults only in part: an unnamed video is refused, an unset privacy is public (since 2026-11-02).
    write_snippet(&mut words, &body["snippet"], false)?;
    write_status(&mut words, &body["status"])?;
    write_rest(&mut words, body, parts)?;
    if words.publish_at_ms.is_some() && words.privacy != "private" {
        return Err(status_refusal(
            "invalidPublishAt",
            "A schedule needs privacyStatus private.",
            "publishAt",
        ));
    }
    Ok(words)
}

/// Overwrites the listed parts. `ever_public`: the video has been published before, so it cannot be scheduled.
pub(crate) fn overwrite(
    words: &mut Words,
    body: &Value,
    parts: &[String],
    ever_public: bool,
) -> Result<(), Refusal> {
    let lists = |part: &str| parts.iter().any(|listed| listed == part);
    if lists("snippet") {
        write_snippet(words, &body["snippet"], true)?;
    }
    if lists("status") {
        write_status(words, &body["status"])?;
        if words.publish_at_ms.is_some() && (ever_public || words.privacy != "private") {
            return Err(status_refusal(
                "invalidPublishScheduleForVideo",
                "Only a private video that was never published can be scheduled.",
                "publishAt",
            ));
        }
    }
    write_rest(words, body, parts)
}

fn write_snippet(words: &mut Words, snippet: &Value, category_needed: bool) -> Result<(), Refusal> {
    let text = |name: &str| snippet[name].as_str();
    let title = text("title").unwrap_or_default();
    if category_needed && (snippet["title"].is_null() || snippet["categoryId"].is_null()) {
        return Err(refuse(400, "invalidVideoMetadata", VIDEO, "The request metadata is invalid.")
            .at("body", "body.snippet"));
    }
    if title.trim().is_empty() || title.chars().count() > 100 || angled(title) {
        let message = "The request metadata specifies an invalid or empty video title.";
        return Err(refuse(400, "invalidTitle", VIDEO, message).at("body", "body.snippet.title"));
    }
    let description = text("description").unwrap_or_default();
    if description.len() > 5000 || angled(description) {
        let message = "The request metadata specifies an invalid video description.";
        return Err(refuse(400, "invalidDescription", VIDEO, message).at("body", "body.snippet.description"));
    }
    let tags: Vec<String> = match snippet["tags"].as_array() {
        Some(tags) => tags.iter().filter_map(|tag| tag.as_str()).map(String::from).collect(),
        None => Vec::new(),
    };
    if counted(&tags) > 500 || tags.iter().any(|tag| angled(tag) || tag.trim().is_empty()) {
        let message = "The request metadata specifies invalid video keywords.";
        return Err(refuse(400, "invalidTags", VIDEO, message).at("body", "body.snippet.tags"));
    }
    // The default when omitted is undocumented; 22 is in Google's sample.
    let category = text("categoryId").unwrap_or("22");
    if !CATEGORIES.iter().any(|(id, _, assignable)| *id == category && *assignable) {
        let message = "The request metadata specifies an invalid category ID.";
        return Err(refuse(400, "invalidCategoryId", VIDEO, message).at("body", "body.snippet.categoryId"));
    }
    words.title = title.into();
    words.description = description.into();
    words.tags = tags;
    words.category = category.into();
    words.language = text("defaultLanguage").map(String::from);
    words.audio_language = text("defaultAudioLanguage").map(String::from);
    Ok(())
}

fn write_status(words: &mut Words, status: &Value) -> Result<(), Refusal> {
    let choice = |name: &str, default: &str, known: &[&str]| match status[name].as_str() {
        None => Ok(default.to_string()),
        Some(value) if known.contains(&value) => Ok(value.to_string()),
        Some(value) => Err(bad_request(&format!("Invalid value at 'video.status.{name}': \"{value}\""))),
    };
    words.privacy = choice("privacyStatus", "public", &["public", "unlisted", "private"])?;
    words.license = choice("license", "youtube", &["youtube", "creativeCommon"])?;
    words.publish_at_ms = match status["publishAt"].as_str() {
        None => None,
        Some(text) => Some(parse_rfc3339(text).ok_or_else(|| {
            status_refusal(
                "invalidPublishAt",
                "The request metadata specifies an invalid scheduled publishing time.",
                "publishAt",
            )
        })?),
    };
    words.embeddable = status["embeddable"].as_bool().unwrap_or(true);
    words.stats_viewable = status["publicStatsViewable"].as_bool().unwrap_or(true);
    words.for_kids = status["selfDeclaredMadeForKids"].as_bool();
    words.synthetic = status["containsSyntheticMedia"].as_bool();
    Ok(())
}

fn write_rest(words: &mut Words, body: &Value, parts: &[String]) -> Result<(), Refusal> {
    let lists = |part: &str| parts.iter().any(|listed| listed == part);
    let given = |part: &str| (!body[part].is_null()).then(|| body[part].clone());
    if lists("localizations") {
        words.localizations = body["localizations"].as_object().cloned().unwrap_or_default();
    }
    if !words.localizations.is_empty() && words.language.is_none() {
        let message = "Localizations need a default language.";
        return Err(
            refuse(400, "defaultLanguageNotSet", VIDEO, message).at("body", "body.snippet.defaultLanguage")
        );
    }
    if lists("recordingDetails") {
        words.recording = given("recordingDetails");
        let date = words.recording.as_ref().and_then(|details| details["recordingDate"].as_str());
        if date.is_some_and(|date| parse_rfc3339(date).is_none()) {
            let message = "The request metadata specifies invalid recording details.";
            return Err(
                refuse(400, "invalidRecordingDetails", VIDEO, message).at("body", "body.recordingDetails")
            );
        }
    }
    if lists("brandPartner") {
        words.brand_partner = given("brandPartner");
    }
    if lists("paidProductPlacementDetails") {
        // That this can be set is unsure.
        words.paid = body["paidProductPlacementDetails"]["hasPaidProductPlacement"].as_bool();
    }
    Ok(())
}

const VIDEO: &str = "youtube.video";

fn status_refusal(reason: &str, message: &str, field: &str) -> Refusal {
    refuse(400, reason, VIDEO, message).at("body", &format!("body.status.{field}"))
}

fn angled(text: &str) -> bool {
    text.contains(['<', '>'])
}

/// The 500 are: every tag's length, the commas between them, and two more for each tag with a space, as if quoted.
fn counted(tags: &[String]) -> usize {
    let lengths =
        tags.iter().map(|tag| tag.chars().count() + if tag.contains(' ') { 2 } else { 0 }).sum::<usize>();
    lengths + tags.len().saturating_sub(1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all() -> Vec<String> {
        PARTS.iter().map(|part| (*part).to_string()).collect()
    }

    fn reason(body: Value) -> String {
        fresh(&body, &all()).map_or_else(|refusal| refusal.reason().1.to_string(), |_| "fine".into())
    }

    #[test]
    fn tags_are_counted_as_the_contract_counts_them() {
        assert_eq!(counted(&["Foo-Baz".into()]), 7);
        assert_eq!(counted(&["Foo Baz".into()]), 9);
        assert_eq!(counted(&["Foo Baz".into(), "a".into()]), 11);
    }

    #[test]
    fn the_edges_of_the_words() {
        let titled = |title: String| json!({ "snippet": { "title": title } });
        assert_eq!(reason(titled("é".repeat(100))), "fine");
        assert_eq!(reason(titled("é".repeat(101))), "invalidTitle");
        assert_eq!(reason(titled(" ".into())), "invalidTitle");
        assert_eq!(reason(titled("a > b".into())), "invalidTitle");
        let described = |text: String| json!({ "snippet": { "title": "t", "description": text } });
        assert_eq!(reason(described("é".repeat(2500))), "fine", "5000 bytes");
        assert_eq!(reason(described("é".repeat(2501))), "invalidDescription", "bytes, not characters");
        let tagged = |tags: Value| json!({ "snippet": { "title": "t", "tags": tags } });
        assert_eq!(reason(tagged(json!(["a".repeat(249), "b".repeat(250)]))), "fine", "249 + comma + 250");
        assert_eq!(reason(tagged(json!(["a".repeat(250), "b".repeat(250)]))), "invalidTags");
        assert_eq!(reason(json!({ "snippet": { "title": "t", "categoryId": "30" } })), "invalidCategoryId");
        assert_eq!(
            reason(json!({ "snippet": { "title": "t" }, "localizations": { "de": { "title": "x" } } })),
            "defaultLanguageNotSet"
        );
    }

    #[test]
    fn a_schedule_needs_private_and_a_real_instant() {
        let with = |status: Value| json!({ "snippet": { "title": "t" }, "status": status });
        assert_eq!(
            reason(with(json!({ "privacyStatus": "private", "publishAt": "2026-12-01T18:00:00Z" }))),
            "fine"
        );
        assert_eq!(reason(with(json!({ "publishAt": "2026-12-01T18:00:00Z" }))), "invalidPublishAt");
        assert_eq!(
            reason(with(json!({ "privacyStatus": "private", "publishAt": "tomorrow" }))),
            "invalidPublishAt"
        );
        assert_eq!(fresh(&with(json!({})), &all()).unwrap_or_default().privacy, "public");
    }

    #[test]
    fn an_update_overwrites_the_whole_part() {
        let mut words = fresh(
            &json!({ "snippet": { "title": "t", "tags": ["a"] }, "status": { "privacyStatus": "private" } }),
            &all(),
        )
        .unwrap();
        let listed = ["snippet".to_string()];
        let half = json!({ "snippet": { "title": "new" } });
        assert_eq!(
            overwrite(&mut words, &half, &listed, false).unwrap_err().reason().1,
            "invalidVideoMetadata"
        );
        overwrite(&mut words, &json!({ "snippet": { "title": "new", "categoryId": "1" } }), &listed, false)
            .unwrap();
        assert_eq!((words.title.as_str(), words.tags.len(), words.privacy.as_str()), ("new", 0, "private"));
    }
}
