//! The desktop a story happens on, and the program started on it.

use super::browser::Browser;
use super::bus::Bus;
use super::hand::Hand;
use super::kept::Kept;
use super::sleep::Sleep;
use super::tray::Tray;
use super::{PATIENCE, Window, until};
use anyhow::Context;
use serde_json::json;
use slipway_core::media::fixture;
use slipway_sandbox::{Config, Sandbox};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub const WIDTH: u32 = 1440;
pub const HEIGHT: u32 = 900;
/// What films shine in: three colours each.
const LIGHTS: [[&str; 3]; 6] = [
    ["0xf0c48c", "0xb4552f", "0x4a2118"],
    ["0xf3d9a4", "0xc79a3c", "0x5a4312"],
    ["0xcfe3d2", "0x5d9a72", "0x1f3f2e"],
    ["0xd9cfee", "0x7a62b8", "0x2f2450"],
    ["0xcfdcea", "0x5f86a6", "0x1f3242"],
    ["0xefb3a2", "0xb2443f", "0x47191c"],
];
/// Films by their source.
static PAINTED: LazyLock<Mutex<HashMap<String, Vec<u8>>>> = LazyLock::new(Mutex::default);
/// Of the story's keyring. Guards nothing.
const PASSWORD: &[u8] = b"story";

/// So many desktops stand at the same time, whatever number of stories is told side by side: each draws all it shows by itself.
static ROOM: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));

/// Fields end in this order: what was started last first.
pub struct Desk {
    _driver: Kept,
    _notifier: Kept,
    _keyring: Kept,
    _windows: Kept,
    pub tray: Tray,
    pub sleep: Sleep,
    pub bus: Bus,
    _screen: Kept,
    pub display: String,
    pub hand: Hand,
    pub sandbox: Sandbox,
    driver: String,
    driver_id: u32,
    env: Vec<(String, String)>,
    pub ground: tempfile::TempDir,
    _room: OwnedSemaphorePermit,
}

/// Where the window's program is: named in `SLIPWAY_DESKTOP`, or built beside the tests.
pub fn program() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("SLIPWAY_DESKTOP").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let me = std::env::current_exe()?;
    let found = me
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("slipway-desktop"))
        .find(|path| path.is_file());
    found.context("The window is not built: run `./dev test window`, or name it in SLIPWAY_DESKTOP.")
}

