//! Noticing that the network went and came back, by asking the routing table every five seconds.
//!
//! Connecting a UDP socket sends nothing; it only asks the operating system for a route. The addresses are reserved
//! for documentation (RFC 5737, RFC 3849), so no host of anybody's is named.
//!
//! Deliberately not here: whether the internet behind the route answers. A router without a line still gives a route;
//! that is found out by the request that fails, and back-off deals with it.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::Clock;

/// A change of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetNotice {
    /// No route to anywhere: work that needs the network waits, and waiting costs no attempt.
    Offline,
    /// A route is back: ask the table.
    Online,
}

/// Time between two looks.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What was known of the network at the last look. A program starts out hopeful, so that the first look speaks up
/// only when there is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    online: bool,
}

impl Default for Seen {
    fn default() -> Seen {
        Seen { online: true }
    }
}

impl Seen {
    /// Takes the answer of a look and says what changed. No look at all (`None`: the question itself failed) changes
    /// nothing.
    pub fn look(&mut self, has_route: Option<bool>) -> Option<NetNotice> {
        let online = has_route?;
        if online == self.online {
            return None;
        }
        self.online = online;
        Some(if online { NetNotice::Online } else { NetNotice::Offline })
    }
}

/// Starts a task that sends a notice for each change, until the last receiver is dropped. Must be called inside a
/// tokio runtime.
pub fn watch_net(clock: Clock) -> broadcast::Receiver<NetNotice> {
    watch_net_with(clock, has_route)
}

/// As [`watch_net`], with the look given. It must not block: a routing table is asked in microseconds.
pub fn watch_net_with(
    clock: Clock,
    mut has_route: impl FnMut() -> Option<bool> + Send + 'static,
) -> broadcast::Receiver<NetNotice> {
    let (sender, receiver) = broadcast::channel(16);
    tokio::spawn(async move {
        let mut seen = Seen::default();
        while sender.receiver_count() > 0 {
            if let Some(notice) = seen.look(has_route()) {
                tracing::info!(?notice, "the network changed");
                // Sending fails only when the last receiver just went, and the loop ends by that.
                let _ = sender.send(notice);
            }
            clock.sleep(LOOK_EVERY).await;
        }
    });
    receiver
}

/// Whether the operating system has a route to the world, over either protocol; `None` if it would not say.
fn has_route() -> Option<bool> {
    either(route_to("0.0.0.0:0", "192.0.2.1:9"), route_to("[::]:0", "[2001:db8::1]:9"))
}

/// IPv4 is always there to be asked; IPv6 may be compiled out, which each system words differently, so no answer from
/// it counts as no route over it.
fn either(over_v4: Option<bool>, over_v6: Option<bool>) -> Option<bool> {
    if over_v6 == Some(true) { Some(true) } else { over_v4 }
}

fn route_to(from: &str, to: &str) -> Option<bool> {
    match UdpSocket::bind(from).and_then(|socket| socket.connect(to)) {
        Ok(()) => Some(true),
        Err(error) => says_no_route(error.kind()).then_some(false),
    }
}

/// Only these mean "no way there". Out of sockets, or a sandbox that forbids the question, says nothing of the
/// network, and a wrong Offline would hold every post back.
fn says_no_route(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[test]
    fn only_changes_are_told() {
        let check = |looks: &[Option<bool>], expected: &[NetNotice]| {
            let mut seen = Seen::default();
            let told: Vec<NetNotice> = looks.iter().filter_map(|look| seen.look(*look)).collect();
            assert_eq!(told, expected);
        };
        let (up, down) = (Some(true), Some(false));
        use NetNotice::{Offline, Online};
        check(&[up, up, None, up], &[]);
        check(&[None, None], &[]);
        check(&[down], &[Offline]);
        check(&[up, down, down, None, down, up, up], &[Offline, Online]);
        check(&[down, None, up, down], &[Offline, Online, Offline]);
    }

    #[test]
    fn one_protocol_is_enough_and_silence_is_not_offline() {
        let (yes, no) = (Some(true), Some(false));
        for (over_v4, over_v6, expected) in [
            (yes, yes, yes),
            (yes, no, yes),
            (yes, None, yes),
            (no, yes, yes),
            (no, no, no),
            (no, None, no),
            (None, yes, yes),
            (None, no, None),
            (None, None, None),
        ] {
            assert_eq!(either(over_v4, over_v6), expected, "{over_v4:?} {over_v6:?}");
        }
    }

    #[test]
    fn only_a_missing_route_counts_as_offline() {
        for kind in [ErrorKind::NetworkUnreachable, ErrorKind::HostUnreachable, ErrorKind::AddrNotAvailable] {
            assert!(says_no_route(kind));
        }
        for kind in
            [ErrorKind::PermissionDenied, ErrorKind::OutOfMemory, ErrorKind::Other, ErrorKind::TimedOut]
        {
            assert!(!says_no_route(kind));
        }
    }

    #[test]
    fn a_route_to_oneself_is_always_there() {
        assert_eq!(route_to("127.0.0.1:0", "127.0.0.1:9"), Some(true));
    }

    #[tokio::test]
    async fn the_task_looks_every_five_seconds() {
        let (clock, hand) = Clock::by_hand("2026-11-22T18:00:00Z".parse().unwrap());
        let mut looks = VecDeque::from([Some(true), Some(false), None, Some(false), Some(true)]);
        let mut notices = watch_net_with(clock.clone(), move || looks.pop_front().unwrap_or(Some(true)));
        let start = clock.now();
        let mut told = Vec::new();
        for _ in 0..8 {
            while hand.next_wake().is_none() {
                tokio::task::yield_now().await;
            }
            while let Ok(notice) = notices.try_recv() {
                told.push((clock.now().duration_since(start).as_secs(), notice));
            }
            hand.step();
        }
        assert_eq!(told, [(5, NetNotice::Offline), (20, NetNotice::Online)]);
    }
}
