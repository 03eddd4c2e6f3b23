//! Who is asking: the token, whether it lives, whether the app's proof goes with it, and what it may do (contract facebook 1, 8;
//! instagram 3, 5). A token comes as `access_token` or in the Authorization header, as `Bearer` or `OAuth`.
//! Unsure, from memory: the codes 102, 104 and the sub-code 2069032; that a Page not chosen at consent is refused with 10.

use super::books::{AppName, Books, Token, TokenKind};
use super::errors::{Refusal, no_object, parameter, permission, refuse};
use super::params::Params;
use super::people::{self, Page, Person, Professional};
use crate::exchange::Ask;
use crate::settings::meta::Meta as Settings;
use sha2::{Digest, Sha256};

/// A caller whose token is alive.
pub(crate) struct Who {
    pub(crate) text: String,
    pub(crate) token: Token,
    pub(crate) person: &'static Person,
}

/// The token of a call, wherever it stands.
pub(crate) fn sent<'a>(ask: &'a Ask, params: &'a Params) -> Option<&'a str> {
    params.get("access_token").or_else(|| in_header(ask).map(|(_, token)| token))
}

/// Scheme and token of the Authorization header.
pub(crate) fn in_header(ask: &Ask) -> Option<(&str, &str)> {
    let (scheme, token) = ask.header("authorization")?.split_once(' ')?;
    Some((scheme, token.trim()))
}

pub(crate) fn who(
    books: &Books,
    ask: &Ask,
    params: &Params,
    settings: &Settings,
    now: i64,
) -> Result<Who, Refusal> {
    let Some(text) = sent(ask, params) else {
        return Err(refuse(104, "An access token is required to request this resource.")
            .status(settings.dead_token_status));
    };
    let who = known(books, text, settings, now)?;
    let flavour = who.token.app == AppName::InstagramLogin;
    if flavour != (ask.host == super::route::GRAPH_INSTAGRAM) {
        return Err(dead("Invalid OAuth access token - Cannot parse access token", settings));
    }
    proof(books, &who, params, settings)?;
    Ok(who)
}

/// The living token that goes by this text.
pub(crate) fn known(books: &Books, text: &str, settings: &Settings, now: i64) -> Result<Who, Refusal> {
    let Some(token) = books.tokens.get(text) else {
        let subcode = books.dead.get(text).map(|(_, subcode)| *subcode);
        let message = match subcode {
            Some(458) => "Error validating access token: The user has not authorized application.",
            Some(460) => {
                "Error validating access token: The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons."
            }
            Some(_) => EXPIRED,
            None => "Invalid OAuth access token - Cannot parse access token",
        };
        let refusal = dead(message, settings);
        return Err(match subcode {
            Some(subcode) => refusal.sub(subcode),
            None => refusal,
        });
    };
    if token.dies_ms.is_some_and(|dies| dies <= now) {
        return Err(dead(EXPIRED, settings).sub(463));
    }
    match people::person(&token.given.owner) {
        Some(person) => Ok(Who { text: text.into(), token: token.clone(), person }),
        None => Err(dead("Invalid OAuth access token - Cannot parse access token", settings)),
    }
}

const EXPIRED: &str = "Error validating access token: Session has expired.";

fn dead(message: &str, settings: &Settings) -> Refusal {
    refuse(190, message).status(settings.dead_token_status)
}

fn proof(books: &Books, who: &Who, params: &Params, settings: &Settings) -> Result<(), Refusal> {
    match params.get("appsecret_proof") {
        None if settings.require_proof => {
            Err(refuse(100, "API calls from the server require an appsecret_proof argument")
                .kind("GraphMethodException"))
        }
        Some(proof) if proof != hmac_hex(&books.app(who.token.app).client_secret, &who.text) => {
            Err(refuse(100, "Invalid appsecret_proof provided in the API argument")
                .kind("GraphMethodException"))
        }
        _ => Ok(()),
    }
}

