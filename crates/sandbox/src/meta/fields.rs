//! `fields=`: which parts of a node a caller wants, nested by braces. A field that a node cannot have is an error; one that it has
//! not just now is left out. Known names follow the Business SDK's specifications of April 2026; modifiers (`.limit(5)`) are skipped.

use super::errors::{Refusal, parameter};
use serde_json::{Map, Value};

#[derive(Debug, PartialEq)]
pub(crate) struct Field {
    name: String,
    of: Vec<Field>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    User,
    Page,
    Account,
    Video,
    Post,
    Container,
    Media,
    Story,
    /// Part of a node: whatever is there can be picked.
    Part,
}

const USER: &[&str] =
    &["id", "name", "first_name", "last_name", "email", "picture", "permissions", "accounts"];
const PAGE: &[&str] = &[
    "id",
    "name",
    "username",
    "about",
    "access_token",
    "category",
    "category_list",
    "tasks",
    "picture",
    "link",
    "fan_count",
    "followers_count",
    "instagram_business_account",
    "connected_instagram_account",
    "is_published",
    "verification_status",
    "website",
    "description",
    "business",
    "has_transitioned_to_new_page_experience",
];
const ACCOUNT: &[&str] = &[
    "id",
    "user_id",
    "username",
    "name",
    "account_type",
    "profile_picture_url",
    "followers_count",
    "follows_count",
    "media_count",
    "biography",
    "website",
    "ig_id",
    "is_published",
];
const VIDEO: &[&str] = &[
    "id",
    "title",
    "description",
    "created_time",
    "updated_time",
    "length",
    "permalink_url",
    "picture",
    "post_id",
    "published",
    "scheduled_publish_time",
    "source",
    "status",
    "views",
    "embeddable",
    "content_category",
    "content_tags",
    "from",
    "place",
    "privacy",
    "format",
    "icon",
    "embed_html",
    "is_instagram_eligible",
    "copyright_check_information",
    "live_status",
    "post_views",
    "backdated_time",
    "captions",
    "thumbnails",
    "collaborators",
];
const POST: &[&str] = &[
    "id",
    "message",
    "created_time",
    "updated_time",
    "permalink_url",
    "is_published",
    "scheduled_publish_time",
    "status_type",
    "from",
    "full_picture",
    "is_hidden",
    "is_expired",
    "story",
    "place",
    "privacy",
    "attachments",
];
const CONTAINER: &[&str] = &["id", "status", "status_code", "video_status", "copyright_check_status"];
const MEDIA: &[&str] = &[
    "id",
    "ig_id",
    "caption",
    "media_type",
    "media_product_type",
    "media_url",
    "permalink",
    "shortcode",
    "thumbnail_url",
    "timestamp",
    "username",
    "owner",
    "like_count",
    "comments_count",
    "is_comment_enabled",
    "is_shared_to_feed",
    "alt_text",
    "children",
    "view_count",
    "collaborators",
    "copyright_check_information",
    "has_poll",
    "has_slider",
    "video_title",
];
const STORY: &[&str] = &["post_id", "status", "creation_time", "media_type", "media_id", "url"];

impl Node {
    fn name(self) -> &'static str {
        match self {
            Node::User => "User",
            Node::Page => "Page",
            Node::Account => "IGUser",
            Node::Video => "Video",
            Node::Post => "PagePost",
            Node::Container => "ShadowIGMediaBuilder",
            Node::Media => "IGMedia",
            Node::Story => "Stories",
            Node::Part => "",
        }
    }

    fn known(self) -> &'static [&'static str] {
        match self {
            Node::User => USER,
            Node::Page => PAGE,
            Node::Account => ACCOUNT,
            Node::Video => VIDEO,
            Node::Post => POST,
            Node::Container => CONTAINER,
            Node::Media => MEDIA,
            Node::Story => STORY,
            Node::Part => &[],
        }
    }

    /// What a call without `fields` gets.
    fn usual(self) -> &'static [&'static str] {
        match self {
            Node::User => &["name"],
            Node::Page => &["name"],
            Node::Video => &["updated_time", "description"],
            Node::Post => &["created_time", "message"],
            Node::Story => STORY,
            Node::Account | Node::Container | Node::Media | Node::Part => &[],
        }
    }

    fn below(self, field: &str) -> Node {
        match (self, field) {
            (Node::Page, "instagram_business_account" | "connected_instagram_account") => Node::Account,
            (Node::Media, "children") => Node::Media,
            (Node::Media, "owner") => Node::Account,
            _ => Node::Part,
        }
    }
}

