//! How fast the sandbox alone takes bytes, so that a client's measurements know their ceiling.
//! `cargo run --release -p slipway-sandbox --example speed -- [GiB]` sends so much from memory over one connection, three ways.

use anyhow::Context;
use slipway_sandbox::{Config, Sandbox, Settings};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let gib: u64 = std::env::args().nth(1).map_or(Ok(4), |text| text.parse()).context("how many GiB?")?;
    for (name, hash, discard) in
        [("counted", false, true), ("hashed", true, true), ("hashed and kept", true, false)]
    {
        let settings = Settings { hash, discard_bytes: discard, ..Settings::default() };
        let sandbox = Sandbox::start(Config { settings, ..Config::default() }).await?;
        let took = upload(&sandbox, gib << 30).await?;
        println!("{name}: {:.2} GB/s", (gib << 30) as f64 / took / 1e9);
        sandbox.stop().await;
    }
    Ok(())
}

/// Seconds it took to send `len` bytes.
async fn upload(sandbox: &Sandbox, len: u64) -> anyhow::Result<f64> {
    let token = sandbox.grant("mira", &["https://www.googleapis.com/auth/youtube.upload"]).access_token;
    let host = &sandbox.announcement().hosts["www.googleapis.com"];
    let address = host.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let words = "{\"snippet\":{\"title\":\"Speed\"},\"status\":{\"privacyStatus\":\"private\"}}";
    let head = format!(
        "POST /upload/youtube/v3/videos?uploadType=resumable&part=snippet,status HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nX-Upload-Content-Length: {len}\r\nContent-Length: {}\r\n\r\n{words}",
        words.len()
    );
    stream.write_all(head.as_bytes()).await?;
    let answer = answer(&mut stream).await?;
    let session = answer.lines().find_map(|line| line.strip_prefix("location: ")).context("a session")?;
    let path = session.strip_prefix(host.as_str()).context("the session's path")?;
    let begun = Instant::now();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Length: {len}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let block = vec![0x5a; 1 << 20];
    let mut left = len;
    while left > 0 {
        let n = left.min(block.len() as u64);
        stream.write_all(&block[..n as usize]).await?;
        left -= n;
    }
    let end = self::answer(&mut stream).await?;
    anyhow::ensure!(end.starts_with("HTTP/1.1 201"), "{end}");
    Ok(begun.elapsed().as_secs_f64())
}

async fn answer(stream: &mut tokio::net::TcpStream) -> anyhow::Result<String> {
    let mut all = Vec::new();
    let mut buffer = [0; 16 << 10];
    while !all.windows(4).any(|end| end == b"\r\n\r\n") {
        let n = stream.read(&mut buffer).await?;
        anyhow::ensure!(n > 0, "the sandbox hung up");
        all.extend_from_slice(&buffer[..n]);
    }
    Ok(String::from_utf8_lossy(&all).into_owned())
}
