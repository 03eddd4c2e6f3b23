//! The bytes of a TikTok post: chunks in order at their borders, progress, an hour, and everything that can go wrong on the way.
#![allow(clippy::unwrap_used)]

mod house;

use house::tiktok::{CHUNK, Tiktoker, Upload, file, post, seen, sign_in, source};
use house::{House, hex, house, house_with, stuff};
use slipway_sandbox::{Config, Deed, Fault, ProgressHeader};
use std::time::Duration;

async fn begun(house: &House, size: usize) -> (Tiktoker, Upload, Vec<u8>) {
    let mira = sign_in(house, "mira").await;
    let upload = mira.begin(size).await;
    (mira, upload, stuff(size))
}

fn at(status: u16, stored: usize, total: usize) -> (u16, String) {
    (status, format!("bytes 0-{stored}/{total}"))
}

#[tokio::test]
async fn a_small_file_goes_in_one() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, 1_000_077).await;
    let session = house.sandbox.state().sessions.pop().unwrap();
    assert_eq!((session.total, session.stored, session.finished), (Some(1_000_077), 0, false));
    assert_eq!(mira.chunk(&upload, &all, 0, all.len()).await, at(201, all.len(), all.len()));
    let video = house.only_video();
    assert_eq!((video.bytes, video.blake3.as_deref()), (all.len() as u64, Some(hex(&all).as_str())));
    assert_eq!((video.platform.as_str(), video.title.as_str()), ("tiktok", ""));
    assert_eq!(video.description, "A cake #baking");
    let session = house.sandbox.state().sessions.pop().unwrap();
    assert_eq!((session.finished, session.video.as_deref()), (true, Some(video.id.as_str())));
    assert_eq!(
        mira.chunk(&upload, &all, 0, all.len()).await.0,
        404,
        "a finished task is no address any more"
    );
    assert_eq!(house.only_video().id, video.id);
}

#[tokio::test]
async fn chunks_in_order_and_the_last_one_takes_the_rest() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, 3 * CHUNK + 77).await;
    let total = all.len();
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await, at(206, CHUNK, total));
    assert_eq!(mira.chunk(&upload, &all, CHUNK, 2 * CHUNK).await, at(206, 2 * CHUNK, total));
    assert!(house.sandbox.state().videos.is_empty(), "no post before its last byte");
    assert_eq!(mira.chunk(&upload, &all, 2 * CHUNK, total).await, at(201, total, total));
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

#[tokio::test]
async fn what_is_out_of_order_or_off_its_border_is_not_stored() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, 3 * CHUNK + 77).await;
    let total = all.len();
    assert_eq!(mira.chunk(&upload, &all, CHUNK, 2 * CHUNK).await, at(416, 0, total), "a gap");
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK - 1).await, at(416, 0, total), "short of its border");
    assert_eq!(mira.chunk(&upload, &all, 0, 2 * CHUNK).await, at(416, 0, total), "two at once");
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await, at(206, CHUNK, total));
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await, at(416, CHUNK, total), "it is stored");
    house.sandbox.settings(|s| s.tiktok.resend_accepted = true);
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await, at(206, CHUNK, total), "by the other reading");
    assert_eq!(mira.chunk(&upload, &all, 1, CHUNK + 1).await.0, 416);
    assert_eq!(mira.chunk(&upload, &all, CHUNK, 2 * CHUNK).await.0, 206);
    assert_eq!(
        mira.chunk(&upload, &all, 2 * CHUNK, 3 * CHUNK).await,
        at(416, 2 * CHUNK, total),
        "the rest is missing"
    );
    assert_eq!(mira.chunk(&upload, &all, 2 * CHUNK, total).await.0, 201);
    let session = house.sandbox.state().sessions.pop().unwrap();
    assert!(session.received_total > session.stored, "all that came was counted");
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