/// HMAC-SHA256 (RFC 2104) in hexadecimal.
pub(crate) fn hmac_hex(key: &str, message: &str) -> String {
    const BLOCK: usize = 64;
    let mut block = [0u8; BLOCK];
    match key.len() > BLOCK {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key.as_bytes()),
    }
    let keyed = |pad: u8, message: &[u8]| {
        let mut hash = Sha256::new();
        hash.update(block.map(|byte| byte ^ pad));
        hash.update(message);
        hash.finalize()
    };
    let inner = keyed(0x36, message.as_bytes());
    keyed(0x5c, &inner).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Who {
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.token.given.scopes.iter().any(|given| given == scope)
    }

    pub(crate) fn needs(&self, code: i64, scopes: &[&str]) -> Result<(), Refusal> {
        match scopes.iter().find(|scope| !self.has(scope)) {
            Some(scope) => Err(permission(code, scope)),
            None => Ok(()),
        }
    }

    /// The Pages this token may know of.
    pub(crate) fn pages(&self) -> Vec<&'static Page> {
        let known = |page: &&Page| match &self.token.kind {
            TokenKind::User { .. } => self.token.given.pages.iter().any(|id| id == page.id),
            TokenKind::Page { page: id, .. } => id == page.id,
            TokenKind::Instagram { .. } => false,
        };
        self.person.pages.iter().filter(known).collect()
    }

    /// Reads something of a Page.
    pub(crate) fn reads(&self, page: &str) -> Result<&'static Page, Refusal> {
        let found = self.pages().into_iter().find(|known| known.id == page);
        let found = found.ok_or_else(|| permission(10, "pages_read_engagement"))?;
        self.needs(10, &["pages_read_engagement"])?;
        Ok(found)
    }

    /// Acts as a Page: with its own token, and with the right to post.
    pub(crate) fn acts_as(&self, page: &str) -> Result<&'static Page, Refusal> {
        if !matches!(&self.token.kind, TokenKind::Page { page: own, .. } if own == page) {
            return Err(refuse(190, "A Page access token is required for this call").sub(2_069_032));
        }
        self.needs(200, &["pages_manage_posts", "pages_read_engagement"])?;
        let found = self.person.page(page).ok_or_else(|| permission(10, "pages_read_engagement"))?;
        if !found.tasks.contains(&"CREATE_CONTENT") {
            return Err(parameter("No permission to publish the video"));
        }
        Ok(found)
    }

    /// The professional account by this id, where the token may know of it.
    pub(crate) fn account(&self, method: &str, id: &str) -> Result<&'static Professional, Refusal> {
        let own = match self.token.kind {
            TokenKind::Instagram { .. } => self.person.professional(),
            _ => self.pages().into_iter().filter_map(|page| page.instagram).find(|account| account.id == id),
        };
        let own = own.filter(|account| account.id == id || account.scoped == id);
        let own = own.ok_or_else(|| no_object(method, id))?;
        match self.is_instagram_login() {
            true => self.needs(10, &["instagram_business_basic"])?,
            false => self.needs(10, &["instagram_basic"])?,
        }
        Ok(own)
    }

    /// The same, to post there.
    pub(crate) fn posts_to(&self, id: &str) -> Result<&'static Professional, Refusal> {
        let account = self.account("post", id)?;
        match self.is_instagram_login() {
            true => self.needs(10, &["instagram_business_content_publish"])?,
            false => self.needs(10, &["instagram_content_publish", "pages_read_engagement"])?,
        }
        Ok(account)
    }

    pub(crate) fn is_instagram_login(&self) -> bool {
        self.token.app == AppName::InstagramLogin
    }

    /// A call that a person's own token is needed for.
    pub(crate) fn is_user(&self) -> Result<(), Refusal> {
        match self.token.kind {
            TokenKind::User { .. } => Ok(()),
            _ => Err(refuse(102, "A user access token is required to request this resource.")),
        }
    }

    /// What `me` stands for.
    pub(crate) fn me(&self) -> &str {
        match &self.token.kind {
            TokenKind::User { .. } => self.person.id,
            TokenKind::Page { page, .. } => page,
            TokenKind::Instagram { .. } => self.person.professional().map_or("", |account| account.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_follows_the_test_vectors_of_rfc_4231() {
        assert_eq!(
            hmac_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = "a".repeat(65);
        assert_ne!(hmac_hex(&long, "x"), hmac_hex(&long[..64], "x"));
    }
}
