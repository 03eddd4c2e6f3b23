//! A session bus and a keyring of this place's own, so that two data folders share one keychain as on a person's computer.

use anyhow::Context;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SET_UP: &str = r#"<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>"#;
/// Of this keyring. Guards nothing.
const PASSWORD: &[u8] = b"torture";

/// Both end with it.
pub struct Keyring {
    address: String,
    children: Vec<Child>,
}

impl Drop for Keyring {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
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
        let mut keyring = Keyring {
            address: String::new(),
            children: vec![
                bus.context("dbus-daemon did not start; `./dev test` installs it (package dbus)")?,
            ],
        };
        let said = keyring.children[0].stdout.take().context("no output")?;
        BufReader::new(said).read_line(&mut keyring.address)?;
        keyring.address = keyring.address.trim().into();
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon.args(["--foreground", "--unlock", "--components=secrets"]);
        daemon.envs(keyring.env(ground)).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = daemon.spawn();
        keyring.children.push(daemon.context(
            "gnome-keyring-daemon did not start; `./dev test` installs it (package gnome-keyring)",
        )?);
        keyring.children[1].stdin.take().context("no input")?.write_all(PASSWORD)?;
        keyring.is_up()?;
        Ok(keyring)
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
