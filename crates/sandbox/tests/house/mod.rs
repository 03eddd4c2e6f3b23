//! What every story here needs: a sandbox, a client without redirects, and a signed-in creator.
#![allow(dead_code, clippy::unwrap_used)]

pub mod dialog;
pub mod meta;
pub mod tiktok;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use slipway_sandbox::{Call, Config, Sandbox, VideoView};
use std::collections::HashMap;

pub const UNIT: usize = 262_144;
pub const REDIRECT: &str = "http://127.0.0.1:4567/callback";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const FORCE: &str = "https://www.googleapis.com/auth/youtube.force-ssl";
pub const UPLOAD: &str = "https://www.googleapis.com/auth/youtube.upload";
pub const READONLY: &str = "https://www.googleapis.com/auth/youtube.readonly";

pub struct House {
    pub sandbox: Sandbox,
    pub http: Client,
}

pub fn client() -> Client {
    // Only the first call can succeed; all mean the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

pub async fn house() -> House {
    house_with(Config::default()).await
}

pub async fn house_with(config: Config) -> House {
    House { sandbox: Sandbox::start(config).await.unwrap(), http: client() }
}

pub fn challenge() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

pub fn stuff(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n.wrapping_mul(2_654_435_761) >> 7) as u8).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

impl House {
    pub fn host(&self, name: &str) -> String {
        self.sandbox.announcement().hosts[name].clone()
    }

    pub fn api(&self, path: &str) -> String {
        format!("{}{path}", self.host("www.googleapis.com"))
    }

    pub fn app(&self) -> (String, String) {
        let app = &self.sandbox.announcement().apps["youtube"];
        (app.client_id.clone(), app.client_secret.clone())
    }

    pub async fn auth_page(&self, changes: &[(&str, &str)]) -> Response {
        let (id, _) = self.app();
        let challenge = challenge();
        let mut query = HashMap::from([
            ("client_id", id.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", FORCE),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("state", "a/b+c d&é"),
        ]);
        for (name, value) in changes {
            match *value {
                "" => query.remove(name),
                value => query.insert(name, value),
            };
        }
        let address = format!("{}/o/oauth2/v2/auth", self.host("accounts.google.com"));
        self.http.get(address).query(&query).send().await.unwrap()
    }

    /// Goes through the consent page; returns where the browser is sent.
    pub async fn consent(&self, scope: &str, answers: &[(&str, &str)]) -> HashMap<String, String> {
        let page = self.auth_page(&[("scope", scope)]).await;
        assert_eq!(page.status(), 200);
        let html = page.text().await.unwrap();
        let request =
            html.split("name=request value=\"").nth(1).unwrap().split('"').next().unwrap().to_string();
        let mut form = vec![("request", request.as_str())];
        form.extend_from_slice(answers);
        let address = format!("{}/signin/consent", self.host("accounts.google.com"));
        let sent = self.http.post(address).form(&form).send().await.unwrap();
        assert_eq!(sent.status(), 302);
        let to = sent.headers()["location"].to_str().unwrap();
        assert!(to.starts_with(REDIRECT), "{to}");
        url::Url::parse(to).unwrap().query_pairs().into_owned().collect()
    }

    pub async fn token(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        let (id, secret) = self.app();
        let mut form: HashMap<&str, &str> =
            HashMap::from([("client_id", id.as_str()), ("client_secret", secret.as_str())]);
        for (name, value) in fields {
            match *value {
                "" => form.remove(name),
                value => form.insert(name, value),
            };
        }
        let address = format!("{}/token", self.host("oauth2.googleapis.com"));
        let answer = self.http.post(address).form(&form).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn exchange(&self, code: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    /// Signs in as `account` with all of `scopes`; the token answer.
    pub async fn grant(&self, account: &str, scopes: &str) -> Value {
        let mut answers = vec![("account", account), ("decision", "allow")];
        answers.extend(scopes.split(' ').map(|scope| ("scope", scope)));
        let back = self.consent(scopes, &answers).await;
        let (status, tokens) = self.exchange(&back["code"]).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    pub async fn sign_in(&self, account: &str) -> Creator<'_> {
        let tokens = self.grant(account, FORCE).await;
        Creator { house: self, token: tokens["access_token"].as_str().unwrap().into() }
    }

    pub fn only_video(&self) -> VideoView {
        let mut videos = self.sandbox.state().videos;
        assert_eq!(videos.len(), 1, "exactly one video");
        videos.pop().unwrap()
    }

    pub fn calls(&self, api: &str) -> Vec<Call> {
        self.sandbox.calls().into_iter().filter(|call| call.api == api).collect()
    }
}

pub struct Creator<'h> {
    pub house: &'h House,
    pub token: String,
}

impl Creator<'_> {
    pub fn ask(&self, method: Method, address: &str) -> reqwest::RequestBuilder {
        let address = if address.starts_with("http") { address.to_string() } else { self.house.api(address) };
        self.house.http.request(method, address).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        read(self.ask(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        read(self.ask(method, path).json(&body).send().await.unwrap()).await
    }

    pub async fn start_with(&self, body: Value, total: Option<u64>) -> Response {
        let mut ask = self
            .ask(Method::POST, "/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status")
            .header("X-Upload-Content-Type", "video/mp4")
            .header("Slug", "cake.mp4");
        if let Some(total) = total {
            ask = ask.header("X-Upload-Content-Length", total);
        }
        ask.json(&body).send().await.unwrap()
    }

    /// Opens a session for so many bytes; its address.
    pub async fn start(&self, total: usize) -> String {
        let answer = self.start_with(cake("private"), Some(total as u64)).await;
        assert_eq!(answer.status(), 200);
        answer.headers()["location"].to_str().unwrap().to_string()
    }

    pub async fn put(
        &self,
        session: &str,
        range: Option<String>,
        body: Vec<u8>,
    ) -> reqwest::Result<Response> {
        let ask = self.ask(Method::PUT, session).header("Content-Type", "video/mp4").body(body);
        let ask = match range {
            Some(range) => ask.header("Content-Range", range),
            None => ask,
        };
        ask.send().await
    }

    /// Bytes `first..end` of `all`.
    pub async fn chunk(&self, session: &str, all: &[u8], first: usize, end: usize) -> (u16, Option<String>) {
        let range = format!("bytes {first}-{}/{}", end - 1, all.len());
        seen(&self.put(session, Some(range), all[first..end].to_vec()).await.unwrap())
    }

    pub async fn where_are_we(&self, session: &str, total: usize) -> (u16, Option<String>) {
        let range = format!("bytes */{total}");
        seen(&self.put(session, Some(range), Vec::new()).await.unwrap())
    }

    pub async fn upload(&self, all: &[u8], privacy: &str) -> Value {
        let answer = self.start_with(cake(privacy), Some(all.len() as u64)).await;
        let session = answer.headers()["location"].to_str().unwrap().to_string();
        let answer = self.put(&session, None, all.to_vec()).await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }
}

pub fn cake(privacy: &str) -> Value {
    json!({ "snippet": { "title": "A cake", "description": "Eat it.", "tags": ["cake", "oven heat"], "categoryId": "26" },
            "status": { "privacyStatus": privacy, "selfDeclaredMadeForKids": false } })
}

pub fn seen(answer: &Response) -> (u16, Option<String>) {
    let range = answer.headers().get("range").map(|value| value.to_str().unwrap().to_string());
    (answer.status().as_u16(), range)
}

pub async fn read(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub fn reason(body: &Value) -> &str {
    body["error"]["errors"][0]["reason"].as_str().unwrap_or("no reason")
}
