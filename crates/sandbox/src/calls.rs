//! The ordered log of every call the platforms' hosts have seen, so a test can say what was asked, how often, and that nothing
//! unknown was. Secrets in queries are blanked here; the sandbox's own page and API are not logged.

use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::PoisonError;

/// One call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// From 1, in order of arrival.
    pub seq: u64,
    /// Sandbox time of arrival.
    pub at_ms: i64,
    /// The platform's real host name.
    pub host: String,
    /// Platform id; empty for what no platform knows.
    #[serde(default)]
    pub platform: String,
    /// Stable name, e.g. `videos.insert.put`; `unknown` for what the contract does not have.
    pub api: String,
    pub method: String,
    pub path: String,
    /// Query with secrets blanked.
    pub query: String,
    /// Absent while running, and for good when the connection was cut.
    pub status: Option<u16>,
    /// Body bytes that arrived.
    pub body_bytes: u64,
    /// Ordinal of the upload session it was about.
    pub session: Option<u64>,
    /// Title or file name it was about, where known.
    pub file: Option<String>,
    /// The connection ended, from either side, without an answer.
    pub cut: bool,
    /// A path or method the contract does not have.
    pub unknown: bool,
    /// Id of the fault plan that hurt it.
    pub fault: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Calls {
    list: Mutex<Vec<Call>>,
}

impl Calls {
    pub(crate) fn begin(
        &self,
        at_ms: i64,
        host: &str,
        method: &str,
        path: &str,
        query: &[(String, String)],
    ) -> u64 {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = list.last().map_or(1, |call| call.seq + 1);
        list.push(Call {
            seq,
            at_ms,
            host: host.into(),
            platform: String::new(),
            api: "unknown".into(),
            method: method.into(),
            path: path.into(),
            query: blank(query),
            status: None,
            body_bytes: 0,
            session: None,
            file: None,
            cut: false,
            unknown: false,
            fault: None,
        });
        seq
    }

    pub(crate) fn note(&self, seq: u64, change: impl FnOnce(&mut Call)) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        // Newest calls are noted most, and the log may have been cleared in between.
        if let Some(call) = list.iter_mut().rev().find(|call| call.seq == seq) {
            change(call);
        }
    }

    pub(crate) fn list(&self) -> Vec<Call> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear(&self) {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

const SECRET: [&str; 17] = [
    "sig",
    "request",
    "appsecret_proof",
    "fbuploader_video_file_chunk",
    "upload_id",
    "upload_token",
    "input_token",
    "fb_exchange_token",
    "code",
    "token",
    "access_token",
    "refresh_token",
    "client_secret",
    "state",
    "code_challenge",
    "code_verifier",
    "id_token",
];

fn blank(query: &[(String, String)]) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in query {
        out.append_pair(name, if SECRET.contains(&name.as_str()) { "…" } else { value });
    }
    // Readable in a test's failure text: the two marks that never need escaping here are put back.
    out.finish().replace("%E2%80%A6", "…").replace("%2C", ",")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_queries_are_not_kept() {
        let calls = Calls::default();
        let query = [
            ("part".to_string(), "snippet,status".to_string()),
            ("upload_id".to_string(), "ABPtcP".to_string()),
        ];
        let seq = calls.begin(5, "www.googleapis.com", "PUT", "/upload/youtube/v3/videos", &query);
        calls.note(seq, |call| call.status = Some(308));
        let call = calls.list().pop().unwrap();
        assert_eq!((call.query.as_str(), call.status), ("part=snippet,status&upload_id=…", Some(308)));
    }
}
