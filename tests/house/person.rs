//! The user in front of the browser: opens the consent page, ticks and clicks, follows the redirect back.

use crate::call;
use anyhow::Context;
use serde_json::{Value, json};
use slipway_core::api::{self, Host};
use slipway_core::engine::Engine;
use slipway_core::problem::Problem;
use std::sync::mpsc;
use url::Url;

/// What the person does on the consent page.
#[derive(Clone, Debug, Default)]
pub enum Choice {
    #[default]
    Allow,
    Deny,
    /// Allows, but unticks this scope.
    Untick(String),
    /// Comes back with this permission in place of those asked for.
    Narrow(String),
    /// Allows; the answer comes to a page elsewhere first, which is run like this.
    AllowOver(PassOn),
    /// Closes the window.
    WalkAway,
}

/// Who signs in, and how.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Which of the sandbox's people, from 0.
    pub who: usize,
    pub choice: Choice,
}

/// Runs the script of a page that is at this address: where it goes next. Nothing: there is nobody to run it.
pub type PassOn = fn(page: &str, address: &str) -> anyhow::Result<Option<String>>;

/// Sends the address to whoever plays the user.
struct Browser(mpsc::Sender<Url>);

impl Host for Browser {
    fn open(&self, address: &Url) {
        let _ = self.0.send(address.clone());
    }
}

impl Person {
    pub fn who(who: usize) -> Person {
        Person { who, choice: Choice::Allow }
    }

    /// Connects a channel through the real round trip; its account id.
    pub async fn connect(&self, engine: &Engine, platform: &str) -> anyhow::Result<i64> {
        let connected = self.try_connect(engine, platform, 30).await?;
        connected.map_err(|problem| anyhow::anyhow!("{problem:?}"))
    }

    /// The same, for sign-ins that are to fail. Waits `patience_s` for the browser.
    pub async fn try_connect(
        &self,
        engine: &Engine,
        platform: &str,
        patience_s: u64,
    ) -> anyhow::Result<Result<i64, Problem>> {
        let (sender, addresses) = mpsc::channel();
        let browser = Browser(sender);
        let person = self.clone();
        let clicks = tokio::spawn(async move {
            let address = tokio::task::spawn_blocking(move || addresses.recv()).await??;
            person.click_through(&address).await
        });
        let given = json!({"platform": platform, "patience_s": patience_s});
        let connected = api::call(engine, &browser, "accounts.connect", given).await;
        drop(browser);
        match connected {
            Ok(connection) => {
                clicks.await??;
                Ok(Ok(self.first(engine, connection).await?))
            }
            Err(problem) => {
                clicks.abort();
                Ok(Err(problem))
            }
        }
    }

    /// The channel that was connected, or the first of those the sign-in speaks for.
    async fn first(&self, engine: &Engine, connection: Value) -> anyhow::Result<i64> {
        let choosing = &connection["choosing"];
        if choosing.is_null() {
            return connection["accounts"][0]["id"].as_i64().context("no id");
        }
        let wanted = json!({"id": choosing["id"], "remote_ids": [choosing["channels"][0]["remote_id"]]});
        call(engine, "accounts.choose", wanted).await?[0]["id"].as_i64().context("no id")
    }

    /// Reads the page as a browser without script would, and presses a button.
    pub async fn click_through(&self, address: &Url) -> anyhow::Result<()> {
        if matches!(self.choice, Choice::WalkAway) {
            return Ok(());
        }
        let mut address = address.clone();
        if let Choice::Narrow(scope) = &self.choice {
            let asked: Vec<(String, String)> = address.query_pairs().into_owned().collect();
            let asked = asked.into_iter().map(|(key, value)| {
                let value = if key == "scope" { scope.clone() } else { value };
                (key, value)
            });
            address.query_pairs_mut().clear().extend_pairs(asked.collect::<Vec<_>>());
        }
        let client = browser()?;
        let page = client.get(address.clone()).send().await?.text().await?;
        let form = Form::read(&page).context("no form on the consent page")?;
        let mut fields: Vec<(String, String)> = form.hidden;
        let account = form.accounts.get(self.who).context("no such person on the page")?.clone();
        fields.push(("account".into(), account));
        let decision = if matches!(self.choice, Choice::Deny) { "deny" } else { "allow" };
        for scope in form.scopes {
            if !matches!(&self.choice, Choice::Untick(unticked) if *unticked == scope) {
                fields.push(("scope".into(), scope));
            }
        }
        fields.push(("decision".into(), decision.into()));
        let target = address.join(&form.action)?;
        let answer = client.post(target).form(&fields).send().await?;
        let mut back = answer.headers().get("location").context("no way back")?.to_str()?.to_string();
        if let Choice::AllowOver(pass_on) = self.choice {
            let page = client.get(&back).send().await?.text().await?;
            let Some(next) = pass_on(&page, &back)? else { return Ok(()) };
            back = next;
        } else if let Some(next) = as_our_page_does(&back) {
            back = next;
        }
        client.get(back).send().await?.error_for_status().ok();
        Ok(())
    }
}

/// Where the page that Slipway ships sends an answer which came to a page elsewhere: the port stands at the front of the state.
fn as_our_page_does(back: &str) -> Option<String> {
    let back = Url::parse(back).ok().filter(|back| back.path().starts_with("/redirect/"))?;
    let state = back.query_pairs().find(|(key, _)| key == "state")?.1.into_owned();
    let port: u16 = state.split('.').next()?.parse().ok()?;
    Some(format!("http://127.0.0.1:{port}/?{}", back.query().unwrap_or_default()))
}

/// A client that follows nothing by itself.
pub fn browser() -> anyhow::Result<reqwest::Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?)
}

/// What a consent page's form holds.
struct Form {
    action: String,
    hidden: Vec<(String, String)>,
    accounts: Vec<String>,
    scopes: Vec<String>,
}

impl Form {
    fn read(page: &str) -> Option<Form> {
        let mut form =
            Form { action: String::new(), hidden: Vec::new(), accounts: Vec::new(), scopes: Vec::new() };
        for tag in page.split('<').filter_map(|part| part.split_once('>').map(|(tag, _)| tag)) {
            if tag.starts_with("form") {
                form.action = attribute(tag, "action")?;
            }
            if !tag.starts_with("input") {
                continue;
            }
            let (kind, name) =
                (attribute(tag, "type").unwrap_or_default(), attribute(tag, "name").unwrap_or_default());
            let value = attribute(tag, "value").unwrap_or_default();
            match (kind.as_str(), name.as_str()) {
                ("hidden", _) => form.hidden.push((name, value)),
                (_, "account") => form.accounts.push(value),
                (_, "scope") => form.scopes.push(value),
                _ => {}
            }
        }
        (!form.action.is_empty()).then_some(form)
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}="))?;
    let value = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split_whitespace().next()?,
    };
    Some(value.replace("&amp;", "&").replace("&quot;", "\""))
}

/// Disconnects, as a user would.
pub async fn disconnect(engine: &Engine, account: i64) -> anyhow::Result<serde_json::Value> {
    call(engine, "accounts.disconnect", json!({"id": account})).await
}
