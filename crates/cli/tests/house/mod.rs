//! A home on disk, the real binary, and a browser that says yes. Each test file uses a part of it.
#![allow(dead_code, clippy::unwrap_used)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

pub const PASSPHRASE: &str = "correct horse";

/// One person's folder.
pub struct House {
    pub folder: tempfile::TempDir,
    pub hosts: Option<PathBuf>,
}

impl House {
    pub fn new() -> House {
        House { folder: tempfile::tempdir().unwrap(), hosts: None }
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The binary with this home and a file vault, and nothing of the environment that could change its answers.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = slipway(args);
        command
            .env("SLIPWAY_HOME", self.home())
            .env("SLIPWAY_VAULT", "file")
            .env("SLIPWAY_PASSPHRASE", PASSPHRASE);
        if let Some(hosts) = &self.hosts {
            command.arg("--hosts").arg(hosts);
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::new(args, self.command(args).output().unwrap())
    }

    /// Expects success and one JSON answer.
    pub fn json(&self, args: &[&str]) -> Value {
        let ran = Ran::new(args, self.command(args).arg("--json").output().unwrap());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.last_json()
    }

    /// Expects a refusal with this exit code and problem.
    pub fn refused(&self, args: &[&str], exit: i32, code: &str) -> Value {
        let ran = Ran::new(args, self.command(args).arg("--json").output().unwrap());
        assert_eq!(ran.code, exit, "{ran:?}");
        let error = ran.last_json()["error"].clone();
        assert_eq!(error["code"], code, "{ran:?}");
        assert!(error["message"].as_str().is_some_and(|text| text.ends_with(['.', '?'])), "{error}");
        error
    }

    /// A file that is built like a video.
    pub fn video(&self, name: &str, seed: u64) -> String {
        let path = self.folder.path().join(name);
        let video = slipway_core::media::fixture::mp4().picture(1080, 1920).duration_ms(12_000).seed(seed);
        video.write(&path).unwrap();
        path.to_str().unwrap().to_string()
    }

    /// Signs the first creator in, as a person with a browser does.
    pub fn connect(&self) -> Value {
        let mut child = Running::start(self.command(&["connect", "youtube", "--no-browser", "--json"]));
        let address = child.line()["open"].as_str().unwrap().to_string();
        agree(&address);
        let account = child.line()["accounts"][0].clone();
        assert_eq!(child.wait(), 0);
        account
    }
}

pub fn slipway(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slipway"));
    command.args(args).stdin(Stdio::null()).env("TZ", "Europe/Berlin");
    for name in ["SLIPWAY_HOME", "SLIPWAY_VAULT", "SLIPWAY_PASSPHRASE", "SLIPWAY_CLIENT_SECRET", "NO_COLOR"] {
        command.env_remove(name);
    }
    command
}

/// How a call of the binary ended.
#[derive(Debug)]
pub struct Ran {
    pub args: Vec<String>,
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn new(args: &[&str], output: Output) -> Ran {
        Ran {
            args: args.iter().map(|arg| (*arg).to_string()).collect(),
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn last_json(&self) -> Value {
        let line = self.out.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A program that goes on until it is ended.
pub struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    pub fn start(mut command: Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Running { child, out }
    }

    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Reads lines until one fits.
    pub fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.line();
            if fits(&line) {
                return line;
            }
        }
    }

    pub fn wait(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Asks it to end, as a system that shuts down does.
    #[cfg(unix)]
    pub fn terminate(self) -> i32 {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        self.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sandbox in a process of its own, and a house that speaks to it.
pub fn practise() -> (House, Running) {
    let mut house = House::new();
    let hosts = house.folder.path().join("hosts.json");
    let announce = hosts.to_str().unwrap();
    let mut sandbox =
        Running::start(slipway(&["sandbox", "--json", "--announce", announce, "--processing-ms", "50"]));
    assert!(sandbox.line()["page"].as_str().is_some());
    house.hosts = Some(hosts);
    (house, sandbox)
}

/// Opens the consent page and says yes to everything.
pub fn agree(address: &str) {
    let (origin, _) = split(address);
    let page = http("GET", address, "");
    let request = page.split("name=request value=\"").nth(1).unwrap().split('"').next().unwrap();
    let body = format!("request={request}&account=mira&decision=allow");
    let answer = http("POST", &format!("http://{origin}/signin/consent"), &body);
    let back = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_string())
    });
    http("GET", &back.unwrap(), "");
}

fn split(address: &str) -> (&str, &str) {
    let rest = address.strip_prefix("http://").unwrap();
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

fn http(method: &str, address: &str, body: &str) -> String {
    let (origin, path) = split(address);
    let mut stream = TcpStream::connect(origin).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {origin}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Every file below, by content.
pub fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found
}