impl Desk {
    pub async fn new() -> anyhow::Result<Desk> {
        let room = ROOM.clone().acquire_owned().await?;
        let ground = tempfile::tempdir()?;
        for folder in ["user", "run", "home", "videos", "config/dunst"] {
            std::fs::create_dir_all(ground.path().join(folder))?;
        }
        private(&ground.path().join("run"))?;
        let sandbox = Sandbox::start(Config::default()).await?;
        sandbox.settings(|settings| settings.processing_ms = 300);
        std::fs::write(ground.path().join("hosts.json"), serde_json::to_vec(sandbox.announcement())?)?;

        let (screen, display) = screen()?;
        let bus = Bus::start(ground.path())?;
        let at = |name: &str| ground.path().join(name).to_string_lossy().into_owned();
        let env: Vec<(String, String)> = [
            ("HOME", at("user")),
            ("XDG_RUNTIME_DIR", at("run")),
            ("XDG_CONFIG_HOME", at("config")),
            ("XDG_DATA_HOME", at("user/data")),
            ("XDG_CACHE_HOME", at("user/cache")),
            ("DISPLAY", display.clone()),
            ("DBUS_SESSION_BUS_ADDRESS", bus.address.clone()),
            // The system's bus as well: nothing of the computer the story runs on is asked.
            ("DBUS_SYSTEM_BUS_ADDRESS", bus.address.clone()),
            ("GDK_BACKEND", "x11".into()),
            ("XDG_SESSION_TYPE", "x11".into()),
            ("LANG", "en_US.UTF-8".into()),
            ("LANGUAGE", "en".into()),
            ("TZ", "Europe/Amsterdam".into()),
            ("NO_AT_BRIDGE", "1".into()),
            ("GTK_USE_PORTAL", "0".into()),
            ("GSETTINGS_BACKEND", "memory".into()),
            ("LIBGL_ALWAYS_SOFTWARE", "1".into()),
            ("TAURI_WEBVIEW_AUTOMATION", "true".into()),
        ]
        .map(|(name, value)| (name.to_string(), value))
        .into();

        let windows = Kept::start("openbox", command("openbox", &env))?;
        let keyring = keyring(&env)?;
        let set_up = "[global]\nmouse_left_click = do_action, close_current\ntimeout = 0\nfollow = none\norigin = top-right\n";
        std::fs::write(ground.path().join("config/dunst/dunstrc"), set_up)?;
        let notifier = Kept::start("dunst", command("dunst", &env))?;
        let tray = Tray::start(&bus)?;
        let sleep = Sleep::start(&bus)?;
        for name in ["org.freedesktop.secrets", "org.freedesktop.Notifications"] {
            until(name, PATIENCE, || async { Ok(bus.has(name).then_some(())) }).await?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut driving = command("WebKitWebDriver", &env);
        driving.arg(format!("--port={port}")).arg("--host=127.0.0.1");
        let driver = Kept::start("WebKitWebDriver", driving)?;
        let hand = Hand::new(&display);
        Ok(Desk {
            driver_id: driver.id(),
            _driver: driver,
            _notifier: notifier,
            _keyring: keyring,
            _windows: windows,
            tray,
            sleep,
            bus,
            _screen: screen,
            display,
            hand,
            sandbox,
            driver: format!("http://127.0.0.1:{port}"),
            env,
            ground,
            _room: room,
        })
    }

    /// Starts the program as a person does, and waits until its window can be used.
    pub async fn start(&self) -> anyhow::Result<Window<'_>> {
        self.start_with(&[]).await
    }