#[tokio::test]
async fn the_progress_can_be_read_as_the_last_byte() {
    let house = house().await;
    house.sandbox.settings(|s| s.tiktok.progress = ProgressHeader::LastIndex);
    let (mira, upload, all) = begun(&house, 2 * CHUNK).await;
    assert_eq!(mira.chunk(&upload, &all, CHUNK, all.len()).await, at(416, 0, all.len()));
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await, at(206, CHUNK - 1, all.len()));
    assert_eq!(mira.chunk(&upload, &all, CHUNK, all.len()).await, at(201, all.len() - 1, all.len()));
}

#[tokio::test]
async fn three_headers_and_no_token() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, 1_000).await;
    let range = "bytes 0-999/1000";
    let status = |ask: reqwest::RequestBuilder| async { ask.send().await.unwrap().status().as_u16() };
    assert_eq!(
        status(mira.put(&upload.url, range, all.clone()).bearer_auth(&mira.token)).await,
        400,
        "no token"
    );
    assert_eq!(status(mira.put(&upload.url, "", all.clone())).await, 400, "no range");
    for bad in
        ["bytes=0-999/1000", "bytes 0-999/*", "bytes 0-999/1001", "bytes 0-998/1000", "bytes 0-1000/1000"]
    {
        assert_eq!(status(mira.put(&upload.url, bad, all.clone())).await, 400, "{bad}");
    }
    let plain = house.http.put(&upload.url).header("Content-Range", range).body(all.clone());
    assert_eq!(status(plain).await, 400, "no type");
    let wrong =
        house.http.put(&upload.url).header("Content-Range", range).header("Content-Type", "video/avi");
    assert_eq!(status(wrong.body(all.clone())).await, 400);
    let piece = all.clone();
    let chunked = futures_util::stream::once(async move { Ok::<_, std::io::Error>(piece) });
    let ask = house.http.put(&upload.url).header("Content-Range", range).header("Content-Type", "video/mp4");
    assert_eq!(status(ask.body(reqwest::Body::wrap_stream(chunked))).await, 400, "no length");
    let posted = house.http.post(&upload.url).header("Content-Range", range).body(all.clone());
    assert_eq!(status(posted).await, 404, "PUT and nothing else");
    for kind in ["video/quicktime", "video/webm"] {
        let other = mira.begin(all.len()).await;
        let ask = house.http.put(&other.url).header("Content-Range", range).header("Content-Type", kind);
        assert_eq!(status(ask.body(all.clone())).await, 201, "{kind}");
    }
    assert_eq!(mira.chunk(&upload, &all, 0, 1_000).await.0, 201, "none of this did any harm");
}

#[tokio::test]
async fn an_address_lives_for_an_hour_and_only_whole() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, 2 * CHUNK).await;
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await.0, 206);
    house.sandbox.advance(Duration::from_secs(3_590));
    let fresh = mira.begin(all.len()).await;
    house.sandbox.advance(Duration::from_secs(11));
    assert_eq!(
        mira.chunk(&upload, &all, CHUNK, all.len()).await.0,
        403,
        "the whole upload has to end within it"
    );
    assert_eq!(mira.stage(&upload.id).await, "PROCESSING_UPLOAD");
    for changed in [
        upload.url.replace("upload_token=", "upload_token=x"),
        upload.url.replace("upload_id=", "upload_id=1"),
    ] {
        let lost = Upload { id: String::new(), url: changed };
        assert_eq!(mira.chunk(&lost, &all, 0, CHUNK).await.0, 404);
    }
    mira.send(&fresh, &all).await;
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

/// An hour that ends while a chunk is on its way ends it too.
#[tokio::test]
async fn a_chunk_that_comes_too_late_is_not_stored() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, 2 * CHUNK).await;
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await.0, 206);
    house.sandbox.plan(Fault::next("tiktok.upload.put", Deed::SlowBytesPerS(10_000_000)));
    let late = mira.chunk(&upload, &all, CHUNK, all.len());
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        house.sandbox.advance(Duration::from_secs(3_601));
    };
    let ((status, _), ()) = tokio::join!(late, later);
    assert_eq!(status, 403);
    assert!(house.sandbox.state().videos.is_empty());
    assert_eq!(house.sandbox.state().sessions[0].stored, CHUNK as u64);
}