/// Reads `a,b{c,d}`.
pub(crate) fn parse(text: &str) -> Result<Vec<Field>, Refusal> {
    let mut rest = text;
    let fields = list(&mut rest).filter(|_| rest.is_empty());
    fields.ok_or_else(|| parameter("Syntax error in the fields parameter"))
}

fn list(rest: &mut &str) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    loop {
        *rest = rest.trim_start();
        let after = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let name = rest.strip_suffix(after).unwrap_or_default().to_string();
        *rest = after;
        if name.is_empty() {
            return None;
        }
        while rest.starts_with('.') {
            *rest = rest.split_once(')')?.1;
        }
        let mut of = Vec::new();
        if let Some(inner) = rest.strip_prefix('{') {
            *rest = inner;
            of = list(rest)?;
            *rest = rest.strip_prefix('}')?;
        }
        fields.push(Field { name, of });
        *rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(more) => *rest = more,
            None => return Some(fields),
        }
    }
}

/// The asked-for part of a node that was written out whole.
pub(crate) fn select(node: Node, whole: &Value, fields: Option<&str>) -> Result<Value, Refusal> {
    match fields {
        Some(text) => pick(node, whole, &parse(text)?),
        None => Ok(usual(node, whole)),
    }
}

/// Is this field asked for by name?
pub(crate) fn asks(fields: Option<&str>, name: &str) -> bool {
    fields.and_then(|text| parse(text).ok()).is_some_and(|fields| fields.iter().any(|f| f.name == name))
}

fn usual(node: Node, whole: &Value) -> Value {
    let mut out = Map::new();
    for name in node.usual().iter().chain([&"id"]) {
        if let Some(value) = whole.get(*name) {
            out.insert((*name).into(), value.clone());
        }
    }
    Value::Object(out)
}

fn pick(node: Node, whole: &Value, fields: &[Field]) -> Result<Value, Refusal> {
    // A list inside a node comes wrapped; what is picked is picked of each entry.
    if let Some(items) = whole.get("data").and_then(Value::as_array) {
        let items: Result<Vec<_>, _> = items.iter().map(|item| pick(node, item, fields)).collect();
        return Ok(serde_json::json!({ "data": items? }));
    }
    if let Some(inner) = whole.get("data").filter(|_| node == Node::Part) {
        return Ok(serde_json::json!({ "data": pick(node, inner, fields)? }));
    }
    let mut out = Map::new();
    for field in fields {
        if node != Node::Part && !node.known().contains(&field.name.as_str()) {
            let message =
                format!("Tried accessing nonexisting field ({}) on node type ({})", field.name, node.name());
            return Err(parameter(&message));
        }
        let Some(value) = whole.get(&field.name) else { continue };
        let below = node.below(&field.name);
        let value = match (&field.of[..], below) {
            ([], Node::Part) => value.clone(),
            ([], _) => bare(value),
            (of, below) if value.is_object() => pick(below, value, of)?,
            _ => value.clone(),
        };
        out.insert(field.name.clone(), value);
    }
    if let Some(id) = whole.get("id").filter(|_| node != Node::Part) {
        out.insert("id".into(), id.clone());
    }
    Ok(Value::Object(out))
}

/// A node inside a node is its id, unless more is asked for.
fn bare(value: &Value) -> Value {
    match value.get("data").and_then(Value::as_array) {
        Some(items) => {
            let items: Vec<_> = items.iter().map(bare).collect();
            serde_json::json!({ "data": items })
        }
        None => serde_json::json!({ "id": value["id"] }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::errors::said;
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_nest() {
        let page = json!({ "id": "1", "name": "A", "access_token": "t", "picture": { "data": { "url": "u", "width": 50 } },
            "instagram_business_account": { "id": "2", "username": "a" } });
        let get = |fields| select(Node::Page, &page, fields);
        assert_eq!(get(None).unwrap(), json!({ "name": "A", "id": "1" }));
        assert_eq!(
            get(Some("access_token,picture{url},instagram_business_account")).unwrap(),
            json!({ "access_token": "t", "picture": { "data": { "url": "u" } }, "instagram_business_account": { "id": "2" }, "id": "1" })
        );
        assert_eq!(
            get(Some("instagram_business_account.limit(1){id, username}")).unwrap(),
            json!({ "instagram_business_account": { "id": "2", "username": "a" }, "id": "1" })
        );
        assert_eq!(get(Some("website")).unwrap(), json!({ "id": "1" }), "known, and not there");
        assert_eq!(said(get(Some("colour")).unwrap_err()), (100, None));
        for odd in ["", "a,", "a{", "a{b", "a}b", ",a", "a{b}}"] {
            assert!(parse(odd).is_err(), "{odd}");
        }
        assert!(asks(Some("id,status"), "status") && !asks(Some("id{status}"), "status"));
    }
}
