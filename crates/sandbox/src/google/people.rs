//! The three creators one can sign in as, and what Google knows of them. Fixed: a test names them, a newcomer meets them.

/// A Google account.
pub(crate) struct Creator {
    /// Value of the consent form's `account` field.
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) given_name: &'static str,
    pub(crate) family_name: &'static str,
    pub(crate) email: &'static str,
    /// Google's `sub`.
    pub(crate) id: &'static str,
    pub(crate) channel: Option<Channel>,
    /// One line for the consent page.
    pub(crate) about: &'static str,
}

pub(crate) struct Channel {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) handle: &'static str,
    pub(crate) description: &'static str,
    /// Phone-verified: custom thumbnails and long videos are allowed.
    pub(crate) verified: bool,
}

impl Channel {
    /// The list of all uploads: `UC…` becomes `UU…`.
    pub(crate) fn uploads(&self) -> String {
        self.id.replacen("UC", "UU", 1)
    }
}

pub(crate) static CREATORS: [Creator; 3] = [
    Creator {
        key: "mira",
        name: "Mira Halloran",
        given_name: "Mira",
        family_name: "Halloran",
        email: "mira@creators.example",
        id: "107611223344556677001",
        channel: Some(Channel {
            id: "UCmiraBakes0000000000001",
            title: "Mira Bakes",
            handle: "@mirabakes",
            description: "Bread, slowly.",
            verified: true,
        }),
        about: "Channel “Mira Bakes”, verified",
    },
    Creator {
        key: "jonas",
        name: "Jonas Teller",
        given_name: "Jonas",
        family_name: "Teller",
        email: "jonas@creators.example",
        id: "107611223344556677002",
        channel: Some(Channel {
            id: "UCjonasRides000000000002",
            title: "Jonas Rides",
            handle: "@jonasrides",
            description: "Two wheels, no hurry.",
            verified: false,
        }),
        about: "Channel “Jonas Rides”, phone number not verified: custom thumbnails are refused",
    },
    Creator {
        key: "ada",
        name: "Ada Lindqvist",
        given_name: "Ada",
        family_name: "Lindqvist",
        email: "ada@creators.example",
        id: "107611223344556677003",
        channel: None,
        about: "No YouTube channel yet",
    },
];

pub(crate) fn creator(key: &str) -> Option<&'static Creator> {
    CREATORS.iter().find(|creator| creator.key == key)
}

pub(crate) fn by_channel(id: &str) -> Option<&'static Creator> {
    CREATORS.iter().find(|creator| creator.channel.as_ref().is_some_and(|channel| channel.id == id))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn channel_ids_have_their_real_length() {
        for channel in CREATORS.iter().filter_map(|creator| creator.channel.as_ref()) {
            assert_eq!(channel.id.len(), 24, "{}", channel.title);
            assert!(channel.uploads().starts_with("UU"));
        }
        assert_eq!(by_channel("UCmiraBakes0000000000001").unwrap().key, "mira");
    }
}
