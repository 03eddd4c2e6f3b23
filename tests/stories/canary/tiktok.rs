//! TikTok: codes, tokens that rotate, addresses of uploads that are passwords by themselves.

use super::search::nothing_is_found;
use super::trouble::{self, SignIn};
use anyhow::ensure;
use slipway_sandbox::{Deed, Fault};
use std::time::Duration;

const KINDS: &[(&str, usize)] = &[
    ("tiktok.client_secret", 1),
    ("tiktok.code", 10),
    ("tiktok.access_token", 5),
    ("tiktok.refresh_token", 5),
    ("tiktok.upload_id", 5),
    ("tiktok.upload_token", 5),
];

const DIRECT: &[&str] =
    &["--to", "tiktok", "-o", "tiktok.privacy=PUBLIC_TO_EVERYONE", "-o", "tiktok.consent=true"];
const INBOX: &[&str] = &["--to", "tiktok", "-o", "tiktok.mode=inbox"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_tiktok_is_written_or_said_anywhere() -> anyhow::Result<()> {
    let place = trouble::talkative().await?;
    place.sandbox.settings(|settings| settings.tiktok.moderation_ms = 100);
    let how = SignIn {
        platform: "tiktok",
        more: &[],
        scope: "video.publish",
        calls: &[("tiktok.token", 1), ("tiktok.user.info", 1)],
    };
    trouble::sign_in(&place, &how).await?;
    // It takes no token by hand, and does not say which one it did not take.
    let scopes = ["user.info.basic", "video.publish", "video.upload"];
    let token = place.sandbox.grant_for("tiktok", "mira", &scopes).access_token;
    let said = place.told(&["-vvv", "connect", "tiktok", "--token-stdin"], &token).await?;
    ensure!(said.code != Some(0), "{said:?}");

    // As it should be: posted, put into the inbox and given up there, taken back too late; with tokens that rotate.
    let mut ids = Vec::new();
    for (nth, more) in [DIRECT, INBOX].into_iter().enumerate() {
        let path = place.video(&format!("good{nth}.mp4"), 300_000, nth as u64)?;
        let id = place.queue(&path, more).await?;
        place.sandbox.expire_for("tiktok", true, false);
        let shown = trouble::run_until(&place, id, &["published", "to_finish", "stuck"]).await?;
        ensure!(shown["state"] != "stuck", "{shown:#}");
        place.run(&["-vvv", "cancel", &id.to_string()]).await?;
        ids.push(id);
    }
    let path = place.video("killed.mp4", 14_000_000, 99)?;
    ids.push(place.queue(&path, DIRECT).await?);
    trouble::killed_in(&place, "tiktok.upload.put").await?;
    nothing_is_found(&place, "after a kill", &[])?;
    trouble::run(&place, true, Duration::from_secs(10)).await?;

    // Every call of a post repeats what it was asked, in each way there is.
    let apis = [
        "tiktok.creator_info",
        "tiktok.upload.put",
        "tiktok.status.fetch",
        "tiktok.video.init",
        "tiktok.inbox.init",
    ];
    trouble::hurt_them_all(&place, &apis);
    place.sandbox.plan(Fault::next("tiktok.upload.put", Deed::CutAfter(100_000)));
    place.sandbox.plan(Fault::next("tiktok.upload.put", Deed::SessionGone));
    place.sandbox.plan(Fault::next("tiktok.token", trouble::in_every_field(&place, 1, 500)));
    place.sandbox.plan(Fault::nth("tiktok.token", 2, trouble::in_its_message(&place, 2, 500)));
    place.sandbox.expire_for("tiktok", true, false);
    for nth in 0..6_u64 {
        let path = place.video(&format!("bad{nth}.mp4"), 300_000, 10 + nth)?;
        ids.push(place.queue(&path, if nth < 4 { DIRECT } else { INBOX }).await?);
    }
    trouble::live_through(&place, &apis).await?;
    trouble::look_at_everything(&place, &ids).await?;

    // A sign-in that is over, refused in the words of what was sent.
    place.sandbox.expire_for("tiktok", true, false);
    place.sandbox.plan(Fault::next("tiktok.token", trouble::in_its_message(&place, 3, 400)));
    let path = place.video("over.mp4", 300_000, 30)?;
    ids.push(place.queue(&path, DIRECT).await?);
    trouble::run(&place, false, Duration::from_secs(10)).await?;
    trouble::look_at_everything(&place, &ids).await?;
    trouble::ends(&place, "tiktok", KINDS).await
}
