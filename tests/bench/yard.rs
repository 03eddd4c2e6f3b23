//! Where the measuring happens: a sandbox in a process of its own, a home, the release program, and a bearer for `curl`.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::clock::Clock;
use slipway_core::engine::{Engine, House};
use slipway_core::media::fixture;
use slipway_core::vault::file::FileVault;
use slipway_core::wire::hosts::Hosts;
use slipway_stories::Person;
use slipway_stories::binary::slipway;
use slipway_stories::person::browser;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use url::Url;

const PASSPHRASE: &str = "bench";

pub struct Yard {
    sandbox: Child,
    pub said: Value,
    pub ground: tempfile::TempDir,
    pub http: reqwest::Client,
    program: PathBuf,
}

impl Drop for Yard {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

impl Yard {
    /// A sandbox without hashing and without processing time, and the first channel of YouTube connected.
    pub async fn new() -> anyhow::Result<Yard> {
        let yard = Yard::bare().await?;
        yard.settings(json!({"uploads_per_day": 1_000_000, "pool": 1_000_000_000})).await?;
        yard.connect("youtube", json!({"uploads": 1_000_000, "pool": 1_000_000_000})).await?;
        Ok(yard)
    }

    /// The same with nothing connected yet.
    pub async fn bare() -> anyhow::Result<Yard> {
        let program = slipway()?;
        if program.components().any(|part| part.as_os_str() == "debug") {
            eprintln!("This is a debug build: its figures mean nothing.");
        }
        let ground = tempfile::Builder::new().prefix("bench-").tempdir()?;
        let mut sandbox = Command::new(&program)
            .args(["sandbox", "--json", "--discard-bytes", "--processing-ms", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the sandbox")?;
        let mut line = String::new();
        BufReader::new(sandbox.stdout.take().context("no output")?).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("reading the announcement")?;
        std::fs::write(ground.path().join("hosts.json"), &line)?;
        let yard = Yard { sandbox, said, ground, http: browser()?, program };
        yard.settings(json!({"hash": false})).await?;
        Ok(yard)
    }

    /// Adds the sandbox's developer app and signs in the first person; the channel's number. `quotas`: what the app may, where not the platform's own.
    pub async fn connect(&self, platform: &str, quotas: Value) -> anyhow::Result<i64> {
        let engine = self.engine()?;
        let app = &self.said["apps"][platform];
        let given = json!({
            "platform": platform,
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "flags": app["flags"],
            "quotas": quotas,
        });
        slipway_stories::call(&engine, "apps.add", given).await?;
        Person::default().connect(&engine, platform).await
    }

    /// The same home, opened in this process: to queue posts, never to run them.
    pub fn engine(&self) -> anyhow::Result<Engine> {
        let folder = self.folder();
        std::fs::create_dir_all(&folder)?;
        let vault = FileVault::open(&folder.join("vault.bin"), PASSPHRASE.to_string().into())?;
        Ok(Engine::open(House {
            folder,
            hosts: Hosts::from_json(&self.said)?,
            vault: Arc::new(vault),
            platforms: slipway_platforms::all(),
            clock: Clock::system(),
        })?)
    }

    pub fn folder(&self) -> PathBuf {
        self.ground.path().join("home/sandbox")
    }

    pub fn database(&self) -> PathBuf {
        self.folder().join("slipway.db")
    }

    /// A sparse video: it takes no room, and both sides read it the same way.
    pub fn video(&self, name: &str, bytes: u64, seed: u64) -> anyhow::Result<PathBuf> {
        let path = self.ground.path().join(name);
        let video = fixture::mp4().picture(1080, 1920).duration_ms(60_000).media_len(bytes).seed(seed);
        if bytes > 1 << 24 {
            video.sparse().write(&path)?
        } else {
            video.write(&path)?
        }
        Ok(path)
    }

    pub fn slipway(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("SLIPWAY_PASSPHRASE", PASSPHRASE)
            .arg("--home")
            .arg(self.ground.path().join("home"))
            .args(["--vault", "file", "--hosts"])
            .arg(self.ground.path().join("hosts.json"))
            .args(args);
        command
    }

    async fn api(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let page = self.said["page"].as_str().context("no page")?;
        let mut request = self.http.request(method, format!("{page}/api/{path}"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    pub async fn settings(&self, change: Value) -> anyhow::Result<()> {
        self.api(reqwest::Method::POST, "settings", Some(change)).await.map(drop)
    }

    pub async fn faults(&self, faults: Value) -> anyhow::Result<()> {
        self.api(reqwest::Method::POST, "faults", Some(faults)).await.map(drop)
    }

    pub async fn state(&self) -> anyhow::Result<Value> {
        self.api(reqwest::Method::GET, "state", None).await
    }

    pub async fn calls(&self) -> anyhow::Result<Vec<Value>> {
        let calls = self.api(reqwest::Method::GET, "calls", None).await?;
        Ok(calls.as_array().context("no list of calls")?.clone())
    }

    pub async fn forget_calls(&self) -> anyhow::Result<()> {
        self.api(reqwest::Method::DELETE, "calls", None).await.map(drop)
    }

    pub fn host(&self, name: &str) -> anyhow::Result<&str> {
        self.said["hosts"][name].as_str().with_context(|| format!("no host {name}"))
    }

    /// Signs in as any client would, and has an access token.
    pub async fn bearer(&self) -> anyhow::Result<String> {
        let door = std::net::TcpListener::bind("127.0.0.1:0")?;
        let back = format!("http://127.0.0.1:{}", door.local_addr()?.port());
        let app = &self.said["apps"]["youtube"];
        let (id, secret) = (
            app["client_id"].as_str().context("no id")?,
            app["client_secret"].as_str().context("no secret")?,
        );
        let address = Url::parse_with_params(
            &format!("{}/o/oauth2/v2/auth", self.host("accounts.google.com")?),
            [
                ("client_id", id),
                ("redirect_uri", &back),
                ("response_type", "code"),
                ("scope", "https://www.googleapis.com/auth/youtube.upload"),
                ("state", "bench"),
                ("access_type", "offline"),
            ],
        )?;
        let answered = tokio::task::spawn_blocking(move || -> anyhow::Result<String> {
            let (mut caller, _) = door.accept()?;
            let mut request = [0; 4096];
            let read = caller.read(&mut request)?;
            caller.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
            let line =
                String::from_utf8_lossy(&request[..read]).lines().next().unwrap_or_default().to_string();
            let path = line.split(' ').nth(1).context("no path")?;
            let url = Url::parse("http://127.0.0.1")?.join(path)?;
            let code = url.query_pairs().find(|(key, _)| key == "code").map(|(_, code)| code.into_owned());
            code.context("no code")
        });
        Person::default().click_through(&address).await?;
        let code = answered.await??;
        let form = [
            ("code", code.as_str()),
            ("client_id", id),
            ("client_secret", secret),
            ("redirect_uri", &back),
            ("grant_type", "authorization_code"),
        ];
        let url = format!("{}/token", self.host("oauth2.googleapis.com")?);
        let granted: Value = self.http.post(url).form(&form).send().await?.error_for_status()?.json().await?;
        Ok(granted["access_token"].as_str().context("no token")?.to_string())
    }

    /// Opens an upload session with one small request; `curl` then sends the file there.
    pub async fn curl(&self, bearer: &str, file: &Path) -> anyhow::Result<Command> {
        let url = format!(
            "{}/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status",
            self.host("www.googleapis.com")?
        );
        let opened = self
            .http
            .post(url)
            .bearer_auth(bearer)
            .header("X-Upload-Content-Length", std::fs::metadata(file)?.len())
            .header("X-Upload-Content-Type", "video/mp4")
            .json(&json!({"snippet": {"title": "By curl"}, "status": {"privacyStatus": "private"}}))
            .send()
            .await?;
        ensure!(opened.status().is_success(), "opening a session: {}", opened.text().await?);
        let session = opened.headers().get("location").context("no session")?.to_str()?.to_string();
        let mut curl = Command::new("curl");
        // Without "Expect: 100-continue", which would cost curl a second or a round trip.
        curl.args([
            "-sS",
            "--fail",
            "-o",
            "/dev/null",
            "-H",
            "Expect:",
            "-H",
            "Content-Type: video/mp4",
            "-H",
        ]);
        curl.arg(format!("Authorization: Bearer {bearer}")).arg("-T").arg(file).arg(session);
        Ok(curl)
    }

    /// Queues a video; the number of its delivery.
    pub async fn post(&self, engine: &Engine, file: &Path, title: &str, more: Value) -> anyhow::Result<i64> {
        let mut given = json!({"again": true});
        if let (Some(given), Some(more)) = (given.as_object_mut(), more.as_object()) {
            given.extend(more.clone());
        }
        slipway_stories::post(engine, file, title, given).await
    }
}