#[tokio::test]
async fn a_chunk_that_was_cut_leaves_nothing() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, 2 * CHUNK + 9).await;
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await.0, 206);
    house.sandbox.plan(Fault::next("tiktok.upload.put", Deed::CutAfter(CHUNK as u64 - 1)));
    assert!(mira.try_chunk(&upload, &all, CHUNK, all.len()).await.is_err());
    let session = house.sandbox.state().sessions.pop().unwrap();
    assert_eq!((session.stored, session.received_total), (CHUNK as u64, 2 * CHUNK as u64 - 1));
    let (_, status) = mira.status(&upload.id).await;
    assert_eq!(status["data"]["uploaded_bytes"], CHUNK);
    assert_eq!(mira.chunk(&upload, &all, CHUNK, all.len()).await.0, 201);
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

#[tokio::test]
async fn a_lost_answer_and_one_of_a_gateway_leave_everything() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, 4 * CHUNK).await;
    let total = all.len();
    house.sandbox.plan(Fault::next("tiktok.upload.put", Deed::Lost));
    assert!(mira.try_chunk(&upload, &all, 0, CHUNK).await.is_err());
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await, at(416, CHUNK, total), "it was stored");
    house.sandbox.plan(Fault::next("tiktok.upload.put", 502));
    assert_eq!(mira.chunk(&upload, &all, CHUNK, 2 * CHUNK).await.0, 502);
    assert_eq!(mira.chunk(&upload, &all, CHUNK, 2 * CHUNK).await.0, 206, "before anything was stored");
    house.sandbox.plan(Fault::next("tiktok.upload.put", Deed::StatusAfter(502)));
    assert_eq!(mira.chunk(&upload, &all, 2 * CHUNK, 3 * CHUNK).await.0, 502);
    assert_eq!(
        mira.chunk(&upload, &all, 2 * CHUNK, 3 * CHUNK).await,
        at(416, 3 * CHUNK, total),
        "after it was"
    );
    house.sandbox.plan(Fault::next("tiktok.upload.put", Deed::Lost));
    assert!(mira.try_chunk(&upload, &all, 3 * CHUNK, total).await.is_err());
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all), "posted, though nobody was told");
    assert!(house.sandbox.plans().iter().all(|plan| plan.done));
}

#[tokio::test]
async fn a_server_that_forgets_says_where_it_stands() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, 3 * CHUNK).await;
    let total = all.len();
    house.sandbox.plan(Fault::next("tiktok.upload.put", Deed::WrongOffset));
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await, at(416, 0, total), "the very first");
    for n in 0..2 {
        assert_eq!(mira.chunk(&upload, &all, n * CHUNK, (n + 1) * CHUNK).await.0, 206);
    }
    house.sandbox.plan(Fault::next("tiktok.upload.put", Deed::WrongOffset));
    assert_eq!(mira.chunk(&upload, &all, 2 * CHUNK, total).await, at(416, CHUNK, total), "one chunk less");
    assert_eq!(mira.status(&upload.id).await.1["data"]["uploaded_bytes"], CHUNK);
    assert_eq!(mira.chunk(&upload, &all, CHUNK, 2 * CHUNK).await.0, 206);
    assert_eq!(mira.chunk(&upload, &all, 2 * CHUNK, total).await.0, 201);
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

#[tokio::test]
async fn a_task_that_is_gone_stays_gone() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, 2 * CHUNK).await;
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await.0, 206);
    house.sandbox.plan(Fault::next("tiktok.upload.put", Deed::SessionGone));
    assert_eq!(mira.chunk(&upload, &all, CHUNK, all.len()).await.0, 404);
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await.0, 404);
    let session = house.sandbox.state().sessions.pop().unwrap();
    assert_eq!((session.stored, session.cancelled, session.finished), (0, true, false));
}

