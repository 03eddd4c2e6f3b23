//! What every story about TikTok needs: a creator who has signed in, and the calls in as few words as possible.

use super::{House, read};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

pub const REDIRECT: &str = "http://127.0.0.1:4567/callback/";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const ALL: &str =
    "user.info.basic,user.info.profile,user.info.stats,video.list,video.upload,video.publish";
pub const POSTING: &str = "user.info.basic,video.upload,video.publish";
/// The smallest chunk of a plan with several.
pub const CHUNK: usize = 5_000_000;

pub fn challenge() -> String {
    Sha256::digest(VERIFIER).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Someone who has signed in.
pub struct Tiktoker {
    pub http: Client,
    pub api: String,
    pub token: String,
    pub refresh: String,
}

/// Where a video's bytes go, as an init answered.
pub struct Upload {
    pub id: String,
    pub url: String,
}

pub async fn auth_page(house: &House, changes: &[(&str, &str)]) -> Response {
    let app = house.sandbox.announcement().apps["tiktok"].clone();
    let challenge = challenge();
    let mut query = HashMap::from([
        ("client_key", app.client_id.as_str()),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", POSTING),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("state", "a/b+c d&é"),
        ("disable_auto_auth", "1"),
    ]);
    for (name, value) in changes {
        match *value {
            "" => query.remove(name),
            value => query.insert(name, value),
        };
    }
    let address = format!("{}/v2/auth/authorize/", house.host("www.tiktok.com"));
    house.http.get(address).query(&query).send().await.unwrap()
}

/// Goes through the consent page; the address the browser is sent to.
pub async fn consent(house: &House, changes: &[(&str, &str)], answers: &[(&str, &str)]) -> String {
    let page = auth_page(house, changes).await;
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    let request = html.split("name=request value=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut form = vec![("request", request)];
    form.extend_from_slice(answers);
    let address = format!("{}/v2/auth/consent/", house.host("www.tiktok.com"));
    let sent = house.http.post(address).form(&form).send().await.unwrap();
    assert_eq!(sent.status(), 302);
    sent.headers()["location"].to_str().unwrap().to_string()
}

pub fn query(address: &str) -> HashMap<String, String> {
    url::Url::parse(address).unwrap().query_pairs().into_owned().collect()
}

pub async fn token(house: &House, fields: &[(&str, &str)]) -> (u16, Value) {
    read(oauth(house, "token", fields).await).await
}

pub async fn oauth(house: &House, call: &str, fields: &[(&str, &str)]) -> Response {
    let app = house.sandbox.announcement().apps["tiktok"].clone();
    let mut form: HashMap<&str, &str> = HashMap::from([
        ("client_key", app.client_id.as_str()),
        ("client_secret", app.client_secret.as_str()),
    ]);
    for (name, value) in fields {
        match *value {
            "" => form.remove(name),
            value => form.insert(name, value),
        };
    }
    let address = format!("{}/v2/oauth/{call}/", house.host("open.tiktokapis.com"));
    house.http.post(address).form(&form).send().await.unwrap()
}

pub async fn exchange(house: &House, code: &str) -> (u16, Value) {
    token(house, &with_code(code)).await
}

pub fn with_code(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

/// The token answer of a sign-in with all of `scopes`.
pub async fn grant(house: &House, account: &str, scopes: &str) -> Value {
    let mut answers = vec![("account", account), ("decision", "allow")];
    answers.extend(scopes.split(',').map(|scope| ("scope", scope)));
    let back = query(&consent(house, &[("scope", scopes)], &answers).await);
    let (status, tokens) = exchange(house, &back["code"]).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

pub async fn sign_in(house: &House, account: &str) -> Tiktoker {
    sign_in_for(house, account, ALL).await
}

pub async fn sign_in_for(house: &House, account: &str, scopes: &str) -> Tiktoker {
    let tokens = grant(house, account, scopes).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_string();
    Tiktoker {
        http: house.http.clone(),
        api: house.host("open.tiktokapis.com"),
        token: text("access_token"),
        refresh: text("refresh_token"),
    }
}

impl Tiktoker {
    pub fn ask(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.api)).bearer_auth(&self.token)
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        read(self.ask(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    pub async fn creator_info(&self) -> (u16, Value) {
        read(self.ask(Method::POST, "/v2/post/publish/creator_info/query/").send().await.unwrap()).await
    }

    pub async fn init(&self, post: Value, source: Value) -> (u16, Value) {
        self.post("/v2/post/publish/video/init/", json!({ "post_info": post, "source_info": source })).await
    }

    pub async fn draft_init(&self, source: Value) -> (u16, Value) {
        self.post("/v2/post/publish/inbox/video/init/", json!({ "source_info": source })).await
    }

    /// A public post of so many bytes, in chunks of `CHUNK` where there is more than one.
    pub async fn begin(&self, size: usize) -> Upload {
        self.begin_for(post("PUBLIC_TO_EVERYONE"), size).await
    }

    pub async fn begin_for(&self, post: Value, size: usize) -> Upload {
        begun(self.init(post, file(size)).await)
    }

    /// A draft for the inbox.
    pub async fn draft(&self, size: usize) -> Upload {
        begun(self.draft_init(file(size)).await)
    }

    pub fn put(&self, url: &str, range: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let ask = self.http.put(url).header("Content-Type", "video/mp4").body(body);
        if range.is_empty() { ask } else { ask.header("Content-Range", range) }
    }

    /// Sends bytes `first..end` of `all`: status and progress header.
    pub async fn chunk(&self, upload: &Upload, all: &[u8], first: usize, end: usize) -> (u16, String) {
        seen(&self.try_chunk(upload, all, first, end).await.unwrap())
    }

    pub async fn try_chunk(
        &self,
        upload: &Upload,
        all: &[u8],
        first: usize,
        end: usize,
    ) -> reqwest::Result<Response> {
        let range = format!("bytes {first}-{}/{}", end - 1, all.len());
        self.put(&upload.url, &range, all[first..end].to_vec()).send().await
    }

    /// Sends everything that was planned.
    pub async fn send(&self, upload: &Upload, all: &[u8]) {
        let count = (all.len() / CHUNK).max(1);
        for n in 0..count {
            let end = if n + 1 == count { all.len() } else { (n + 1) * CHUNK };
            let (status, _) = self.chunk(upload, all, n * CHUNK, end).await;
            assert_eq!(status, if n + 1 == count { 201 } else { 206 });
        }
    }

    pub async fn status(&self, id: &str) -> (u16, Value) {
        self.post("/v2/post/publish/status/fetch/", json!({ "publish_id": id })).await
    }

    /// `status` of the data, in one word.
    pub async fn stage(&self, id: &str) -> String {
        let (status, body) = self.status(id).await;
        assert_eq!(status, 200, "{body}");
        body["data"]["status"].as_str().unwrap().to_string()
    }
}

pub fn begun((status, body): (u16, Value)) -> Upload {
    assert_eq!(status, 200, "{body}");
    let text = |name: &str| body["data"][name].as_str().unwrap().to_string();
    Upload { id: text("publish_id"), url: text("upload_url") }
}

pub fn post(level: &str) -> Value {
    json!({
        "privacy_level": level, "title": "A cake #baking", "disable_comment": false, "disable_duet": true,
        "disable_stitch": true, "brand_content_toggle": false, "brand_organic_toggle": false,
    })
}

/// The plan of a file of so many bytes.
pub fn file(size: usize) -> Value {
    let count = (size / CHUNK).max(1);
    source(size, if count == 1 { size } else { CHUNK }, count)
}

pub fn source(size: usize, chunk: usize, count: usize) -> Value {
    json!({ "source": "FILE_UPLOAD", "video_size": size, "chunk_size": chunk, "total_chunk_count": count })
}

/// The code of an answer in the envelope, which has to be whole.
pub fn code(answer: &(u16, Value)) -> (u16, &str) {
    let error = &answer.1["error"];
    assert!(error["log_id"].as_str().is_some_and(|id| !id.is_empty()), "{}", answer.1);
    assert!(error["message"].is_string(), "{}", answer.1);
    (answer.0, error["code"].as_str().unwrap())
}

/// The code of a flat answer.
pub fn flat(answer: &(u16, Value)) -> (u16, &str) {
    assert!(answer.1["log_id"].as_str().is_some_and(|id| !id.is_empty()), "{}", answer.1);
    (answer.0, answer.1["error"].as_str().unwrap_or("no error"))
}

pub fn seen(answer: &Response) -> (u16, String) {
    let range = answer.headers().get("content-range").map(|value| value.to_str().unwrap().to_string());
    (answer.status().as_u16(), range.unwrap_or_default())
}
