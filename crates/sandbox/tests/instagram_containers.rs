//! Instagram's containers: what may stand in one, how its bytes arrive, and how it ends.
#![allow(clippy::unwrap_used)]

mod house;

use house::meta::{MIRABAKES, code, kind};
use house::{UNIT, hex, house, read, stuff};
use reqwest::Method;
use serde_json::json;
use slipway_sandbox::{Deed, Fault, Outcome};
use std::time::Duration;

const REEL: [(&str, &str); 2] = [("media_type", "REELS"), ("caption", "A cake #bread @ada.letters")];

#[tokio::test]
async fn every_parameter_of_a_container_is_checked() {
    let house = house().await;
    let account = house.account();
    let (long, most, least) = ("x".repeat(2201), "#a ".repeat(31), "@a ".repeat(21));
    let many = json!(vec![json!({ "username": "a" }); 21]).to_string();
    let reel = ("media_type", "REELS");
    let story = ("media_type", "STORIES");
    let child = [("media_type", "VIDEO"), ("is_carousel_item", "true")];
    let parameter = (100, None);
    for (form, expected) in [
        (vec![("media_type", "VIDEO")], (100, Some(2_207_023))),
        (vec![("media_type", "FILM")], (100, Some(2_207_023))),
        (vec![reel, ("caption", &long)], (36_004, Some(2_207_010))),
        (vec![reel, ("caption", &most)], parameter),
        (vec![reel, ("caption", &least)], parameter),
        (vec![reel, ("collaborators", "[\"a\",\"b\",\"c\",\"d\"]")], parameter),
        (vec![reel, ("share_to_feed", "perhaps")], parameter),
        (vec![reel, ("user_tags", &many)], (100, Some(2_207_040))),
        (vec![reel, ("user_tags", "[{\"x\":0.5}]")], parameter),
        (vec![reel, ("location_id", "Bern")], parameter),
        (vec![reel, ("trial_params", "{\"graduation_strategy\":\"SOON\"}")], parameter),
        (vec![reel, ("thumb_offset", "-1")], (1, Some(2_207_057))),
        (vec![reel, ("thumb_offset", "first")], (1, Some(2_207_057))),
        (vec![reel, ("cover_url", "cover.jpg")], (9004, Some(2_207_052))),
        (vec![reel, ("alt_text", "A cake")], parameter),
        (vec![reel, ("scheduled_publish_time", "1800000000")], parameter),
        (vec![reel, ("video_url", "https://creator.example/a.mp4")], parameter),
        (vec![reel, ("is_carousel_item", "true")], (100, Some(2_207_023))),
        (vec![reel, ("product_tags", "[1,2,3,4,5,6]")], (100, Some(2_207_035))),
        (vec![story, ("caption", "A cake")], parameter),
        (vec![story, ("collaborators", "[\"a\"]")], parameter),
        (vec![story, ("share_to_feed", "true")], parameter),
        ([&child[..], &[("caption", "A cake")]].concat(), parameter),
        ([&child[..], &[("audio_name", "Mine")]].concat(), parameter),
    ] {
        let form = [&form[..], &[("upload_type", "resumable")]].concat();
        let (status, body) = account.post(&format!("{MIRABAKES}/media"), &form).await;
        assert_eq!((status, code(&body)), (400, expected), "{:.200?}", form);
    }
    let media = format!("{MIRABAKES}/media");
    assert_eq!(code(&account.post(&media, &[reel]).await.1), parameter, "neither resumable nor an address");
    assert_eq!(code(&account.post(&media, &[reel, ("upload_type", "chunked")]).await.1), parameter);
    assert_eq!(code(&account.post(&media, &[]).await.1), parameter);
    assert!(house.sandbox.state().sessions.is_empty());
    let all = [
        reel,
        ("caption", "A cake"),
        ("share_to_feed", "false"),
        ("thumb_offset", "1500"),
        ("collaborators", "[\"ada.letters\"]"),
        ("audio_name", "Oven"),
        ("location_id", "106324046073002"),
        ("user_tags", "[{\"username\":\"ada.letters\"}]"),
        ("trial_params", "{\"graduation_strategy\":\"MANUAL\"}"),
        ("cover_url", "https://creator.example/c.jpg"),
        ("is_ai_generated", "true"),
    ];
    let id = account.ready(&all, &stuff(10)).await;
    account.publish(&id).await;
    let video = house.only_video();
    assert_eq!(
        (&video.options["audio_name"], &video.options["thumb_offset"]),
        (&json!("Oven"), &json!("1500"))
    );
    assert_eq!((video.privacy.as_str(), &video.options["share_to_feed"]), ("trial", &json!("false")));
    house.sandbox.settings(|settings| settings.meta.trial_reels = false);
    let trial =
        [reel, ("trial_params", "{\"graduation_strategy\":\"MANUAL\"}"), ("upload_type", "resumable")];
    assert_eq!(code(&account.post(&media, &trial).await.1), (100, Some(2_207_081)));
}

