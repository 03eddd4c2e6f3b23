//! The system's side of sleep: who asks that it be held off is given a descriptor, and is heard for as long as that is open.

use super::bus::Bus;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use zbus::blocking::Connection;
use zbus::zvariant::OwnedFd;

pub struct Sleep {
    _connection: Connection,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// One wish, as it came.
struct Asked {
    what: String,
    who: String,
    why: String,
    mode: String,
    end: UnixStream,
}

struct Logind(Arc<Mutex<Vec<Asked>>>);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Logind {
    fn inhibit(&self, what: String, who: String, why: String, mode: String) -> zbus::fdo::Result<OwnedFd> {
        let failed = |error: std::io::Error| zbus::fdo::Error::Failed(error.to_string());
        let (end, given) = UnixStream::pair().map_err(failed)?;
        end.set_nonblocking(true).map_err(failed)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Asked { what, who, why, mode, end });
        Ok(std::os::fd::OwnedFd::from(given).into())
    }
}

impl Sleep {
    pub fn start(bus: &Bus) -> anyhow::Result<Sleep> {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let connection = zbus::blocking::connection::Builder::address(bus.address.as_str())?
            .serve_at("/org/freedesktop/login1", Logind(asked.clone()))?
            .name("org.freedesktop.login1")?
            .build()?;
        Ok(Sleep { _connection: connection, asked })
    }

    /// What is held off now, with who asks and why: `sleep: Slipway (Sending a video), block`.
    pub fn held(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |one: &&Asked| !matches!((&one.end).read(&mut [0]), Ok(0));
        asked
            .iter()
            .filter(open)
            .map(|one| format!("{}: {} ({}), {}", one.what, one.who, one.why, one.mode))
            .collect()
    }

    /// How often it was asked for so far.
    pub fn times(&self) -> usize {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
