//! What a call was given: Graph takes parameters from the address, a form, a multipart form or a JSON body alike (contract instagram 1).

use super::errors::{Refusal, missing, parameter};
use crate::exchange::Ask;
use serde_json::Value;

/// A file of a multipart form.
pub(crate) struct FilePart {
    pub(crate) name: String,
    pub(crate) file_name: String,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct Params {
    list: Vec<(String, String)>,
    pub(crate) files: Vec<FilePart>,
}

impl Params {
    /// Reads them all; the body's come last and win nothing over the address.
    pub(crate) fn read(ask: &Ask, body: &[u8]) -> Result<Params, Refusal> {
        let mut params = Params { list: ask.query.clone(), files: Vec::new() };
        if body.is_empty() {
            return Ok(params);
        }
        match ask.content_type().as_str() {
            "application/x-www-form-urlencoded" => {
                params.list.extend(url::form_urlencoded::parse(body).into_owned());
            }
            "application/json" => {
                let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
                    return Err(parameter("The body is not a JSON object"));
                };
                for (name, value) in fields {
                    let text = match value {
                        Value::Null => continue,
                        Value::String(text) => text,
                        other => other.to_string(),
                    };
                    params.list.push((name, text));
                }
            }
            "multipart/form-data" => {
                let boundary = boundary(ask.header("content-type").unwrap_or_default());
                let read = boundary.and_then(|boundary| params.read_multipart(&boundary, body));
                read.ok_or_else(|| parameter("The multipart body cannot be read"))?;
            }
            _ => {}
        }
        Ok(params)
    }

    /// Not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.list.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(crate) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| missing(name))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// It was said, if only as nothing.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.list.iter().any(|(key, _)| key == name)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(parameter(&format!("Param {name} must be a boolean"))),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(parameter(&format!("Param {name} must be an integer"))),
        }
    }

    /// A list as JSON, or separated by commas.
    pub(crate) fn list(&self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        if !text.trim_start().starts_with('[') {
            return Ok(Some(text.split(',').map(|item| item.trim().to_string()).collect()));
        }
        let Ok(Value::Array(items)) = serde_json::from_str(text) else {
            return Err(parameter(&format!("Param {name} must be an array")));
        };
        let text = |item: Value| match item {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Ok(Some(items.into_iter().map(text).collect()))
    }

    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match serde_json::from_str(text) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(parameter(&format!("Param {name} must be JSON"))),
        }
    }

    pub(crate) fn file(&self, name: &str) -> Result<&FilePart, Refusal> {
        self.files.iter().find(|file| file.name == name).ok_or_else(|| missing(name))
    }

    /// All that was said, but who said it.
    pub(crate) fn said(&self, but: &[&str]) -> serde_json::Map<String, Value> {
        let secret = ["access_token", "appsecret_proof"];
        let kept = self
            .list
            .iter()
            .filter(|(name, _)| !secret.contains(&name.as_str()) && !but.contains(&name.as_str()));
        kept.map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect()
    }

    fn read_multipart(&mut self, boundary: &str, body: &[u8]) -> Option<()> {
        let mark = format!("--{boundary}");
        let between = format!("\r\n{mark}");
        let mut rest = body.strip_prefix(mark.as_bytes())?;
        while !rest.starts_with(b"--") {
            rest = rest.strip_prefix(b"\r\n")?;
            let end = find(rest, between.as_bytes())?;
            let part = &rest[..end];
            rest = &rest[end + between.len()..];
            let head_ends = find(part, b"\r\n\r\n")?;
            let (head, content) = (std::str::from_utf8(&part[..head_ends]).ok()?, &part[head_ends + 4..]);
            let disposition =
                head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
            let name = quoted(disposition, "name")?;
            match quoted(disposition, "filename") {
                Some(file_name) => {
                    self.files.push(FilePart { name, file_name, bytes: content.to_vec() });
                }
                None => self.list.push((name, String::from_utf8(content.to_vec()).ok()?)),
            }
        }
        Some(())
    }
}

fn boundary(kind: &str) -> Option<String> {
    kind.split(';').skip(1).find_map(|field| {
        let (name, value) = field.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_string())
    })
}

fn quoted(line: &str, name: &str) -> Option<String> {
    let (_, value) = line.split_once(&format!("; {name}=\""))?;
    Some(value.split('"').next()?.to_string())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_multipart_form_is_taken_apart() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"is_preferred\"\r\n\r\ntrue\r\n--x\r\n\
            Content-Disposition: form-data; name=\"source\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\xff\r\n\xd8\r\n--x--\r\n";
        let mut params = Params::default();
        params.read_multipart("x", body).unwrap();
        assert_eq!(params.get("is_preferred"), Some("true"));
        let file = params.file("source").unwrap();
        assert_eq!((file.file_name.as_str(), &file.bytes[..]), ("a.jpg", &b"\xff\r\n\xd8"[..]));
        assert!(Params::default().read_multipart("y", body).is_none());
        assert_eq!(boundary("multipart/form-data; boundary=\"a b\"").unwrap(), "a b");
    }

    #[test]
    fn lists_come_as_json_or_with_commas() {
        let of = |text: &str| Params { list: vec![("c".into(), text.into())], files: Vec::new() };
        assert_eq!(of("[\"1\", 2]").list("c").unwrap().unwrap(), ["1", "2"]);
        assert_eq!(of("1, 2").list("c").unwrap().unwrap(), ["1", "2"]);
        assert!(of("[1").list("c").is_err());
        assert!(of("maybe").flag("c").is_err());
    }
}
