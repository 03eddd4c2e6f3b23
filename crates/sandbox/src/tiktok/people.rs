//! The three creators on TikTok. The same names as on the other platforms, so that a test or a newcomer meets nobody new. Whether an
//! account is private or banned is a setting (`settings/tiktok.rs`): jonas's is private and ada is banned unless told otherwise.

/// A TikTok account.
pub(crate) struct Creator {
    /// Value of the consent form's `account` field.
    pub(crate) key: &'static str,
    pub(crate) nickname: &'static str,
    /// The handle, without the @.
    pub(crate) username: &'static str,
    pub(crate) bio: &'static str,
    pub(crate) verified: bool,
    /// The account as this app knows it.
    pub(crate) open_id: &'static str,
    /// The account as all apps of one developer know it.
    pub(crate) union_id: &'static str,
}

impl Creator {
    pub(crate) fn profile(&self) -> String {
        format!("https://www.tiktok.com/@{}", self.username)
    }
}

pub(crate) static CREATORS: [Creator; 3] = [
    Creator {
        key: "mira",
        nickname: "Mira Bakes",
        username: "mirabakes",
        bio: "Bread, slowly.",
        verified: true,
        open_id: "-000mira4Rk2TnXW0sandboxopenid000001",
        union_id: "c9c60f44-a68e-4f5d-84dd-ce22fa000001",
    },
    Creator {
        key: "jonas",
        nickname: "Jonas Rides",
        username: "jonas.rides",
        bio: "Two wheels, no hurry.",
        verified: false,
        open_id: "-000jonas8Vq1LmZY7sandboxopenid00002",
        union_id: "c9c60f44-a68e-4f5d-84dd-ce22fa000002",
    },
    Creator {
        key: "ada",
        nickname: "Ada Lindqvist",
        username: "ada_l",
        bio: "",
        verified: false,
        open_id: "-000ada3Hs6PwQB5esandboxopenid000003",
        union_id: "c9c60f44-a68e-4f5d-84dd-ce22fa000003",
    },
];

pub(crate) fn creator(key: &str) -> Option<&'static Creator> {
    CREATORS.iter().find(|creator| creator.key == key)
}