    pub async fn start_with(&self, more: &[&str]) -> anyhow::Result<Window<'_>> {
        let mut args = self.args();
        args.extend(more.iter().map(ToString::to_string));
        self.start_program(&program()?, &args).await
    }

    /// The same for any program with a Tauri window.
    pub async fn start_program(&self, program: &Path, args: &[String]) -> anyhow::Result<Window<'_>> {
        let browser = until("the driver answers", PATIENCE, || async {
            Browser::open(&self.driver, program, args).await.map(Some)
        })
        .await?;
        let id =
            super::measure::child_running(self.driver_id, program).context("the program does not run")?;
        Ok(Window::new(self, browser, id))
    }

    fn args(&self) -> Vec<String> {
        let at = |name: &str| self.ground.path().join(name).to_string_lossy().into_owned();
        vec!["--home".into(), at("home"), "--hosts".into(), at("hosts.json")]
    }

    /// Starts the program beside the one that runs, as a click on its icon would, and waits for its end.
    pub async fn start_again(&self, more: &[&str]) -> anyhow::Result<std::process::ExitStatus> {
        let mut second = tokio::process::Command::from(command_at(&program()?, &self.env));
        Ok(second.args(self.args()).args(more).kill_on_drop(true).status().await?)
    }

    /// Where the engine keeps the data of this world.
    pub fn folder(&self) -> PathBuf {
        self.ground.path().join("home/sandbox")
    }

    pub fn video(&self, name: &str, bytes: u64, seed: u64) -> anyhow::Result<PathBuf> {
        let path = self.ground.path().join("videos").join(name);
        fixture::mp4().picture(1080, 1920).duration_ms(12_000).media_len(bytes).seed(seed).write(&path)?;
        Ok(path)
    }

    /// A real picture in it, for a player: made by ffmpeg.
    pub fn film(&self, name: &str) -> anyhow::Result<PathBuf> {
        // Warm or cool by its name.
        let [from, over, to] = LIGHTS[name.bytes().map(usize::from).sum::<usize>() % LIGHTS.len()];
        self.copy_of(
            name,
            &format!(
                "gradients=size=720x1280:rate=25:duration=6:nb_colors=3:c0={from}:c1={over}:c2={to}:x0=0:y0=0:x1=640:y1=1640:speed=0.004"
            ),
            &[],
            0,
        )
    }

    /// A film of this source, painted once for all stories of a run: painting takes seconds. Each copy is a film of its own: the same one
    /// twice is asked about.
    fn copy_of(&self, name: &str, source: &str, made: &[&str], again: u32) -> anyhow::Result<PathBuf> {
        let mut painted = PAINTED.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match painted.get(source) {
            Some(bytes) => bytes.clone(),
            None => {
                let path = self.ground.path().join("painted.mp4");
                let args = ["-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-c:v", "libx264"];
                ffmpeg(&[&args[..], &["-preset", "ultrafast"], made].concat(), &path)?;
                let bytes = std::fs::read(&path)?;
                painted.insert(source.into(), bytes.clone());
                bytes
            }
        };
        drop(painted);
        let from = self.ground.path().join("painted.mp4");
        std::fs::write(&from, bytes)?;
        let path = self.ground.path().join("videos").join(name);
        let (from, again, title) = (from.to_string_lossy(), again.to_string(), format!("title={name}"));
        ffmpeg(&["-stream_loop", &again, "-i", &from, "-c", "copy", "-metadata", &title], &path)?;
        Ok(path)
    }

    /// About 12 Mbit a second of noise, whose index stands at its end: nothing of it can be played before it was sought.
    pub fn long_film(&self, name: &str, seconds: u32) -> anyhow::Result<PathBuf> {
        let source = "nullsrc=size=360x640:rate=25:duration=3,noise=alls=100:allf=t";
        let made = ["-g", "25", "-b:v", "12M", "-minrate", "12M", "-maxrate", "12M", "-bufsize", "12M"];
        self.copy_of(name, source, &made, (seconds / 3).saturating_sub(1))
    }

    pub fn fast(&self) {
        self.sandbox.settings(|settings| settings.processing_ms = 50);
    }

    /// Titles of what stands publicly at the simulated platform.
    pub fn public(&self) -> Vec<String> {
        let all = serde_json::to_value(self.sandbox.state().videos).unwrap_or_else(|_| json!([]));
        let list = all.as_array().cloned().unwrap_or_default();
        list.iter()
            .filter(|one| one["privacy"] == "public")
            .filter_map(|one| one["title"].as_str().map(String::from))
            .collect()
    }
}

fn private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

fn command(program: &str, env: &[(String, String)]) -> Command {
    command_at(Path::new(program), env)
}

/// Nothing of the real session is passed on but where programs are.
fn command_at(program: &Path, env: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(env.iter().cloned());
    for name in ["PATH", "TMPDIR", "FONTCONFIG_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let loud = std::env::var_os("SLIPWAY_LOUD").is_some();
    let out = || if loud { Stdio::inherit() } else { Stdio::null() };
    command.stdin(Stdio::null()).stdout(out()).stderr(out());
    command
}

/// A display whose number the server chooses itself.
fn screen() -> anyhow::Result<(Kept, String)> {
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut screen = Kept::start("Xvfb", command)?;
    let mut number = String::new();
    BufReader::new(screen.output().context("no output")?).read_line(&mut number)?;
    anyhow::ensure!(!number.trim().is_empty(), "Xvfb found no display");
    Ok((screen, format!(":{}", number.trim())))
}

fn keyring(env: &[(String, String)]) -> anyhow::Result<Kept> {
    let mut command = command("gnome-keyring-daemon", env);
    command.args(["--foreground", "--unlock", "--components=secrets"]).stdin(Stdio::piped());
    let (keyring, mut password) = Kept::start_asking("gnome-keyring-daemon", command)?;
    password.write_all(PASSWORD)?;
    Ok(keyring)
}

fn ffmpeg(args: &[&str], to: &Path) -> anyhow::Result<()> {
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-nostdin"])
        .args(args)
        .arg(to)
        .status()
        .context("ffmpeg did not start")?;
    anyhow::ensure!(made.success(), "ffmpeg made no film");
    Ok(())
}
