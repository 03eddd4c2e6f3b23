//! Who somebody is and what they may act as: `/me`, `/me/accounts`, a Page, a professional account (contract facebook 1, instagram 2.5,
//! 3.2, 7), and the Pages of a business portfolio, which `/me/accounts` leaves out (as the settings say). Not imitated: followers and
//! likes (0), all else of a business.
//! Unsure: that `/me/accounts` without `pages_show_list` is an empty list and not an error; that portfolios without
//! `business_management` are refused with 200.

use super::Desk;
use super::books::MediaKind;
use super::errors::{Refusal, no_object, parameter};
use super::fields::{Node, asks, select};
use super::people::{PORTFOLIOS, Page, Professional, portfolio};
use crate::exchange::Answer;
use serde_json::{Value, json};

/// `GET /me` with a user's token.
pub(crate) fn me(desk: &Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let person = desk.who.person;
    if id != person.id {
        return Err(no_object("get", id));
    }
    let mut names = person.name.splitn(2, ' ');
    let mut whole = json!({
        "id": person.id, "name": person.name,
        "first_name": names.next().unwrap_or_default(), "last_name": names.next().unwrap_or_default(),
        "picture": picture(desk, person.id),
    });
    if desk.who.has("email") {
        whole["email"] = format!("{}@creators.example", person.key).into();
    }
    Ok(Answer::json(200, &select(Node::User, &whole, desk.fields())?))
}

/// `GET /me/accounts`
pub(crate) fn list(desk: &mut Desk<'_>) -> Result<Answer, Refusal> {
    desk.who.is_user()?;
    let mut pages = if desk.who.has("pages_show_list") { desk.who.pages() } else { Vec::new() };
    let in_one = |page: &&Page| {
        let of = [&desk.settings.owned_pages, &desk.settings.client_pages];
        of.into_iter().any(|list| list.iter().any(|id| id == page.id))
    };
    pages.retain(|page| !in_one(page));
    listed(desk, pages)
}

/// `GET /me/businesses`
pub(crate) fn portfolios(desk: &Desk<'_>) -> Result<Answer, Refusal> {
    desk.who.is_user()?;
    desk.who.needs(200, &["business_management"])?;
    let mine = PORTFOLIOS.iter().filter(|(owner, ..)| *owner == desk.who.person.key);
    let nodes = mine.map(|(_, id, name)| ((*id).to_string(), json!({ "id": id, "name": name })));
    desk.page_of(nodes.collect())
}

/// `GET /{portfolio}/owned_pages` and `/{portfolio}/client_pages`
pub(crate) fn of_portfolio(desk: &mut Desk<'_>, id: &str, owned: bool) -> Result<Answer, Refusal> {
    desk.who.is_user()?;
    desk.who.needs(200, &["business_management"])?;
    if portfolio(id) != Some(desk.who.person.key) {
        return Err(no_object("get", id));
    }
    let of = if owned { &desk.settings.owned_pages } else { &desk.settings.client_pages };
    let mut pages = desk.who.pages();
    pages.retain(|page| of.iter().any(|id| id == page.id));
    listed(desk, pages)
}

fn listed(desk: &mut Desk<'_>, pages: Vec<&'static Page>) -> Result<Answer, Refusal> {
    let fields = desk.fields().unwrap_or("access_token,category,name,id,tasks").to_string();
    let mut nodes = Vec::new();
    for page in pages {
        let whole = node(desk, page, asks(Some(&fields), "access_token"));
        nodes.push((page.id.to_string(), select(Node::Page, &whole, Some(&fields))?));
    }
    desk.page_of(nodes)
}

/// `GET /{page}`
pub(crate) fn page(desk: &mut Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let known = desk.who.pages().into_iter().find(|page| page.id == id);
    let page = match known {
        Some(page) if desk.who.has("pages_show_list") || desk.who.has("pages_read_engagement") => page,
        _ => return Err(super::errors::permission(10, "pages_read_engagement")),
    };
    let token = asks(desk.fields(), "access_token");
    let whole = node(desk, page, token);
    Ok(Answer::json(200, &select(Node::Page, &whole, desk.fields())?))
}

fn node(desk: &mut Desk<'_>, page: &'static Page, token: bool) -> Value {
    let mut whole = json!({
        "id": page.id, "name": page.name, "username": page.username, "category": page.category,
        "category_list": [{ "id": "2200", "name": page.category }],
        "tasks": page.tasks, "picture": picture(desk, page.id), "is_published": true,
        "link": format!("https://www.facebook.com/{}", page.id),
        "fan_count": 0, "followers_count": 0, "verification_status": "not_verified",
        "has_transitioned_to_new_page_experience": true,
    });
    if token {
        let (world, now) = (desk.world, desk.now);
        whole["access_token"] = desk.books.page_token(world, &desk.who, page.id, now).into();
    }
    // Without the permission the field is not there, as if there were no account.
    if let Some(account) = page.instagram.filter(|_| desk.who.has("instagram_basic")) {
        let account = account_node(desk, account);
        whole["instagram_business_account"] = account.clone();
        whole["connected_instagram_account"] = account;
    }
    whole
}

fn picture(desk: &Desk<'_>, id: &str) -> Value {
    let url = format!("{}/avatar/{id}", desk.world.base(crate::hosts::PAGE));
    json!({ "data": { "height": 50, "is_silhouette": true, "url": url, "width": 50 } })
}

fn account_node(desk: &Desk<'_>, account: &Professional) -> Value {
    let published = desk.books.media.iter().filter(|media| {
        media.account == account.id
            && media.parent.is_none()
            && !media.deleted
            && media.kind != MediaKind::Story
    });
    json!({
        "id": account.id, "username": account.username, "name": account.name,
        "profile_picture_url": format!("{}/avatar/{}", desk.world.base(crate::hosts::PAGE), account.id),
        "followers_count": 0, "follows_count": 0, "media_count": published.count(),
        "biography": account.biography, "website": "", "is_published": true,
    })
}

/// A professional account: what Instagram Login calls it, and what Facebook Login does.
pub(crate) fn professional(desk: &Desk<'_>, id: &str) -> Result<Value, Refusal> {
    let account = desk.who.account("get", id)?;
    let mut whole = account_node(desk, account);
    if desk.who.is_instagram_login() {
        whole["id"] = account.scoped.into();
        whole["user_id"] = account.id.into();
        whole["account_type"] = account.kind.into();
    } else if asks(desk.fields(), "account_type") || asks(desk.fields(), "user_id") {
        return Err(parameter("Tried accessing nonexisting field on node type (IGUser)"));
    }
    select(Node::Account, &whole, desk.fields())
}

/// `GET /{account}`
pub(crate) fn account(desk: &Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    Ok(Answer::json(200, &professional(desk, id)?))
}
