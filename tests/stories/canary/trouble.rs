//! Ways in which an answer repeats what it was asked, and runs that take whatever comes. The same for every platform.

use crate::search::{nothing_is_found, proves_that_it_finds};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_sandbox::{Call, Deed, Fault, Hurt, StatusAnswer};
use slipway_stories::binary::Place;
use slipway_stories::{Choice, Person};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Said in every echo, so that one can see that it was kept.
pub const MARK: &str = "Not so:";

/// A place that says all it can.
pub async fn talkative() -> anyhow::Result<Place> {
    let mut place = Place::new().await?;
    place.env.push(("RUST_LOG".into(), "trace".into()));
    place.env.push(("RUST_BACKTRACE".into(), "1".into()));
    Ok(place)
}

/// All secrets there are, the newest first, some other one at the front each time.
fn all_secrets(place: &Place, turn: usize) -> Vec<String> {
    let mut all = place.sandbox.state().secrets;
    all.reverse();
    let by = (turn * 7) % all.len().max(1);
    all.rotate_left(by);
    all
}

/// What platforms write directly before an address, in the languages of their people: characters of several bytes, so that a cut by
/// bytes would fall inside of one.
const BEFORE_AN_ADDRESS: [&str; 9] = ["詳細は", "ссылка:", "تفاصيل", "🎬", "«", "“", "‘", "「", "e\u{301}"];

/// All of them with an address that holds a secret, another one each.
pub fn in_addresses(secrets: &[String]) -> String {
    let one = |nth: usize| secrets.get(nth % secrets.len().max(1)).map_or("", String::as_str);
    let all = BEFORE_AN_ADDRESS.iter().enumerate();
    all.map(|(nth, before)| format!("{before}https://x.example/?access_token={}", one(nth)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// An error in the platform's own shape whose words are all secrets.
pub fn in_its_message(place: &Place, turn: usize, status: u16) -> StatusAnswer {
    let secrets = all_secrets(place, turn);
    let message = format!("{MARK} {} {}", in_addresses(&secrets), secrets.join(" "));
    StatusAnswer { status, message: Some(message), ..StatusAnswer::default() }
}

/// Errors of Graph's and of TikTok's in one, with secrets in every field there is, without a blank between them, as machines write.
pub fn in_every_field(place: &Place, turn: usize, status: u16) -> StatusAnswer {
    let secrets = all_secrets(place, turn);
    let one = |nth: usize| secrets[nth % secrets.len()].clone();
    let body = json!({
        "error": {
            "code": one(0), "type": one(1), "message": format!("{MARK} {} {}", in_addresses(&secrets), secrets.join(",")), "error_subcode": one(2),
            "error_user_title": one(3), "error_user_msg": secrets.join("&"), "fbtrace_id": one(4), "log_id": one(5),
            "error_data": {"blame_field_specs": [[one(6)]]},
            "debug": format!("GET https://graph.example/?access_token={}", one(7)),
        },
        "error_description": secrets.join(" "), "error_message": secrets.join(";"), "error_type": one(8),
        "access_token_sent": one(9), "upload_url": format!("https://upload.example/?upload_token={}", one(10)),
        "debug_info": {"type": one(11), "message": format!("{MARK} {}", secrets.join(":")), "retriable": false},
    });
    exactly(status, &body.to_string(), &[])
}

/// The same as a number that each platform acts on: Graph's and rupload's error, with words that are secrets.
pub fn with_a_number(place: &Place, turn: usize, code: i64) -> StatusAnswer {
    let all = all_secrets(place, turn);
    let secrets = all.join(" ");
    let body = json!({"error": {
        "code": code, "error_subcode": 2_207_026, "message": format!("{MARK} {} {secrets}", in_addresses(&all)), "type": "OAuthException",
        "error_user_title": "Not so", "error_user_msg": secrets,
    }});
    exactly(400, &body.to_string(), &[])
}

/// A refusal whose header names what was sent.
pub fn in_a_header(place: &Place, turn: usize) -> StatusAnswer {
    let secrets = all_secrets(place, turn).into_iter().take(6).collect::<Vec<_>>().join(" ");
    let says = format!("Bearer realm=\"x\", error=\"invalid_token\", error_description=\"{MARK} {secrets}\"");
    let page = format!(
        "<html>詳細は«https://x.example/?t={secrets} <a href=\"https://x.example/?t={secrets}\">{MARK}</a> {secrets}</html>"
    );
    exactly(
        401,
        &page,
        &[("www-authenticate", says.clone()), ("x-fb-trace-id", secrets.clone()), ("x-tt-logid", secrets)],
    )
}

/// Sent on to an address that holds what was sent.
pub fn in_a_redirect(place: &Place, turn: usize) -> StatusAnswer {
    let secrets = all_secrets(place, turn).into_iter().take(6).collect::<Vec<_>>().join("&t=");
    let to = format!("https://login.example/?access_token={secrets}");
    exactly(302, &format!("{MARK} moved to {to} {secrets}"), &[("location", to.clone())])
}

fn exactly(status: u16, body: &str, headers: &[(&str, String)]) -> StatusAnswer {
    let headers: BTreeMap<String, String> =
        headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    StatusAnswer { status, body: Some(body.into()), headers, ..StatusAnswer::default() }
}

/// One of everything that can be done to a call.
pub fn one_of_each(place: &Place) -> Vec<Hurt> {
    vec![
        in_its_message(place, 0, 400).into(),
        in_its_message(place, 1, 401).into(),
        in_its_message(place, 2, 500).into(),
        in_every_field(place, 3, 400).into(),
        in_a_header(place, 4).into(),
        in_a_redirect(place, 5).into(),
        Deed::Html.into(),
        Deed::Lost.into(),
        Deed::Cut.into(),
    ]
}

/// Every planned fault happened; then they are forgotten.
pub fn all_happened(place: &Place) -> anyhow::Result<()> {
    for plan in place.sandbox.plans() {
        ensure!(plan.done, "the planned fault never happened: {} {:?}", plan.fault.api, plan.fault.nth);
    }
    place.sandbox.clear_plans();
    Ok(())
}

/// How a platform is signed in to.
pub struct SignIn<'a> {
    pub platform: &'a str,
    /// More of the command line.
    pub more: &'a [&'a str],
    /// A permission nothing can be done without.
    pub scope: &'a str,
    /// Calls of a sign-in that may be hurt: name, and which of them.
    pub calls: &'a [(&'a str, u64)],
}

