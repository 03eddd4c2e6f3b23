//! Meta's dialogs as a browser fills them, and the first tokens that come of them.

use super::meta::{Caller, GRAPH};
use super::{House, read};
use reqwest::Response;
use serde_json::Value;
use std::collections::HashMap;

pub const LOCALHOST: &str = "http://localhost:4567/";
pub const HTTPS: &str = "https://creator.example/slipway.html";
pub const SCOPES: &str = "pages_show_list,pages_read_engagement,pages_manage_posts";

pub async fn dialog(house: &House, app: &str, changes: &[(&str, &str)]) -> Response {
    let (id, _) = house.meta_app(app);
    let mut query = HashMap::from([
        ("client_id", id.as_str()),
        ("redirect_uri", LOCALHOST),
        ("response_type", "code"),
        ("scope", SCOPES),
        ("state", "a/b+c d&é"),
    ]);
    for (name, value) in changes {
        match *value {
            "" => query.remove(name),
            value => query.insert(name, value),
        };
    }
    let address = match app {
        "instagram_login" => format!("{}/oauth/authorize", house.host("www.instagram.com")),
        _ => format!("{}/v25.0/dialog/oauth", house.host("www.facebook.com")),
    };
    house.http.get(address).query(&query).send().await.unwrap()
}

/// Fills the form of a dialog; where the browser is sent.
pub async fn answer(house: &House, app: &str, page: Response, answers: &[(&str, &str)]) -> (u16, String) {
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    let request = html.split("name=request value=\"").nth(1).unwrap().split('"').next().unwrap();
    let action = html.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
    let host = if app == "instagram_login" { "www.instagram.com" } else { "www.facebook.com" };
    let form = [&[("request", request)], answers].concat();
    let sent = house.http.post(format!("{}{action}", house.host(host))).form(&form).send().await.unwrap();
    let to = sent.headers().get("location").map(|to| to.to_str().unwrap().to_string());
    (sent.status().as_u16(), to.unwrap_or_default())
}

pub fn parameters(to: &str) -> HashMap<String, String> {
    url::Url::parse(to).unwrap().query_pairs().into_owned().collect()
}

pub async fn consent(house: &House, app: &str, changes: &[(&str, &str)], answers: &[(&str, &str)]) -> String {
    let page = dialog(house, app, changes).await;
    let (status, to) = answer(house, app, page, answers).await;
    assert_eq!(status, 302);
    to
}

pub fn yes(account: &str) -> Vec<(&str, &str)> {
    let scopes = SCOPES.split(',').map(|scope| ("scope", scope));
    [("account", account), ("decision", "allow")].into_iter().chain(scopes).collect()
}

/// `GET /oauth/access_token` with the app's own id and secret.
pub async fn token(house: &House, app: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let (id, secret) = house.meta_app(app);
    let mut query: HashMap<&str, &str> =
        HashMap::from([("client_id", id.as_str()), ("client_secret", secret.as_str())]);
    for (name, value) in fields {
        match *value {
            "" => query.remove(name),
            value => query.insert(name, value),
        };
    }
    let address = format!("{}/v25.0/oauth/access_token", house.host(GRAPH));
    read(house.http.get(address).query(&query).send().await.unwrap()).await
}

pub async fn sign_in<'h>(house: &'h House, answers: &[(&str, &str)]) -> Caller<'h> {
    let back = parameters(&consent(house, "facebook", &[], answers).await);
    let (status, body) =
        token(house, "facebook", &[("code", &back["code"]), ("redirect_uri", LOCALHOST)]).await;
    assert_eq!(status, 200, "{body}");
    Caller { house, host: GRAPH, token: body["access_token"].as_str().unwrap().into() }
}

pub async fn long(caller: &Caller<'_>) -> Value {
    let fields = [("grant_type", "fb_exchange_token"), ("fb_exchange_token", caller.token.as_str())];
    let (status, body) = token(caller.house, "facebook", &fields).await;
    assert_eq!(status, 200, "{body}");
    body
}
