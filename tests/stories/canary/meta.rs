//! Facebook Pages and Instagram by either way: the app's secret and tokens in addresses, Pages' own tokens, signed sessions of files.

use super::search::nothing_is_found;
use super::trouble::{self, SignIn};
use anyhow::{Context, ensure};
use slipway_sandbox::{Deed, Fault};
use slipway_stories::Person;
use slipway_stories::binary::Place;
use std::time::Duration;

const FACEBOOK: &[(&str, usize)] = &[
    ("facebook.client_secret", 1),
    ("facebook.code", 10),
    ("facebook.short_token", 10),
    ("facebook.long_token", 5),
    ("facebook.page_token", 2),
    ("facebook.upload_session", 3),
    ("facebook.upload_signature", 3),
    ("facebook.file_handle", 1),
];

const INSTAGRAM: &[(&str, usize)] = &[
    ("instagram.client_secret", 1),
    ("instagram.code", 10),
    ("instagram.short_token", 10),
    ("instagram.long_token", 5),
    ("instagram.page_token", 2),
];

const INSTAGRAM_LOGIN: &[(&str, usize)] = &[
    ("instagram_login.client_secret", 1),
    ("instagram_login.code", 10),
    ("instagram_login.short_token", 5),
    ("instagram_login.long_token", 3),
];

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture, but nobody looks";
const CAPTIONS: &[u8] = b"1\n00:00:00,000 --> 00:00:02,000\nBread, slowly.\n";

/// Tokens are near their end, so that they are renewed whenever they are needed.
async fn a_place() -> anyhow::Result<Place> {
    let place = trouble::talkative().await?;
    place.sandbox.settings(|settings| settings.meta.long_token_s = 10 * 86_400);
    Ok(place)
}