/// Every way a sign-in fails, and in the end one that does not.
pub async fn sign_in(place: &Place, how: &SignIn<'_>) -> anyhow::Result<()> {
    let who = |choice: Choice| Person { who: 0, choice };
    let more = [&["-vvv"], how.more].concat();
    for choice in [Choice::Deny, Choice::Untick(how.scope.into())] {
        let said = place.connect_with(how.platform, &who(choice), &more).await?;
        ensure!(said.code != Some(0), "{said:?}");
    }
    for (api, nth) in how.calls {
        for hurt in one_of_each(place) {
            place.sandbox.plan(Fault::nth(api, *nth, hurt));
            place.connect_with(how.platform, &Person::default(), &more).await?;
            all_happened(place).with_context(|| format!("{api} {nth}"))?;
        }
    }
    place.connect_with(how.platform, &Person::default(), &more).await?.done()?;
    Ok(())
}

/// A token that is given by hand: a good one, and one that is refused by an echo.
pub async fn pasted(place: &Place, how: &SignIn<'_>, token: &str, hurt: &str) -> anyhow::Result<()> {
    let args = [&["-vvv", "--json", "connect", how.platform, "--token-stdin"], how.more].concat();
    place.sandbox.plan(Fault::next(hurt, in_every_field(place, 0, 400)));
    place.told(&args, token).await?;
    place.sandbox.plan(Fault::next(hurt, in_its_message(place, 0, 401)));
    place.told(&args, token).await?;
    all_happened(place)?;
    place.told(&args, &format!("  {token}\n")).await?.done()?;
    // One that lost its end on the way is none, and still nobody's business.
    let most = token.get(..token.len() - 4).context("a short token")?;
    let said = place.told(&args, most).await?;
    ensure!(said.code != Some(0) && !said.out.contains(most) && !said.err.contains(most), "{said:?}");
    Ok(())
}