#[tokio::test]
async fn who_may_post_where() {
    let house = house().await;
    let form = [("media_type", "REELS"), ("upload_type", "resumable")];
    let media = format!("{MIRABAKES}/media");
    let reader = house.sandbox.grant_for("instagram", "mira", &["instagram_basic", "pages_read_engagement"]);
    let reader = house::meta::Caller { house: &house, host: house::meta::GRAPH, token: reader.access_token };
    assert_eq!(code(&reader.post(&media, &form).await.1), (10, None));
    let blind = house.sandbox.grant_for("instagram", "mira", &["instagram_content_publish"]);
    let blind = house::meta::Caller { house: &house, host: house::meta::GRAPH, token: blind.access_token };
    assert_eq!(code(&blind.post(&media, &form).await.1), (10, None));
    let jonas = house.sandbox.grant_for("instagram", "jonas", &house::meta::INSTAGRAM);
    let jonas = house::meta::Caller { house: &house, host: house::meta::GRAPH, token: jonas.access_token };
    assert_eq!(code(&jonas.post(&media, &form).await.1), (100, Some(33)));
    let garden = house.account().page(house::meta::GARDEN).await;
    assert_eq!(
        code(&garden.post(&media, &form).await.1),
        (100, Some(33)),
        "the account is linked to the other Page"
    );
    let (id, address) = house.account().container(&REEL).await;
    assert_eq!(code(&jonas.get(&id, &[("fields", "status")]).await.1), (100, Some(33)));
    assert_eq!(kind(&jonas.upload(&address, &stuff(5)).await.1), "ProcessingFailedError");
}

#[tokio::test]
async fn bytes_are_resumed_where_the_container_says() {
    let house = house().await;
    let account = house.account();
    let all = stuff(4 * UNIT);
    let (id, address) = account.container(&REEL).await;
    let status = async || {
        account.get(&id, &[("fields", "id,status,status_code,video_status")]).await.1["video_status"].clone()
    };
    assert_eq!(status().await["uploading_phase"]["bytes_transferred"], 0);
    house.sandbox.plan(Fault::next("instagram.upload", Deed::CutAfter(2 * UNIT as u64 + 1)));
    assert!(account.send(&address, 0, all.len(), all.clone()).await.is_err());
    let found = status().await;
    assert_eq!(
        found["uploading_phase"],
        json!({
            "status": "in_progress", "bytes_transferred": 2 * UNIT, "source_file_size": all.len(), "errors": [],
        })
    );
    assert_eq!(found["processing_phase"]["status"], "not_started");
    let refused = async |offset: usize, size: usize, body: &[u8]| {
        let (status, body) = read(account.send(&address, offset, size, body.to_vec()).await.unwrap()).await;
        assert_eq!(status, 400);
        kind(&body).to_string()
    };
    assert_eq!(refused(UNIT, all.len(), &all[UNIT..]).await, "OffsetInvalidError");
    assert_eq!(refused(2 * UNIT, all.len(), &all[2 * UNIT..3 * UNIT]).await, "PartialRequestError");
    assert_eq!(
        refused(2 * UNIT, all.len() + 1, &all[2 * UNIT..]).await,
        "PartialRequestError",
        "another size"
    );
    house.sandbox.plan(Fault::next("instagram.container", Deed::WrongOffset));
    assert_eq!(status().await["uploading_phase"]["bytes_transferred"], UNIT);
    house.sandbox.plan(Fault::next("instagram.upload", Deed::Lost));
    assert!(account.send(&address, UNIT, all.len(), all[UNIT..].to_vec()).await.is_err());
    assert_eq!(status().await["uploading_phase"]["status"], "complete", "only the answer was lost");
    house.sandbox.advance(Duration::from_secs(3));
    account.publish(&id).await;
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
    let (_, big) = account.container(&REEL).await;
    let (_, body) = read(account.send(&big, 0, 300_000_001, stuff(5)).await.unwrap()).await;
    assert_eq!(kind(&body), "ProcessingFailedError", "300 MB");
    let (_, story) = account.container(&[("media_type", "STORIES")]).await;
    let (_, body) = read(account.send(&story, 0, 100_000_001, stuff(5)).await.unwrap()).await;
    assert_eq!(kind(&body), "ProcessingFailedError", "100 MB");
}