#[tokio::test]
async fn a_new_request_ends_the_one_still_running() {
    let house = house().await;
    let (mira, upload, all) = begun(&house, CHUNK).await;
    house.sandbox.plan(Fault::next("tiktok.upload.put", Deed::SlowBytesPerS(1_000_000)));
    let slow = mira.try_chunk(&upload, &all, 0, CHUNK);
    let next = async {
        while house.sandbox.state().sessions[0].received_total == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        mira.chunk(&upload, &all, 0, CHUNK).await
    };
    let (slow, (status, _)) = tokio::join!(slow, next);
    assert!(slow.is_err());
    assert_eq!(status, 201);
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

#[tokio::test]
async fn chunks_outlive_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let config = || Config { home: Some(home.path().into()), ..Config::default() };
    let all = stuff(2 * CHUNK + 5);
    let first = house_with(config()).await;
    let mira = sign_in(&first, "mira").await;
    let upload = mira.begin(all.len()).await;
    assert_eq!(mira.chunk(&upload, &all, 0, CHUNK).await.0, 206);
    let app = first.sandbox.announcement().apps["tiktok"].clone();
    first.sandbox.stop().await;
    let second = house_with(config()).await;
    assert_eq!(second.sandbox.announcement().apps["tiktok"], app);
    assert_eq!(mira.chunk(&upload, &all, CHUNK, all.len()).await.0, 201);
    let video = second.only_video();
    assert_eq!(video.blake3.unwrap(), hex(&all));
    let played =
        second.http.get(format!("{}/media/{}", second.sandbox.page(), video.id)).send().await.unwrap();
    assert_eq!(played.headers()["content-type"], "video/mp4");
    assert_eq!(played.bytes().await.unwrap(), all);
    second.sandbox.reset();
    assert!(second.sandbox.state().videos.is_empty() && second.sandbox.state().sessions.is_empty());
    assert_eq!(std::fs::read_dir(home.path().join("bytes")).unwrap().count(), 0);
    assert_eq!(second.sandbox.announcement().apps["tiktok"], app);
}

/// Two platforms keep bytes in one store and never meet there.
#[tokio::test]
async fn bytes_of_two_platforms_do_not_meet() {
    let house = house().await;
    let (tiktok, youtube) = (stuff(1_000), stuff(2_000));
    house.sign_in("mira").await.upload(&youtube, "private").await;
    let mira = sign_in(&house, "mira").await;
    let upload = mira.begin(tiktok.len()).await;
    mira.send(&upload, &tiktok).await;
    for video in house.sandbox.state().videos {
        let whole = if video.platform == "tiktok" { &tiktok } else { &youtube };
        let played =
            house.http.get(format!("{}/media/{}", house.sandbox.page(), video.id)).send().await.unwrap();
        assert_eq!(&played.bytes().await.unwrap()[..], &whole[..], "{}", video.platform);
    }
}

#[tokio::test]
async fn sizes_of_the_contract_at_the_edge_of_one_chunk() {
    let house = house_with(Config { discard_bytes: true, ..Config::default() }).await;
    house.sandbox.settings(|s| s.hash = false);
    let mira = sign_in(&house, "mira").await;
    // 64,000,001 bytes as six chunks, the last of 14,000,001.
    let all = vec![0; 64_000_001];
    let plan = source(all.len(), 10_000_000, 6);
    let upload = house::tiktok::begun(mira.init(post("SELF_ONLY"), plan).await);
    for n in 0..5 {
        assert_eq!(mira.chunk(&upload, &all, n * 10_000_000, (n + 1) * 10_000_000).await.0, 206);
    }
    assert_eq!(mira.chunk(&upload, &all, 50_000_000, all.len()).await.0, 201);
    let whole = mira.begin_for(post("SELF_ONLY"), 4_999_999).await;
    assert_eq!(file(4_999_999)["total_chunk_count"], 1);
    let answer = mira.try_chunk(&whole, &all[..4_999_999], 0, 4_999_999).await.unwrap();
    assert_eq!(seen(&answer).0, 201);
}
