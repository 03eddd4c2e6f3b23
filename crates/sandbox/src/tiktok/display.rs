//! The Display API (contract tiktok 11): `user/info`, `video/list`, `video/query`. Only public posts, newest first, only the fields asked
//! for. Nobody else lives here, so every count of likes, views and followers is zero; nothing was decoded, so every video is a minute of
//! 1080 × 1920.

use super::Desk;
use super::bearer::not_granted;
use super::books::{Kind, Task};
use super::creator::avatar;
use super::errors::Refusal;
use super::people::Creator;
use serde_json::{Map, Value, json};

/// Fields of `user/info` and the scope each needs.
const USER: [(&str, &str); 15] = [
    ("open_id", "user.info.basic"),
    ("union_id", "user.info.basic"),
    ("avatar_url", "user.info.basic"),
    ("avatar_url_100", "user.info.basic"),
    ("avatar_large_url", "user.info.basic"),
    ("display_name", "user.info.basic"),
    ("bio_description", "user.info.profile"),
    ("profile_deep_link", "user.info.profile"),
    ("profile_web_link", "user.info.profile"),
    ("username", "user.info.profile"),
    ("is_verified", "user.info.profile"),
    ("follower_count", "user.info.stats"),
    ("following_count", "user.info.stats"),
    ("likes_count", "user.info.stats"),
    ("video_count", "user.info.stats"),
];

const VIDEO: [&str; 16] = [
    "id",
    "create_time",
    "cover_image_url",
    "share_url",
    "embed_link",
    "embed_html",
    "video_description",
    "title",
    "duration",
    "height",
    "width",
    "like_count",
    "comment_count",
    "share_count",
    "view_count",
    "is_aigc",
];

/// A cover's address is good for about six hours.
const COVER_LIFE_MS: i64 = 21_600_000;
/// Characters of a description.
const MOST_WORDS: usize = 150;
/// Videos of one page or query.
const MOST_VIDEOS: u64 = 20;

/// `GET /v2/user/info/`
pub(crate) fn user(desk: Desk<'_>) -> Result<Value, Refusal> {
    let fields = fields(&desk, |name| USER.iter().any(|(known, _)| *known == name))?;
    let creator = desk.who.creator;
    let videos = public(&desk).len();
    let mut user = Map::new();
    for name in fields {
        let scope = USER.iter().find(|(known, _)| *known == name).map_or("", |(_, scope)| *scope);
        let value = user_field(&desk, creator, &name, videos);
        let value = match desk.who.may(scope) {
            true => value,
            false if desk.settings.blank_fields => blank(&value),
            false => return Err(not_granted()),
        };
        user.insert(name, value);
    }
    Ok(json!({ "user": user }))
}

fn user_field(desk: &Desk<'_>, creator: &Creator, name: &str, videos: usize) -> Value {
    match name {
        "open_id" => creator.open_id.into(),
        "union_id" => creator.union_id.into(),
        "display_name" => creator.nickname.into(),
        "bio_description" => creator.bio.into(),
        "profile_deep_link" | "profile_web_link" => creator.profile().into(),
        "username" => creator.username.into(),
        "is_verified" => creator.verified.into(),
        "video_count" => videos.into(),
        "follower_count" | "following_count" | "likes_count" => 0.into(),
        _ => avatar(desk.world, creator, desk.now).into(),
    }
}

fn blank(value: &Value) -> Value {
    match value {
        Value::Number(_) => 0.into(),
        Value::Bool(_) => false.into(),
        _ => "".into(),
    }
}

/// `POST /v2/video/list/`
pub(crate) fn list(desk: Desk<'_>) -> Result<Value, Refusal> {
    let fields = video_fields(&desk)?;
    let body = if desk.body.trim_ascii().is_empty() { json!({}) } else { desk.json()? };
    let whole = |name: &str, usual: i64| match &body[name] {
        Value::Null => Ok(usual),
        value => value.as_i64().ok_or_else(|| desk.bad(&format!("The field {name} is invalid"))),
    };
    // Milliseconds, and also "before this time". Zero is as good as none.
    let cursor = Some(whole("cursor", 0)?).filter(|cursor| *cursor > 0).unwrap_or(i64::MAX);
    let most = whole("max_count", 10)?;
    let most = u64::try_from(most).ok().filter(|most| (1..=MOST_VIDEOS).contains(most));
    let most = most.ok_or_else(|| desk.bad("The field max_count is invalid"))?.min(desk.settings.list_page);
    let older: Vec<&Task> = public(&desk).into_iter().filter(|task| created_ms(task) < cursor).collect();
    let page: Vec<&Task> = older.iter().take(usize::try_from(most).unwrap_or(0)).copied().collect();
    let videos: Vec<Value> = page.iter().map(|task| video(&desk, task, &fields)).collect();
    Ok(json!({
        "videos": videos,
        "cursor": page.last().map_or(0, |task| created_ms(task)),
        "has_more": older.len() > page.len(),
    }))
}

