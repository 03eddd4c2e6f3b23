//! A session bus and a keyring of this place's own, so that two data folders share one keychain as on a person's computer.

use anyhow::Context;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SET_UP: &str = r#"<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>"#;
/// Of this keyring. Guards nothing.
const PASSWORD: &[u8] = b"torture";

/// Both end with it.
pub struct Keyring {
    address: String,
    ground: PathBuf,
    bus: Child,
    daemon: Option<Child>,
}

impl Drop for Keyring {
    fn drop(&mut self) {
        self.end();
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

impl Keyring {
    pub fn start(ground: &Path) -> anyhow::Result<Keyring> {
        let folder = ground.join("keyring");
        std::fs::create_dir(&folder)?;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        let set_up = folder.join("bus.conf");
        std::fs::write(&set_up, SET_UP)?;
        let mut bus = Command::new("dbus-daemon");
        bus.arg("--config-file").arg(&set_up).args(["--print-address=1", "--nofork", "--nopidfile"]);
        let bus = bus.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let bus = bus.context("dbus-daemon did not start; `./dev test` installs it (package dbus)")?;
        let (address, ground) = (String::new(), ground.to_path_buf());
        let mut keyring = Keyring { address, ground, bus, daemon: None };
        let said = keyring.bus.stdout.take().context("no output")?;
        BufReader::new(said).read_line(&mut keyring.address)?;
        keyring.address = keyring.address.trim().into();
        keyring.begin()?;
        Ok(keyring)
    }

    /// Ends it and starts it again, as a person does by signing out and in. It never outlives some thousand programs that were
    /// killed while they spoke to it.
    pub fn renew(&mut self) -> anyhow::Result<()> {
        self.is_alive()?;
        self.end();
        self.begin()
    }

    /// # Errors
    /// It ended by itself: whatever was waiting for a secret proves nothing.
    pub fn is_alive(&mut self) -> anyhow::Result<()> {
        let ended = self.daemon.as_mut().map(Child::try_wait).transpose()?.flatten();
        anyhow::ensure!(ended.is_none(), "the keyring ended by itself: {ended:?}");
        Ok(())
    }

    fn begin(&mut self) -> anyhow::Result<()> {
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon.args(["--foreground", "--unlock", "--components=secrets"]);
        daemon.envs(self.env(&self.ground)).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = daemon.spawn().context(
            "gnome-keyring-daemon did not start; `./dev test` installs it (package gnome-keyring)",
        )?;
        let daemon = self.daemon.insert(daemon);
        daemon.stdin.take().context("no input")?.write_all(PASSWORD)?;
        self.is_up()
    }

    fn end(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }

    /// For programs that are to use it.
    pub fn env(&self, ground: &Path) -> Vec<(String, String)> {
        vec![
            ("DBUS_SESSION_BUS_ADDRESS".into(), self.address.clone()),
            ("XDG_RUNTIME_DIR".into(), ground.join("keyring").to_string_lossy().into_owned()),
            ("XDG_DATA_HOME".into(), ground.join("keyring").to_string_lossy().into_owned()),
        ]
    }

    fn is_up(&self) -> anyhow::Result<()> {
        let bus = zbus::blocking::connection::Builder::address(self.address.as_str())?.build()?;
        let began = Instant::now();
        loop {
            let name = "org.freedesktop.DBus";
            let asked = bus.call_method(
                Some(name),
                "/org/freedesktop/DBus",
                Some(name),
                "NameHasOwner",
                &"org.freedesktop.secrets",
            )?;
            if asked.body().deserialize::<bool>()? {
                return Ok(());
            }
            anyhow::ensure!(began.elapsed() < Duration::from_secs(60), "the keyring did not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
