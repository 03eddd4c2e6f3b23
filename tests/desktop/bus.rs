//! The story's own session bus, and everything that was said on it about notifications.
//!
//! The daemon that shows them is a real one; a monitor writes down what it was asked to show.

use super::kept::Kept;
use anyhow::Context;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use zbus::blocking::{Connection, MessageIterator, connection};
use zbus::zvariant::OwnedValue;

pub struct Bus {
    pub address: String,
    _daemon: Kept,
    seen: Arc<Mutex<Vec<Notice>>>,
    mine: Connection,
}

/// A notification, as its daemon was asked to show it.
#[derive(Clone, Debug)]
pub struct Notice {
    pub app: String,
    pub title: String,
    pub text: String,
    /// Name and label, in turns.
    pub actions: Vec<String>,
}

/// No service may be started by being spoken to: what is there was started by the story.
const SET_UP: &str = r#"<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

impl Bus {
    pub fn start(ground: &Path) -> anyhow::Result<Bus> {
        let set_up = ground.join("bus.conf");
        std::fs::write(&set_up, SET_UP)?;
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(&set_up).args(["--print-address=1", "--nofork", "--nopidfile"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut daemon = Kept::start("dbus-daemon", command)?;
        let mut address = String::new();
        BufReader::new(daemon.output().context("no output")?).read_line(&mut address)?;
        let address = address.trim().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        watch(&address, seen.clone())?;
        let mine = connect(&address)?;
        Ok(Bus { address, _daemon: daemon, seen, mine })
    }

    /// Everything that was to be shown so far, oldest first.
    pub fn notices(&self) -> Vec<Notice> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody on the bus has this name.
    pub fn has(&self, name: &str) -> bool {
        let bus = "org.freedesktop.DBus";
        let asked =
            self.mine.call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), "NameHasOwner", &name);
        asked.ok().and_then(|answer| answer.body().deserialize::<bool>().ok()).unwrap_or(false)
    }

    /// Locks the keyring, as the system may at any time.
    pub fn lock_keyring(&self) -> anyhow::Result<()> {
        let secrets = "org.freedesktop.secrets";
        let which = vec![zbus::zvariant::ObjectPath::try_from("/org/freedesktop/secrets/collection/login")?];
        self.mine
            .call_method(
                Some(secrets),
                "/org/freedesktop/secrets",
                Some("org.freedesktop.Secret.Service"),
                "Lock",
                &(which,),
            )
            .context("locking the keyring")?;
        Ok(())
    }
}

fn connect(address: &str) -> anyhow::Result<Connection> {
    Ok(connection::Builder::address(address)?.build()?)
}

/// A thread that ends with the bus.
fn watch(address: &str, seen: Arc<Mutex<Vec<Notice>>>) -> anyhow::Result<()> {
    let connection = connect(address)?;
    let messages = MessageIterator::from(connection.clone());
    let rules = vec!["type='method_call',interface='org.freedesktop.Notifications',member='Notify'"];
    let bus = "org.freedesktop.DBus";
    connection
        .call_method(
            Some(bus),
            "/org/freedesktop/DBus",
            Some("org.freedesktop.DBus.Monitoring"),
            "BecomeMonitor",
            &(rules, 0u32),
        )
        .context("monitoring the bus")?;
    std::thread::spawn(move || {
        type Given = (String, u32, String, String, String, Vec<String>, HashMap<String, OwnedValue>, i32);
        for message in messages.flatten() {
            if message.header().member().is_none_or(|member| member.as_str() != "Notify") {
                continue;
            }
            if let Ok((app, _, _, title, text, actions, _, _)) = message.body().deserialize::<Given>() {
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(Notice {
                    app,
                    title,
                    text,
                    actions,
                });
            }
        }
    });
    Ok(())
}