#[tokio::test]
async fn containers_fail_by_number_and_end_after_a_day() {
    let house = house().await;
    let account = house.account();
    let failed = async |change: &dyn Fn(&mut slipway_sandbox::Settings), form: &[(&str, &str)]| {
        house.sandbox.settings(|settings| change(settings));
        let id = account.ready(form, &stuff(10)).await;
        house.sandbox.settings(|settings| {
            settings.processing_outcome = Outcome::Succeeded;
            settings.meta = slipway_sandbox::MetaSettings::default();
        });
        assert_eq!(account.status_code(&id).await, "ERROR");
        assert_eq!(code(&account.publish(&id).await.1), (9007, Some(2_207_027)));
        account.get(&id, &[("fields", "status")]).await.1["status"].as_str().unwrap().to_string()
    };
    let says = |number: i64| format!("Error: Media upload has failed with error code {number}");
    assert_eq!(failed(&|s| s.processing_outcome = Outcome::Failed, &REEL).await, says(2_207_026));
    let rejected = |s: &mut slipway_sandbox::Settings| {
        s.processing_outcome = Outcome::Failed;
        s.meta.container_error = 2_207_077;
    };
    assert_eq!(failed(&rejected, &REEL).await, says(2_207_077));
    assert_eq!(failed(&|s| s.meta.duration_ms = 901_000, &REEL).await, says(2_207_026));
    assert_eq!(failed(&|s| s.meta.duration_ms = 61_000, &[("media_type", "STORIES")]).await, says(2_207_026));
    let late = [REEL[0], ("thumb_offset", "30000")];
    assert_eq!(failed(&|_| (), &late).await, says(2_207_057), "held against the length once it is known");
    // Seen in the field: success is answered, and the file is not there.
    house.sandbox.settings(|settings| settings.meta.files_lost = 1);
    let (id, address) = account.container(&REEL).await;
    assert_eq!(account.upload(&address, &stuff(10)).await.0, 200);
    let (_, body) = account.get(&id, &[("fields", "status_code,status,video_status")]).await;
    assert_eq!((&body["status_code"], &body["status"]), (&json!("ERROR"), &json!(says(2_207_082))));
    let phase = &body["video_status"]["uploading_phase"];
    assert_eq!((&phase["bytes_transferred"], &phase["errors"][0]["code"]), (&json!(0), &json!(1_363_008)));
    let fresh = account.ready(&REEL, &stuff(10)).await;
    assert_eq!(account.status_code(&fresh).await, "FINISHED", "a fresh one is taken");
    let (waiting, address) = account.container(&REEL).await;
    house.sandbox.advance(Duration::from_secs(86_400));
    assert_eq!(account.status_code(&fresh).await, "EXPIRED");
    assert_eq!(account.status_code(&waiting).await, "EXPIRED");
    assert_eq!(code(&account.publish(&fresh).await.1), (-2, Some(2_207_020)));
    assert_eq!(kind(&account.upload(&address, &stuff(5)).await.1), "ProcessingFailedError");
    assert!(house.sandbox.state().videos.is_empty());
}

#[tokio::test]
async fn a_container_is_lost_by_fault() {
    let house = house().await;
    let account = house.account();
    let (id, address) = account.container(&REEL).await;
    house.sandbox.plan(Fault::next("instagram.upload", Deed::SessionGone));
    assert_eq!(account.upload(&address, &stuff(5)).await.0, 400);
    assert_eq!(account.status_code(&id).await, "ERROR");
    house.sandbox.plan(Fault::next("instagram.media", Deed::Lost));
    let form = [("media_type", "REELS"), ("upload_type", "resumable")];
    assert!(account.ask(Method::POST, &format!("{MIRABAKES}/media")).form(&form).send().await.is_err());
    assert_eq!(house.sandbox.state().sessions.len(), 2, "made, and never told; it posts nothing");
}

#[tokio::test]
async fn fields_that_are_none_are_refused() {
    let house = house().await;
    let account = house.account();
    let (id, _) = account.container(&REEL).await;
    assert_eq!(code(&account.get(&id, &[("fields", "status_code,progress")]).await.1), (100, None));
    assert_eq!(account.get(&id, &[]).await.1, json!({ "id": id }));
    assert_eq!(code(&account.get("17999999999999999", &[]).await.1), (100, Some(33)));
    assert_eq!(house.calls("instagram.object").len(), 1);
    assert_eq!(account.get(&format!("{MIRABAKES}/insights"), &[]).await.0, 400);
    assert!(house.sandbox.calls().pop().unwrap().unknown, "what is not imitated is flagged");
}
