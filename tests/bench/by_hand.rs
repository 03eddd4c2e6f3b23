//! What one would do without Slipway: a token, one request that opens an upload, and `curl` sending the bytes there.
//!
//! The opening is not measured, and nothing is published: only the body counts, as it does for YouTube.

use crate::yard::Yard;
use anyhow::{Context, ensure};
use reqwest::{RequestBuilder, header};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const GRAPH: &str = "graph.facebook.com";

/// A file as it goes to the platform: whole, or cut as the engine cut it.
pub struct Parts {
    whole: PathBuf,
    size: u64,
    parts: Vec<(PathBuf, u64)>,
}

impl Parts {
    pub fn whole(file: &Path) -> anyhow::Result<Parts> {
        let size = std::fs::metadata(file)?.len();
        Ok(Parts { whole: file.into(), size, parts: vec![(file.into(), size)] })
    }

    /// Cuts copies of it into files of these lengths, since `curl` can't send a part of one. What is empty stays sparse.
    pub fn cut(file: &Path, lengths: &[u64], folder: &Path) -> anyhow::Result<Parts> {
        let size = std::fs::metadata(file)?.len();
        ensure!(lengths.iter().sum::<u64>() == size, "the chunks are not the file");
        let mut from = File::open(file)?;
        let mut parts = Vec::new();
        let mut block = vec![0; 1 << 20];
        for (nth, length) in lengths.iter().enumerate() {
            let path = folder.join(format!("{size}-{nth:04}.part"));
            let mut part = File::create(&path)?;
            part.set_len(*length)?;
            let mut at = 0;
            while at < *length {
                let len = block.len().min(usize::try_from(length - at)?);
                from.read_exact(&mut block[..len])?;
                if block[..len].iter().any(|byte| *byte != 0) {
                    part.seek(SeekFrom::Start(at))?;
                    part.write_all(&block[..len])?;
                }
                at += len as u64;
            }
            parts.push((path, *length));
        }
        Ok(Parts { whole: file.into(), size, parts })
    }
}

/// One process that opens its uploads one after the other over one connection.
pub struct Curl {
    command: Command,
    first: bool,
}

impl Curl {
    pub fn new() -> Curl {
        Curl { command: Command::new("curl"), first: true }
    }

    pub fn into_command(self) -> Command {
        self.command
    }

    /// `-T` streams from disk; `--data-binary` would take the whole file into memory first.
    fn send(&mut self, method: &str, file: &Path, to: &str, headers: &[(&str, String)]) {
        if !std::mem::take(&mut self.first) {
            self.command.arg("--next");
        }
        self.command.args(["-sS", "--fail", "-o", "/dev/null", "-X", method]);
        // Without "Expect: 100-continue", which would cost curl a second or a round trip.
        self.command.args(["-H", "Expect:"]);
        for (name, value) in headers {
            self.command.arg("-H").arg(format!("{name}: {value}"));
        }
        // An address whose path ends in a slash would get the file's name behind it, so the path is said apart.
        let (host, path) =
            to.split_once("://").and_then(|(_, rest)| rest.split_once('/')).unwrap_or((to, ""));
        self.command.arg("--request-target").arg(format!("/{path}")).arg("-T").arg(file);
        self.command.arg(format!("http://{host}/-"));
    }
}

impl Curl {
    /// The whole of it in one request, as Meta's upload host wants it.
    fn send_to_rupload(&mut self, address: &Value, token: &str, parts: &Parts) -> anyhow::Result<()> {
        let headers = [
            ("Authorization", format!("OAuth {token}")),
            ("offset", "0".into()),
            ("file_size", parts.size.to_string()),
            ("Content-Type", "application/octet-stream".into()),
        ];
        self.send("POST", &parts.whole, address.as_str().context("no address")?, &headers);
        Ok(())
    }
}

impl Yard {
    /// An access token of whoever signed in last, as the sandbox knows it.
    async fn token(&self, begins: &str) -> anyhow::Result<String> {
        let state = self.state().await?;
        let secrets = state["secrets"].as_array().context("no secrets")?;
        let token = secrets.iter().rev().filter_map(Value::as_str).find(|secret| secret.starts_with(begins));
        Ok(token.with_context(|| format!("nobody has a token {begins}…"))?.to_string())
    }