fn beside(place: &Place, name: &str, content: &[u8]) -> anyhow::Result<String> {
    let path = place.ground.path().join("videos").join(name);
    std::fs::write(&path, content)?;
    Ok(path.to_string_lossy().into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_facebook_is_written_or_said_anywhere() -> anyhow::Result<()> {
    let place = a_place().await?;
    let how = SignIn {
        platform: "facebook",
        more: &["--choose", "Mira Bakes"],
        scope: "pages_manage_posts",
        calls: &[
            ("facebook.token", 1),
            ("facebook.token", 2),
            ("facebook.permissions", 1),
            ("facebook.accounts", 1),
        ],
    };
    trouble::sign_in(&place, &how).await?;
    // It speaks for two Pages, and which one is not said, or said wrongly.
    for more in [&["-vvv"][..], &["-vvv", "--choose", "Mira Eats"]] {
        let said = place.connect_with("facebook", &Person::default(), more).await?;
        ensure!(said.code != Some(0), "{said:?}");
    }
    let scopes = ["pages_show_list", "pages_read_engagement", "pages_manage_posts"];
    let token = place.sandbox.grant_for("facebook", "mira", &scopes).access_token;
    trouble::pasted(&place, &how, &token, "facebook.accounts").await?;

    // As it should be: at once, handed over, edited there and taken back, staged and taken back.
    let reel = ["--to", "facebook", "--title", "Rye"];
    let video = ["--to", "facebook", "--title", "Rye", "-o", "facebook.kind=video"];
    let (cover, words) = (beside(&place, "cover.png", PNG)?, beside(&place, "words.srt", CAPTIONS)?);
    let (cover, words) = (format!("facebook.thumbnail={cover}"), format!("facebook.captions={words}"));
    let extras = ["-o", &cover, "-o", &words, "-o", "facebook.captions_language=en"];
    let mut ids = Vec::new();
    for (nth, (more, rests)) in [
        ([&reel[..], &extras].concat(), "published"),
        (video.to_vec(), "published"),
        ([&reel[..], &["--at", "+1h"]].concat(), "handed_over"),
        ([&video[..], &["--at", "+1h"]].concat(), "handed_over"),
        ([&reel[..], &["--at", "+8m"]].concat(), "ready"),
        ([&video[..], &["--at", "+8m"]].concat(), "ready"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = place.video(&format!("good{nth}.mp4"), 300_000, nth as u64)?;
        let id = place.queue(&path, &more).await?;
        place.sandbox.expire_for("facebook", true, false);
        let shown = trouble::run_until(&place, id, &[rests, "stuck"]).await?;
        ensure!(shown["state"] == rests, "{shown:#}");
        if rests != "published" {
            let at = if rests == "ready" { "+9m" } else { "+2h" };
            place
                .run(&["-vvv", "edit", &id.to_string(), "--title", "Rye, again", "--at", at])
                .await?
                .done()?;
            trouble::run(&place, true, Duration::from_secs(3)).await?;
            place
                .sandbox
                .plan(Fault::next("facebook.video.delete", trouble::in_every_field(&place, nth, 500)));
            place.run(&["-vvv", "cancel", &id.to_string()]).await?.done()?;
            trouble::run_until(&place, id, &["cancelled"]).await?;
            place.sandbox.clear_plans();
        }
        ids.push(id);
    }
    for (api, more) in [("facebook.upload", &reel[..]), ("facebook.uploads.put", &video)] {
        let path = place.video(&format!("{api}.mp4"), 14_000_000, 99)?;
        ids.push(place.queue(&path, &[more, &["--again"]].concat()).await?);
        trouble::killed_in(&place, api).await?;
        nothing_is_found(&place, "after a kill", &[])?;
        trouble::run(&place, true, Duration::from_secs(8)).await?;
    }

    // Every call of a post repeats what it was asked, in each way there is.
    trouble::hurt_the_channels_token(&place, "facebook.page", how.more, &reel).await?;
    let with_extras = [&reel[..], &extras].concat();
    for (turn, (apis, more)) in [
        (&["facebook.reels.start", "facebook.upload"][..], &reel[..]),
        (&["facebook.reels.finish", "facebook.video.status", "facebook.video.thumbnails"], &with_extras),
        (&["facebook.uploads.start", "facebook.uploads.put", "facebook.videos.create"], &video),
    ]
    .into_iter()
    .enumerate()
    {
        trouble::hurt_them_all(&place, apis);
        for api in apis.iter().filter(|api| api.starts_with("facebook.upload")) {
            place.sandbox.plan(Fault::next(api, Deed::CutAfter(100_000)));
            place.sandbox.plan(Fault::next(api, Deed::SessionGone));
        }
        for nth in 0..5_u64 {
            let path = place.video(&format!("bad{turn}{nth}.mp4"), 300_000, 10 + 10 * turn as u64 + nth)?;
            ids.push(place.queue(&path, more).await?);
        }
        trouble::live_through(&place, apis).await?;
    }
    // Last, since a limit of the app holds everything.
    for code in [1_363_040, 368, 4] {
        place.sandbox.plan(Fault::next("facebook.video.status", trouble::with_a_number(&place, 1, code)));
    }
    let path = place.video("limit.mp4", 300_000, 60)?;
    ids.push(place.queue(&path, &reel).await?);
    trouble::run(&place, true, Duration::from_secs(6)).await?;
    trouble::look_at_everything(&place, &ids).await?;

    // The person's own sign-in is dead.
    place.sandbox.expire_for("facebook", true, true);
    let path = place.video("over.mp4", 300_000, 61)?;
    ids.push(place.queue(&path, &reel).await?);
    trouble::run(&place, false, Duration::from_secs(8)).await?;
    trouble::look_at_everything(&place, &ids).await?;
    trouble::ends(&place, "facebook", FACEBOOK).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_instagram_is_written_or_said_anywhere() -> anyhow::Result<()> {
    let place = a_place().await?;
    let how = SignIn {
        platform: "instagram",
        more: &[],
        scope: "instagram_content_publish",
        calls: &[
            ("instagram.token", 1),
            ("instagram.token", 2),
            ("instagram.permissions", 1),
            ("instagram.accounts", 1),
        ],
    };
    trouble::sign_in(&place, &how).await?;
    let scopes = ["instagram_basic", "instagram_content_publish", "pages_show_list", "pages_read_engagement"];
    let token = place.sandbox.grant_for("instagram", "mira", &scopes).access_token;
    trouble::pasted(&place, &how, &token, "instagram.accounts").await?;

    // As it should be: at once, a story, several in one, staged until its minute, staged and taken back.
    let reel = ["--to", "instagram"];
    let more_videos = place.video("second.mp4", 300_000, 50)?;
    let more_videos = format!("instagram.more_videos={}", more_videos.display());
    let mut ids = Vec::new();
    for (nth, (more, rests)) in [
        (reel.to_vec(), "published"),
        ([&reel[..], &["-o", "instagram.kind=story"]].concat(), "published"),
        ([&reel[..], &["-o", &more_videos]].concat(), "published"),
        ([&reel[..], &["--at", "+6s"]].concat(), "published"),
        ([&reel[..], &["--at", "+1h"]].concat(), "ready"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = place.video(&format!("good{nth}.mp4"), 300_000, nth as u64)?;
        let id = place.queue(&path, &more).await?;
        place.sandbox.expire_for("instagram", true, false);
        let shown = trouble::run_until(&place, id, &[rests, "stuck"]).await?;
        ensure!(shown["state"] == rests, "{shown:#}");
        if rests == "ready" {
            place.run(&["-vvv", "edit", &id.to_string(), "--caption", "Rye, again"]).await?.done()?;
            trouble::run(&place, true, Duration::from_secs(5)).await?;
        }
        place.run(&["-vvv", "cancel", &id.to_string()]).await?;
        ids.push(id);
    }
    let path = place.video("killed.mp4", 14_000_000, 99)?;
    ids.push(place.queue(&path, &reel).await?);
    trouble::killed_in(&place, "instagram.upload").await?;
    nothing_is_found(&place, "after a kill", &[])?;
    trouble::run(&place, true, Duration::from_secs(8)).await?;

    let apis = ["instagram.media", "instagram.upload", "instagram.container", "instagram.publish"];
    trouble::hurt_the_channels_token(&place, "instagram.page", how.more, &reel).await?;
    for nth in 0..6_u64 {
        let path = place.video(&format!("bad{nth}.mp4"), 300_000, 10 + nth)?;
        ids.push(place.queue(&path, &reel).await?);
    }
    trouble::hurt_them_all(&place, &apis);
    for code in [4, 368, 9007, 2_207_026] {
        place.sandbox.plan(Fault::next("instagram.media", trouble::with_a_number(&place, 1, code)));
    }
    place.sandbox.plan(Fault::next("instagram.upload", Deed::CutAfter(100_000)));
    place.sandbox.plan(Fault::next("instagram.upload", Deed::SessionGone));
    trouble::live_through(&place, &apis).await?;
    trouble::look_at_everything(&place, &ids).await?;
    trouble::ends(&place, "instagram", INSTAGRAM).await
}

/// Without a Page: the answer comes over a page of one's own, and Instagram fetches the video at an address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_instagram_login_is_written_or_said_anywhere() -> anyhow::Result<()> {
    let place = a_place().await?;
    let app = place.sandbox.announcement().apps.get("instagram_login").context("no such app")?.clone();
    let args = [
        "-vvv",
        "--json",
        "apps",
        "add",
        "instagram",
        "--way",
        "instagram_login",
        "--client-id",
        &app.client_id,
        "--secret-stdin",
        "--redirect",
        "https://creator.example/slipway.html",
    ];
    let number = place.told(&args, &app.client_secret).await?.done()?.json()?["id"].to_string();
    let more = ["--way", "instagram_login", "--app", &number];
    let how = SignIn {
        platform: "instagram",
        more: &more,
        scope: "instagram_business_content_publish",
        calls: &[("instagram.token", 1), ("instagram.token", 2), ("instagram.account", 1)],
    };
    trouble::sign_in(&place, &how).await?;
    let scopes = ["instagram_business_basic", "instagram_business_content_publish"];
    let token = place.sandbox.grant_for("instagram_login", "mira", &scopes).access_token;
    trouble::pasted(&place, &how, &token, "instagram.account").await?;

    let path = place.video("rye.mp4", 300_000, 1)?;
    let address = "https://cdn.example/rye.mp4";
    place.sandbox.serve_static(address, std::fs::read(&path)?);
    let address = format!("instagram.video_url={address}");
    let reel = ["--to", "instagram", "-o", &address, "--again"];
    let good = place.queue(&path, &reel).await?;
    let shown = trouble::run_until(&place, good, &["published", "stuck"]).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    let apis = ["instagram.media", "instagram.container", "instagram.publish"];
    trouble::hurt_them_all(&place, &apis);
    // A token of a day is renewed by its own call.
    place.sandbox.plan(Fault::next("instagram.token", trouble::in_every_field(&place, 1, 400)));
    place.sandbox.plan(Fault::next("instagram.token", trouble::in_its_message(&place, 2, 500)));
    let mut ids = vec![good];
    for _ in 0..4 {
        ids.push(place.queue(&path, &reel).await?);
    }
    trouble::live_through(&place, &apis).await?;
    trouble::look_at_everything(&place, &ids).await?;
    trouble::ends(&place, "instagram", INSTAGRAM_LOGIN).await
}
