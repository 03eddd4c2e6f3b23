//! WebDriver, the dozen calls of it that the stories use, spoken directly to WebKitWebDriver.
//!
//! `tauri-driver` would only rename one capability on its way to the same program, and a client crate brings more code than these
//! calls are: the protocol is JSON over HTTP. Not here: what Slipway's window consists of (`window`).

use anyhow::{Context, bail};
use base64::Engine as _;
use serde_json::{Value, json};
use std::time::Duration;

/// The name under which the protocol hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One session: one run of the app.
pub struct Browser {
    http: reqwest::Client,
    driver: String,
    session: String,
}

/// Something on the page, for as long as the page keeps it.
#[derive(Clone, Debug)]
pub struct Element(String);

impl Element {
    /// As an argument of a script.
    pub fn as_argument(&self) -> Value {
        json!({ELEMENT: self.0})
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Browser {
    /// Has the driver start this program and speak to its webview.
    pub async fn open(driver: &str, program: &std::path::Path, args: &[String]) -> anyhow::Result<Browser> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        let mut browser = Browser { http, driver: driver.into(), session: String::new() };
        let wanted = json!({"webkitgtk:browserOptions": {"binary": program, "args": args}});
        let opened = browser
            .ask("POST", "/session", json!({"capabilities": {"alwaysMatch": wanted}}))
            .await
            .context("opening a session with WebKitWebDriver")?;
        let id = opened["sessionId"].as_str().context("a session without an id")?;
        browser.session = format!("/session/{id}");
        Ok(browser)
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> anyhow::Result<Value> {
        let address = format!("{}{}{path}", self.driver, self.session);
        let request = match method {
            "GET" => self.http.get(address),
            "DELETE" => self.http.delete(address),
            _ => self.http.post(address).header("content-type", "application/json").body(body.to_string()),
        };
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        let mut answer: Value =
            serde_json::from_str(&text).with_context(|| format!("{path}: {text:.300}"))?;
        if !status.is_success() {
            let value = &answer["value"];
            bail!("{path}: {}: {:.500}", value["error"].as_str().unwrap_or("?"), value["message"]);
        }
        Ok(answer["value"].take())
    }

    /// Ends the session, and with it the app.
    pub async fn close(&self) -> anyhow::Result<()> {
        self.ask("DELETE", "", Value::Null).await.map(drop)
    }

    /// Runs a function's body on the page; what it returns.
    pub async fn js(&self, script: &str, args: Value) -> anyhow::Result<Value> {
        self.ask("POST", "/execute/sync", json!({"script": script, "args": args})).await
    }

    /// The same for a body whose last argument is to be called with the answer.
    pub async fn js_later(&self, script: &str, args: Value) -> anyhow::Result<Value> {
        self.ask("POST", "/execute/async", json!({"script": script, "args": args})).await
    }

    pub async fn find_all(&self, css: &str) -> anyhow::Result<Vec<Element>> {
        let found = self.ask("POST", "/elements", json!({"using": "css selector", "value": css})).await?;
        Ok(found
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one[ELEMENT].as_str())
            .map(|id| Element(id.into()))
            .collect())
    }

    pub async fn find(&self, css: &str) -> anyhow::Result<Option<Element>> {
        Ok(self.find_all(css).await?.into_iter().next())
    }

    pub async fn attribute(&self, element: &Element, name: &str) -> anyhow::Result<Option<String>> {
        let value = self.ask("GET", &format!("/element/{}/attribute/{name}", element.0), Value::Null).await?;
        Ok(value.as_str().map(String::from))
    }

    pub async fn is_shown(&self, element: &Element) -> anyhow::Result<bool> {
        let shown = self.ask("GET", &format!("/element/{}/displayed", element.0), Value::Null).await?;
        Ok(shown.as_bool().unwrap_or(false))
    }

    pub async fn is_enabled(&self, element: &Element) -> anyhow::Result<bool> {
        let enabled = self.ask("GET", &format!("/element/{}/enabled", element.0), Value::Null).await?;
        Ok(enabled.as_bool().unwrap_or(false))
    }

    /// Where it is in the page's visible part, in CSS pixels.
    pub async fn place(&self, element: &Element) -> anyhow::Result<Rect> {
        let script = "arguments[0].scrollIntoView({block: 'nearest'}); \
                      const r = arguments[0].getBoundingClientRect(); return [r.x, r.y, r.width, r.height];";
        let place = self.js(script, json!([element.as_argument()])).await?;
        let side = |at: usize| place[at].as_f64().context("a place without numbers");
        Ok(Rect { x: side(0)?, y: side(1)?, width: side(2)?, height: side(3)? })
    }

    /// What is visible, as PNG.
    pub async fn picture(&self) -> anyhow::Result<Vec<u8>> {
        let picture = self.ask("GET", "/screenshot", Value::Null).await?;
        Ok(base64::engine::general_purpose::STANDARD.decode(picture.as_str().context("no picture")?)?)
    }
}