/// `POST /v2/video/query/`: ids that are not this creator's, or not public, are simply missing.
pub(crate) fn query(desk: Desk<'_>) -> Result<Value, Refusal> {
    let fields = video_fields(&desk)?;
    let body = desk.json()?;
    let ids: Option<Vec<&str>> =
        body["filters"]["video_ids"].as_array().and_then(|ids| ids.iter().map(Value::as_str).collect());
    let Some(ids) = ids.filter(|ids| !ids.is_empty() && ids.len() as u64 <= MOST_VIDEOS) else {
        return Err(desk.bad("The field video_ids is invalid"));
    };
    let asked = |task: &&Task| ids.contains(&post_id(task).as_str());
    let videos: Vec<Value> =
        public(&desk).into_iter().filter(asked).map(|task| video(&desk, task, &fields)).collect();
    Ok(json!({ "videos": videos, "cursor": 0, "has_more": false }))
}

fn fields(desk: &Desk<'_>, known: impl Fn(&str) -> bool) -> Result<Vec<String>, Refusal> {
    let fields = desk.ask.query_list("fields");
    if fields.is_empty() {
        return Err(desk.bad("The parameter fields is required"));
    }
    match fields.iter().find(|name| !known(name)) {
        Some(name) => Err(desk.bad(&format!("The field {name} is invalid"))),
        None => Ok(fields),
    }
}

fn video_fields(desk: &Desk<'_>) -> Result<Vec<String>, Refusal> {
    fields(desk, |name| VIDEO.contains(&name))
}

/// This creator's public posts, newest first.
fn public<'a>(desk: &'a Desk<'_>) -> Vec<&'a Task> {
    let mine = |task: &&Task| task.owner == desk.who.creator.key && task.public_id(desk.now).is_some();
    let mut tasks: Vec<&Task> = desk.books.tasks.iter().filter(mine).collect();
    tasks.sort_by_key(|task| std::cmp::Reverse(created_ms(task)));
    tasks
}

/// No two posts share theirs, or a page could end between them.
fn created_ms(task: &Task) -> i64 {
    task.posted_ms().unwrap_or_default()
}

fn post_id(task: &Task) -> String {
    task.whole.as_ref().map(|whole| whole.post_id.to_string()).unwrap_or_default()
}

fn video(desk: &Desk<'_>, task: &Task, fields: &[String]) -> Value {
    let id = post_id(task);
    let words: String = task.caption().chars().take(MOST_WORDS).collect();
    let page = desk.world.base(crate::hosts::PAGE);
    let share = format!("{}/video/{id}", desk.who.creator.profile());
    let embed = format!("https://www.tiktok.com/embed/v2/{id}");
    let aigc = matches!(&task.kind, Kind::Direct(info) if info["is_aigc"] == json!(true));
    let field = |name: &str| -> Value {
        match name {
            "id" => id.clone().into(),
            "create_time" => (created_ms(task) / 1000).into(),
            "cover_image_url" => {
                format!("{page}/thumb/{id}?x-expires={}", (desk.now + COVER_LIFE_MS) / 1000).into()
            }
            "share_url" => share.clone().into(),
            "embed_link" => embed.clone().into(),
            "embed_html" => format!("<iframe src=\"{embed}\"></iframe>").into(),
            "video_description" | "title" => words.clone().into(),
            "duration" => 60.into(),
            "height" => 1920.into(),
            "width" => 1080.into(),
            "is_aigc" => aigc.into(),
            _ => 0.into(),
        }
    };
    Value::Object(fields.iter().map(|name| (name.clone(), field(name))).collect())
}
