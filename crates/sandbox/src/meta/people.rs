//! The people one can sign in as, their Pages and professional accounts. Fixed: a test names them, a newcomer meets them. Ids of each
//! kind begin alike and no two are the same, as Graph's are; a person's id and an account's app-scoped one are the same for every app
//! here, which the world's are not.

/// A Facebook user, who may have an Instagram account to sign in with as well.
pub(crate) struct Person {
    /// Value of the consent form's `account` field.
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) id: &'static str,
    pub(crate) pages: &'static [Page],
    /// What they sign in with at instagram.com.
    pub(crate) instagram: Option<Instagram>,
    /// One line for the consent page.
    pub(crate) about: &'static str,
}

pub(crate) struct Page {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) username: &'static str,
    pub(crate) category: &'static str,
    /// What this person may do on it.
    pub(crate) tasks: &'static [&'static str],
    /// The professional account linked to it.
    pub(crate) instagram: Option<&'static Professional>,
}

/// An Instagram professional account.
pub(crate) struct Professional {
    pub(crate) id: &'static str,
    /// What Instagram Login calls it (`id`, app-scoped) beside `user_id`.
    pub(crate) scoped: &'static str,
    pub(crate) username: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) biography: &'static str,
}

pub(crate) enum Instagram {
    Professional(&'static Professional),
    Personal { username: &'static str },
}

const ALL_TASKS: &[&str] = &["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"];

static MIRA_BAKES: Professional = Professional {
    id: "17841400000000101",
    scoped: "25120000000000101",
    username: "mirabakes",
    name: "Mira Bakes",
    kind: "BUSINESS",
    biography: "Bread, slowly.",
};

static ADA: Professional = Professional {
    id: "17841400000000303",
    scoped: "25120000000000303",
    username: "ada.letters",
    name: "Ada Lindqvist",
    kind: "MEDIA_CREATOR",
    biography: "Ink.",
};

pub(crate) static PEOPLE: [Person; 4] = [
    Person {
        key: "mira",
        name: "Mira Halloran",
        id: "12200000000000101",
        pages: &[
            Page {
                id: "104000000000101",
                name: "Mira Bakes",
                username: "mirabakes",
                category: "Bakery",
                tasks: ALL_TASKS,
                instagram: Some(&MIRA_BAKES),
            },
            Page {
                id: "104000000000102",
                name: "Mira's Garden",
                username: "mirasgarden",
                category: "Blogger",
                tasks: &["ANALYZE", "CREATE_CONTENT", "MODERATE"],
                instagram: None,
            },
        ],
        instagram: Some(Instagram::Professional(&MIRA_BAKES)),
        about: "Pages “Mira Bakes” (with Instagram @mirabakes) and “Mira's Garden”",
    },
    Person {
        key: "jonas",
        name: "Jonas Teller",
        id: "12200000000000202",
        pages: &[Page {
            id: "104000000000202",
            name: "Jonas Rides",
            username: "jonasrides",
            category: "Sports",
            tasks: ALL_TASKS,
            instagram: None,
        }],
        instagram: Some(Instagram::Personal { username: "jonas.rides" }),
        about: "Page “Jonas Rides”; his Instagram account is a personal one",
    },
    Person {
        key: "ada",
        name: "Ada Lindqvist",
        id: "12200000000000303",
        pages: &[Page {
            id: "104000000000303",
            name: "Lindqvist Letters",
            username: "lindqvistletters",
            category: "Arts",
            tasks: &["ANALYZE", "MODERATE"],
            instagram: None,
        }],
        instagram: Some(Instagram::Professional(&ADA)),
        about: "May not post on the Page “Lindqvist Letters”; Instagram @ada.letters without a Page",
    },
    Person {
        key: "tove",
        name: "Tove Aasen",
        id: "12200000000000404",
        pages: &[],
        instagram: None,
        about: "No Page, no Instagram",
    },
];

/// Business portfolios: whose, number, name. Which Pages belong to one is said by the settings.
pub(crate) static PORTFOLIOS: [(&str, &str, &str); 2] =
    [("mira", "77700000000000101", "Halloran Bakeries"), ("jonas", "77700000000000202", "Teller Bikes")];

/// The owner's key of a portfolio.
pub(crate) fn portfolio(id: &str) -> Option<&'static str> {
    PORTFOLIOS.iter().find(|(_, known, _)| *known == id).map(|(owner, ..)| *owner)
}

pub(crate) fn person(key: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.key == key)
}

pub(crate) fn by_id(id: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.id == id)
}

pub(crate) fn page(id: &str) -> Option<&'static Page> {
    PEOPLE.iter().flat_map(|person| person.pages).find(|page| page.id == id)
}

/// An account by either of its ids.
pub(crate) fn professional(id: &str) -> Option<&'static Professional> {
    [&MIRA_BAKES, &ADA].into_iter().find(|account| account.id == id || account.scoped == id)
}

impl Person {
    pub(crate) fn page(&self, id: &str) -> Option<&'static Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    /// The account they sign in with at instagram.com, where the API has a use for it.
    pub(crate) fn professional(&self) -> Option<&'static Professional> {
        match self.instagram {
            Some(Instagram::Professional(account)) => Some(account),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_ids_are_the_same() {
        let accounts = [&MIRA_BAKES, &ADA].into_iter().flat_map(|account| [account.id, account.scoped]);
        let pages = PEOPLE.iter().flat_map(|person| person.pages).map(|page| page.id);
        let portfolios = PORTFOLIOS.iter().map(|(_, id, _)| *id);
        let people = PEOPLE.iter().map(|person| person.id);
        let ids: Vec<_> = people.chain(pages).chain(accounts).chain(portfolios).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_digit())));
    }
}
