//! Which world a process speaks to: the real hosts over https, or a fixed list of loopback servers and nothing else.
//!
//! A sandbox account can never meet a real host, nor a real one the sandbox: with a list, a host that is not on it does not exist.

use crate::problem::{Code, Outcome, Problem};
use serde_json::Value;
use std::collections::BTreeMap;
use url::{Host, Url};

/// The hosts a process may speak to.
#[derive(Clone, Debug)]
pub enum Hosts {
    /// `https://` and the host's own name.
    Real,
    /// Real host name → loopback base address. Unknown hosts are refused.
    Sandbox(BTreeMap<String, Url>),
}

impl Hosts {
    /// Reads the sandbox's announcement, or just its `hosts` object. Only loopback http or https is taken.
    pub fn from_json(value: &Value) -> Outcome<Hosts> {
        let list = value.get("hosts").unwrap_or(value);
        let Some(list) = list.as_object().filter(|list| !list.is_empty()) else {
            return Err(bad("it has no list of hosts"));
        };
        let mut hosts = BTreeMap::new();
        for (name, base) in list {
            let base = base.as_str().ok_or_else(|| bad(&format!("{name} has no address")))?;
            let url =
                Url::parse(base).map_err(|_| bad(&format!("{name} has an address that cannot be read")))?;
            if !matches!(url.scheme(), "http" | "https") || !is_loopback(&url) {
                return Err(bad(&format!("{name} does not point at this computer")));
            }
            hosts.insert(name.clone(), url);
        }
        Ok(Hosts::Sandbox(hosts))
    }

    pub fn is_sandbox(&self) -> bool {
        matches!(self, Hosts::Sandbox(_))
    }

    /// Where `path` (beginning with `/`) of this host is, or nothing when the host does not exist in this world.
    pub fn address(&self, host: &str, path: &str) -> Option<Url> {
        match self {
            Hosts::Real => Url::parse(&format!("https://{host}{path}")).ok(),
            Hosts::Sandbox(list) => list.get(host)?.join(path).ok(),
        }
    }

    /// Does an address a platform gave us point at one of these hosts?
    pub fn is_one_of(&self, url: &Url, hosts: &[&str]) -> bool {
        match self {
            Hosts::Real => {
                url.scheme() == "https"
                    && url.port_or_known_default() == Some(443)
                    && url.host_str().is_some_and(|host| allows(hosts, host))
            }
            Hosts::Sandbox(list) => {
                list.iter().any(|(host, base)| allows(hosts, host) && base.origin() == url.origin())
            }
        }
    }
}

/// Is the host one of these? An entry `*.example.com` stands for every name below example.com.
pub fn allows(hosts: &[&str], host: &str) -> bool {
    hosts.iter().any(|known| match known.strip_prefix('*') {
        Some(end) => end.starts_with('.') && host.len() > end.len() && host.ends_with(end),
        None => *known == host,
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn bad(why: &str) -> Problem {
    Problem::block(Code::BadRequest, format!("This list of hosts can't be used: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_loopback_lists_are_taken() {
        for (list, good) in [
            (json!({"hosts": {"a.example": "http://127.0.0.1:9"}}), true),
            (json!({"a.example": "http://[::1]:9"}), true),
            (json!({"a.example": "https://localhost:9"}), true),
            (json!({"a.example": "http://10.0.0.1:9"}), false),
            (json!({"a.example": "https://a.example"}), false),
            (json!({"a.example": "http://127.0.0.1.evil.example:9"}), false),
            (json!({"a.example": "ftp://127.0.0.1"}), false),
            (json!({"a.example": 7}), false),
            (json!({}), false),
            (json!("x"), false),
        ] {
            assert_eq!(Hosts::from_json(&list).is_ok(), good, "{list}");
        }
    }

    #[test]
    fn a_sandbox_has_no_real_hosts_and_the_real_world_no_loopback() {
        let sandbox = Hosts::from_json(&json!({"a.example": "http://127.0.0.1:9"})).expect("good");
        let url = |text: &str| Url::parse(text).expect("an address");
        assert_eq!(
            sandbox.address("a.example", "/x/y").map(String::from).as_deref(),
            Some("http://127.0.0.1:9/x/y")
        );
        assert_eq!(sandbox.address("b.example", "/"), None);
        for (hosts, address, good) in [
            (&sandbox, "http://127.0.0.1:9/s?upload_id=1", true),
            (&sandbox, "http://127.0.0.1:8/s", false),
            (&sandbox, "https://a.example/s", false),
            (&Hosts::Real, "https://a.example/s", true),
            (&Hosts::Real, "http://a.example/s", false),
            (&Hosts::Real, "https://a.example:444/s", false),
            (&Hosts::Real, "https://a.example.evil.example/s", false),
            (&Hosts::Real, "http://127.0.0.1:9/s", false),
        ] {
            assert_eq!(hosts.is_one_of(&url(address), &["a.example"]), good, "{address}");
        }
    }

    #[test]
    fn a_star_stands_for_names_below_and_for_nothing_else() {
        for (host, good) in [
            ("up.a.example", true),
            ("x.up.a.example", true),
            ("a.example", false),
            (".a.example", false),
            ("evila.example", false),
            ("a.example.evil", false),
        ] {
            assert_eq!(allows(&["*.a.example"], host), good, "{host}");
        }
        assert!(!allows(&["*"], "a.example"), "a star alone is no name");
        let sandbox = Hosts::from_json(&json!({"up.a.example": "http://127.0.0.1:9"})).expect("good");
        let url = |text: &str| Url::parse(text).expect("an address");
        assert!(sandbox.is_one_of(&url("http://127.0.0.1:9/x"), &["*.a.example"]));
        assert!(!sandbox.is_one_of(&url("http://127.0.0.1:9/x"), &["*.b.example"]));
        assert!(Hosts::Real.is_one_of(&url("https://up.a.example/x"), &["*.a.example"]));
    }
}