    /// The Page's own token under a sign-in that may do this, and the ids of the Page and of the Instagram account linked to it.
    async fn page(&self, scope: &str) -> anyhow::Result<(String, String, String)> {
        let state = self.state().await?;
        let secrets = state["secrets"].as_array().context("no secrets")?;
        // Tokens of Pages look like those of people, and only a person's has Pages.
        for token in secrets.iter().rev().filter_map(Value::as_str).filter(|secret| secret.starts_with("EAA"))
        {
            let granted = self.graph("me/permissions", token, "").await?;
            let may = |given: &Value| given["permission"] == scope && given["status"] == "granted";
            if !granted["data"].as_array().is_some_and(|all| all.iter().any(may)) {
                continue;
            }
            let fields = "id,access_token,instagram_business_account{id}";
            let page = &self.graph("me/accounts", token, fields).await?["data"][0];
            let text = |value: &Value| value.as_str().map(str::to_string);
            if let (Some(token), Some(id)) = (text(&page["access_token"]), text(&page["id"])) {
                // Not shown to a sign-in that was not asked about Instagram.
                let instagram = text(&page["instagram_business_account"]["id"]).unwrap_or_default();
                return Ok((token, id, instagram));
            }
        }
        anyhow::bail!("nobody has a Page and {scope}")
    }

    /// What Graph answers, refusals too.
    async fn graph(&self, path: &str, token: &str, fields: &str) -> anyhow::Result<Value> {
        let call = self.http.get(format!("{}/v25.0/{path}", self.host(GRAPH)?));
        let call = call.query(&[("access_token", token), ("fields", fields)]);
        Ok(call.send().await?.json().await?)
    }

    async fn opened(&self, call: RequestBuilder) -> anyhow::Result<Value> {
        let answer = call.send().await?;
        let (good, text) = (answer.status().is_success(), answer.text().await?);
        ensure!(good, "opening an upload: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    async fn opened_by_graph(&self, path: &str, token: &str, form: &[(&str, &str)]) -> anyhow::Result<Value> {
        let call = self.http.post(format!("{}/v25.0/{path}", self.host(GRAPH)?));
        self.opened(call.bearer_auth(token).form(form)).await
    }

    /// The same chunks as the engine's to an address of an init of its own.
    pub async fn to_tiktok(&self, curl: &mut Curl, parts: &Parts) -> anyhow::Result<()> {
        let source = json!({
            "source": "FILE_UPLOAD",
            "video_size": parts.size,
            "chunk_size": parts.parts[0].1,
            "total_chunk_count": parts.parts.len(),
        });
        let post = json!({
            "privacy_level": "SELF_ONLY",
            "brand_content_toggle": false,
            "brand_organic_toggle": false,
        });
        let call = self
            .http
            .post(format!("{}/v2/post/publish/video/init/", self.host("open.tiktokapis.com")?))
            .bearer_auth(self.token("act.").await?)
            .header(header::CONTENT_TYPE, "application/json; charset=UTF-8")
            .body(json!({"post_info": post, "source_info": source}).to_string());
        let opened = self.opened(call).await?;
        let address = opened["data"]["upload_url"].as_str().context("no address")?;
        let mut from = 0;
        for (part, length) in &parts.parts {
            let range = format!("bytes {from}-{}/{}", from + length - 1, parts.size);
            let headers = [("Content-Type", "video/mp4".into()), ("Content-Range", range)];
            curl.send("PUT", part, address, &headers);
            from += length;
        }
        Ok(())
    }

    /// One request to a container of its own.
    pub async fn to_instagram(&self, curl: &mut Curl, parts: &Parts) -> anyhow::Result<()> {
        let (token, _, account) = self.page("instagram_content_publish").await?;
        let wishes = [("media_type", "REELS"), ("upload_type", "resumable")];
        let opened = self.opened_by_graph(&format!("{account}/media"), &token, &wishes).await?;
        curl.send_to_rupload(&opened["uri"], &token, parts)
    }

    /// One request to a reel of its own, which is never finished.
    pub async fn to_facebook(&self, curl: &mut Curl, parts: &Parts) -> anyhow::Result<()> {
        let (token, page, _) = self.page("pages_manage_posts").await?;
        let opened = self
            .opened_by_graph(&format!("{page}/video_reels"), &token, &[("upload_phase", "start")])
            .await?;
        curl.send_to_rupload(&opened["upload_url"], &token, parts)
    }
}
