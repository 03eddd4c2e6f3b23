//! What the stories about Facebook and Instagram need: signed-in people, their Pages and accounts, and the calls everybody makes.

use super::{House, read};
use reqwest::{Method, Response};
use serde_json::Value;
use std::time::Duration;

/// Mira's Pages and account, and the others'.
pub const BAKES: &str = "104000000000101";
pub const GARDEN: &str = "104000000000102";
pub const RIDES: &str = "104000000000202";
pub const LETTERS: &str = "104000000000303";
pub const MIRABAKES: &str = "17841400000000101";
pub const ADA_LETTERS: &str = "17841400000000303";

pub const FACEBOOK: [&str; 3] = ["pages_show_list", "pages_read_engagement", "pages_manage_posts"];
pub const INSTAGRAM: [&str; 5] = [
    "instagram_basic",
    "instagram_content_publish",
    "pages_show_list",
    "pages_read_engagement",
    "instagram_manage_contents",
];
pub const LOGIN: [&str; 2] = ["instagram_business_basic", "instagram_business_content_publish"];

pub const GRAPH: &str = "graph.facebook.com";
pub const GRAPH_INSTAGRAM: &str = "graph.instagram.com";

/// Somebody with a token.
pub struct Caller<'h> {
    pub house: &'h House,
    pub host: &'static str,
    pub token: String,
}

impl House {
    pub fn meta_app(&self, name: &str) -> (String, String) {
        let app = &self.sandbox.announcement().apps[name];
        (app.client_id.clone(), app.client_secret.clone())
    }

    /// A person with a long-lived token of the Facebook app.
    pub fn person(&self, account: &str) -> Caller<'_> {
        let granted = self.sandbox.grant_for("facebook", account, &FACEBOOK);
        Caller { house: self, host: GRAPH, token: granted.access_token }
    }

    /// Somebody acting as a Page.
    pub async fn page(&self, account: &str, page: &str) -> Caller<'_> {
        self.person(account).page(page).await
    }

    /// Mira, who posts to her account with Facebook Login.
    pub fn account(&self) -> Caller<'_> {
        let granted = self.sandbox.grant_for("instagram", "mira", &INSTAGRAM);
        Caller { house: self, host: GRAPH, token: granted.access_token }
    }

    /// The same with Instagram Login.
    pub fn login(&self, account: &str) -> Caller<'_> {
        let granted = self.sandbox.grant_for("instagram_login", account, &LOGIN);
        Caller { house: self, host: GRAPH_INSTAGRAM, token: granted.access_token }
    }
}

impl<'h> Caller<'h> {
    pub async fn page(&self, page: &str) -> Caller<'h> {
        let (status, body) = self.get(page, &[("fields", "access_token")]).await;
        assert_eq!(status, 200, "{body}");
        let token = body["access_token"].as_str().unwrap().to_string();
        Caller { house: self.house, host: GRAPH, token }
    }

    pub fn ask(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let address = format!("{}/v25.0/{path}", self.house.host(self.host));
        self.house.http.request(method, address).header("authorization", format!("Bearer {}", self.token))
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
        read(self.ask(Method::GET, path).query(query).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        read(self.ask(Method::POST, path).form(form).send().await.unwrap()).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        read(self.ask(Method::DELETE, path).send().await.unwrap()).await
    }

    /// Sends bytes to an address that was handed out.
    pub async fn send(
        &self,
        address: &str,
        offset: usize,
        size: usize,
        body: Vec<u8>,
    ) -> reqwest::Result<Response> {
        self.house
            .http
            .post(address)
            .header("authorization", format!("OAuth {}", self.token))
            .header("offset", offset)
            .header("file_size", size)
            .header("content-type", "application/octet-stream")
            .body(body)
            .send()
            .await
    }

    /// A whole file from its beginning.
    pub async fn upload(&self, address: &str, all: &[u8]) -> (u16, Value) {
        read(self.send(address, 0, all.len(), all.to_vec()).await.unwrap()).await
    }

    /// Begins a reel: its id and where its bytes go.
    pub async fn start_reel(&self, page: &str) -> (String, String) {
        let (status, body) = self.post(&format!("{page}/video_reels"), &[("upload_phase", "start")]).await;
        assert_eq!(status, 200, "{body}");
        let text = |name: &str| body[name].as_str().unwrap().to_string();
        (text("video_id"), text("upload_url"))
    }

    pub async fn finish_reel(&self, page: &str, id: &str, more: &[(&str, &str)]) -> (u16, Value) {
        let form = [&[("upload_phase", "finish"), ("video_id", id)], more].concat();
        self.post(&format!("{page}/video_reels"), &form).await
    }

    /// A reel with its bytes, not yet finished.
    pub async fn whole_reel(&self, page: &str, all: &[u8]) -> String {
        let (id, address) = self.start_reel(page).await;
        assert_eq!(self.upload(&address, all).await.0, 200);
        id
    }

    pub async fn status(&self, video: &str) -> Value {
        let (status, body) = self.get(video, &[("fields", "status")]).await;
        assert_eq!(status, 200, "{body}");
        body["status"].clone()
    }

    /// A container to send bytes to: its id and where they go.
    pub async fn container(&self, form: &[(&str, &str)]) -> (String, String) {
        let form = [form, &[("upload_type", "resumable")]].concat();
        let (status, body) = self.post(&format!("{MIRABAKES}/media"), &form).await;
        assert_eq!(status, 200, "{body}");
        let text = |name: &str| body[name].as_str().unwrap().to_string();
        (text("id"), text("uri"))
    }

    /// A container with its bytes, processed.
    pub async fn ready(&self, form: &[(&str, &str)], all: &[u8]) -> String {
        let (id, address) = self.container(form).await;
        let (status, body) = self.upload(&address, all).await;
        assert_eq!(status, 200, "{body}");
        self.house.sandbox.advance(Duration::from_secs(3));
        id
    }

    pub async fn status_code(&self, container: &str) -> String {
        let (status, body) = self.get(container, &[("fields", "status_code")]).await;
        assert_eq!(status, 200, "{body}");
        body["status_code"].as_str().unwrap().to_string()
    }

    pub async fn publish(&self, container: &str) -> (u16, Value) {
        self.post(&format!("{MIRABAKES}/media_publish"), &[("creation_id", container)]).await
    }
}

/// Code and sub-code of a Graph error.
pub fn code(body: &Value) -> (i64, Option<i64>) {
    let error = &body["error"];
    (error["code"].as_i64().unwrap_or_else(|| panic!("no error: {body}")), error["error_subcode"].as_i64())
}

/// Type of a refusal of bytes.
pub fn kind(body: &Value) -> &str {
    body["debug_info"]["type"].as_str().unwrap_or("no debug_info")
}