/// Runs the queue until it has nothing to do, or for so long.
pub async fn run(place: &Place, json: bool, at_most: Duration) -> anyhow::Result<()> {
    let args: &[&str] =
        if json { &["--json", "-vvv", "run", "--until-idle"] } else { &["-vvv", "run", "--until-idle"] };
    let mut process = place.start(args)?;
    let began = Instant::now();
    while began.elapsed() < at_most && !process.has_ended()? {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    place.remember(&process.stop().await?);
    Ok(())
}

/// Runs the queue until the delivery is in one of these states, and stops it.
pub async fn run_until(place: &Place, id: i64, states: &[&str]) -> anyhow::Result<Value> {
    let process = place.start(&["-vvv", "run"])?;
    let began = Instant::now();
    loop {
        let shown = place.show(id).await?;
        if shown["state"].as_str().is_some_and(|state| states.contains(&state)) {
            place.remember(&process.stop().await?);
            return Ok(shown);
        }
        if began.elapsed() > Duration::from_secs(60) {
            place.remember(&process.stop().await?);
            anyhow::bail!("not within a minute: {states:?}: {shown:#}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Every second way of hurting a call is done to each of these calls; the others are done to the next.
pub fn hurt_them_all(place: &Place, apis: &[&str]) {
    for (nth, api) in apis.iter().enumerate() {
        for (turn, hurt) in one_of_each(place).into_iter().enumerate().skip(nth % 2).step_by(2) {
            place.sandbox.plan(Fault::nth(api, 1 + turn as u64 / 2, hurt));
        }
    }
}

/// Runs and retries until what was planned has happened, or often enough; each of the calls must have been hurt at least twice.
pub async fn live_through(place: &Place, apis: &[&str]) -> anyhow::Result<()> {
    for round in 0..8 {
        run(place, round % 2 == 0, Duration::from_secs(12)).await?;
        place.run(&["-vvv", "retry"]).await?;
        if place.sandbox.plans().iter().all(|plan| plan.done) {
            break;
        }
    }
    let plans = place.sandbox.plans();
    for api in apis {
        let hurt = plans.iter().filter(|plan| plan.fault.api == *api && plan.done).count();
        let planned = plans.iter().filter(|plan| plan.fault.api == *api).count();
        println!("{api}: {hurt} of {planned}");
        ensure!(hurt >= planned.min(2), "{api} was hurt {hurt} times of {planned}");
    }
    place.sandbox.clear_plans();
    Ok(())
}

/// The token that a channel acts under is read anew in each of these runs, and each time it goes wrong in another way.
pub async fn hurt_the_channels_token(
    place: &Place,
    api: &str,
    sign_in: &[&str],
    post: &[&str],
) -> anyhow::Result<()> {
    for (turn, hurt) in one_of_each(place).into_iter().enumerate() {
        let path = place.video(&format!("token{turn}.mp4"), 200_000, 70 + turn as u64)?;
        place.queue(&path, post).await?;
        place.sandbox.plan(Fault::next(api, hurt));
        run(place, false, Duration::from_secs(3)).await?;
        place.run(&["-vvv", "retry"]).await?;
        if place.sandbox.plans().iter().any(|plan| !plan.done) {
            // It was taken for a sign-in that is over.
            place
                .connect_with(api.split('.').next().unwrap_or_default(), &Person::default(), sign_in)
                .await?
                .done()?;
            run(place, false, Duration::from_secs(3)).await?;
        }
        all_happened(place).context("the channel's token")?;
    }
    Ok(())
}

/// Killed while the body of this call is under way: what lies on disk then, the memo and the WAL, counts as well.
pub async fn killed_in(place: &Place, api: &str) -> anyhow::Result<()> {
    place.sandbox.plan(Fault::next(api, Deed::SlowBytesPerS(9_000_000)));
    let process = place.start(&["-vvv", "run"])?;
    let in_body = |call: &Call| call.api == api && call.status.is_none() && !call.cut;
    place.until("the body", |sandbox| sandbox.calls().iter().any(in_body)).await?;
    place.remember(&process.kill().await?);
    all_happened(place)
}

/// Everything that can be shown about these posts, and about all.
pub async fn look_at_everything(place: &Place, ids: &[i64]) -> anyhow::Result<()> {
    for id in ids {
        let (id, given) = (id.to_string(), json!({"id": id}).to_string());
        for args in
            [&["-vvv", "show", &id][..], &["--json", "show", &id], &["call", "posts.diagnose", &given]]
        {
            place.run(args).await?.done()?;
        }
    }
    for args in [
        &["-vvv", "list"][..],
        &["--json", "list"],
        &["settings", "get"],
        &["--json", "accounts"],
        &["-vvv", "apps", "list"],
        &["--json", "apps", "list"],
    ] {
        place.run(args).await?.done()?;
    }
    Ok(())
}

/// The echoes did reach the history, the report and the words of a command, without what they held.
fn echoes_were_kept(place: &Place) -> anyhow::Result<()> {
    let kept = |asked: &str| {
        place
            .heard()
            .iter()
            .any(|said| said.asked.contains(asked) && said.out.contains(MARK) && said.out.contains("<cut>"))
    };
    for asked in ["show", "posts.diagnose", "connect"] {
        ensure!(kept(asked), "no echo was kept in what `{asked}` says");
    }
    Ok(())
}

/// No command panicked, whatever it was told.
pub fn nothing_broke(place: &Place) -> anyhow::Result<()> {
    let broke = |text: &str| text.contains("Slipway broke") || text.contains("panicked at");
    for said in place.heard() {
        ensure!(
            !broke(&said.out) && !broke(&said.err),
            "`{}` broke:\n{}\n{}",
            said.asked,
            said.out,
            said.err
        );
    }
    Ok(())
}

/// The end of a platform's story: the echoes were kept, no secret is anywhere, also after the channel is gone, and the search works.
pub async fn ends(place: &Place, platform: &str, kinds: &[(&str, usize)]) -> anyhow::Result<()> {
    echoes_were_kept(place)?;
    nothing_broke(place)?;
    let count = nothing_is_found(place, "in the end", kinds)?;
    place.run(&["-vvv", "disconnect", platform]).await?;
    nothing_is_found(place, "after the disconnect", kinds)?;
    println!("{count} secrets, {} commands, {:?}", place.heard().len(), place.sandbox.state().secret_kinds);
    proves_that_it_finds(place)
}
