//! A browser just large enough for a sandbox's consent page: reads the form, ticks what can be ticked, presses the button that allows.
//!
//! For the demo. It speaks to this computer only, whatever a page says, and runs no script.

use anyhow::{Context, bail, ensure};
use reqwest::redirect::Policy;
use std::time::Duration;
use url::{Host, Url};

/// Plays the person who says yes.
pub async fn agree(address: Url) -> anyhow::Result<()> {
    ensure!(is_here(&address), "the page is not on this computer");
    let only_here = Policy::custom(|attempt| {
        if is_here(attempt.url()) && attempt.previous().len() < 5 { attempt.follow() } else { attempt.stop() }
    });
    let client = reqwest::Client::builder()
        .redirect(only_here)
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()
        .context("making a client")?;
    let page = client.get(address.clone()).send().await.context("opening the page")?;
    ensure!(page.status().is_success(), "the page answered {}", page.status().as_u16());
    let html = page.text().await.context("reading the page")?;
    let form = form(&html).context("the page has no form")?;
    let target = address.join(&form.action).context("reading the form's address")?;
    ensure!(is_here(&target), "the form leads away from this computer");
    let answer = client.post(target).form(&form.fields).send().await.context("sending the form")?;
    if !answer.status().is_success() {
        bail!("after the form: {}", answer.status().as_u16());
    }
    Ok(())
}

fn is_here(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

/// A form as a person who agrees fills it.
#[derive(Debug, PartialEq)]
struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

/// Reads the first form. Plain HTML as our sandbox writes it: no script, no nested forms.
fn form(html: &str) -> Option<Form> {
    let mut form: Option<Form> = None;
    let mut radios: Vec<(String, String, bool)> = Vec::new();
    let mut button = None;
    for tag in tags(html) {
        let name = tag.get("name").map(String::from).unwrap_or_default();
        let value = tag.get("value").map(String::from).unwrap_or_default();
        match (tag.name.as_str(), &mut form) {
            ("form", None) => {
                form = Some(Form { action: tag.get("action")?.to_string(), fields: Vec::new() });
            }
            ("/form", Some(_)) => break,
            (_, None) => {}
            _ if tag.get("disabled").is_some() || name.is_empty() => {}
            ("input", Some(form)) => match tag.get("type").unwrap_or("text") {
                "radio" => radios.push((name, value, tag.get("checked").is_some())),
                "hidden" | "checkbox" => form.fields.push((name, value)),
                _ => {}
            },
            // The one that allows, wherever it stands; else the last one.
            ("button", Some(_)) if !allows(&button) => button = Some((name, value)),
            _ => {}
        }
    }
    let mut form = form?;
    let mut names: Vec<&String> = radios.iter().map(|(name, ..)| name).collect();
    names.dedup();
    let chosen: Vec<(String, String)> = names
        .into_iter()
        .filter_map(|name| {
            let of_it = || radios.iter().filter(|(radio, ..)| radio == name);
            let (name, value, _) = of_it().find(|(.., checked)| *checked).or_else(|| of_it().next())?;
            Some((name.clone(), value.clone()))
        })
        .collect();
    form.fields.extend(chosen);
    form.fields.extend(button);
    Some(form)
}

fn allows(button: &Option<(String, String)>) -> bool {
    button.as_ref().is_some_and(|(_, value)| value == "allow")
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, inside)) = rest.split_once('<') {
        let (name, mut inside) = split_before(inside, |c| c.is_whitespace() || c == '>');
        let mut tag = Tag { name: name.to_ascii_lowercase(), attributes: Vec::new() };
        while let Some((attribute, after)) = attribute(inside) {
            tag.attributes.push(attribute);
            inside = after;
        }
        rest = inside;
        found.push(tag);
    }
    found
}

/// The text before the first character that `ends` it, and the rest, which begins with that character.
fn split_before(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.find(ends).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// The next attribute of an open tag, and what follows; nothing at its end.
fn attribute(text: &str) -> Option<((String, String), &str)> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    if text.is_empty() || text.starts_with('>') {
        return None;
    }
    // At least one character, so that odd input moves on.
    let ends = text
        .char_indices()
        .skip(1)
        .find(|(_, c)| c.is_whitespace() || matches!(c, '=' | '>' | '/'))
        .map_or(text.len(), |(at, _)| at);
    let (name, rest) = text.split_at_checked(ends).unwrap_or((text, ""));
    let name = name.to_ascii_lowercase();
    let Some(value) = rest.strip_prefix('=') else { return Some(((name, String::new()), rest)) };
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            let (value, after) = quoted.split_once(quote).unwrap_or((quoted, ""));
            return Some(((name, unescape(value)), after));
        }
    }
    let (value, after) = split_before(value, |c| c.is_whitespace() || c == '>');
    Some(((name, unescape(value)), after))
}

fn unescape(text: &str) -> String {
    // The ampersand last, so that nothing is unescaped twice.
    [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        .iter()
        .fold(text.to_string(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn a_consent_form_is_filled_by_someone_who_agrees() {
        let html = r#"<!doctype html><h1>x > y</h1><form method=post action="/signin/consent">
            <input type=hidden name=request value="r&amp;1">
            <input type=radio name=account value="mira"><input type=radio name=account value=jonas checked>
            <input type=checkbox name=scope value='a b' checked disabled><input type=checkbox name=scope value="upload">
            BUTTONS</form>
            <form action=/other><input type=hidden name=no value=no></form>"#;
        let want =
            pairs(&[("request", "r&1"), ("scope", "upload"), ("account", "jonas"), ("decision", "allow")]);
        let want = Some(Form { action: "/signin/consent".into(), fields: want });
        let (allow, deny) = (
            "<button class=main name=decision value=allow autofocus>Allow</button>",
            "<button name=decision value=deny>Deny</button>",
        );
        for buttons in [format!("{allow}{deny}"), format!("{deny} {allow}")] {
            assert_eq!(form(&html.replace("BUTTONS", &buttons)), want);
        }
    }

    #[test]
    fn broken_pages_have_no_form_and_end() {
        for html in [
            "",
            "<",
            "<form",
            "<form>",
            "no",
            "<form action",
            "<input name=x value=\"",
            "<<<>>>",
            "<a =b <=>",
        ] {
            let found = form(html);
            assert!(found.is_none_or(|form| form.fields.is_empty()), "{html}");
        }
    }

    #[test]
    fn only_this_computer_is_spoken_to() {
        for (address, good) in [
            ("http://127.0.0.1:9/x", true),
            ("http://[::1]:9/", true),
            ("http://localhost:9/", true),
            ("https://127.0.0.1/", false),
            ("http://10.0.0.1/", false),
            ("http://127.0.0.1.example/", false),
            ("file:///etc/hosts", false),
        ] {
            assert_eq!(Url::parse(address).is_ok_and(|url| is_here(&url)), good, "{address}");
        }
    }
}
