//! The probe against files of a real encoder. Without `ffmpeg` in the path the rows are skipped, and say so.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

/// Makes a file; false when there is no ffmpeg, or this one lacks the encoder.
fn encode(path: &Path, arguments: &str) -> bool {
    let picture = "testsrc=size=320x180:rate=25:duration=2";
    let sound = "sine=frequency=440:sample_rate=44100:duration=2";
    let outcome = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound])
        .args(arguments.split_whitespace())
        .arg(path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    outcome.is_ok_and(|status| status.success())
}

fn summary(probe: &Probe) -> String {
    let video = probe.video.as_ref().map_or("-".to_owned(), |video| {
        let rate = video.frame_rate.map_or("?".to_owned(), |rate| rate.to_string());
        let depth = video.bit_depth.map_or("?".to_owned(), |depth| depth.to_string());
        format!("{} {}x{} r{} {rate}/s {depth}bit", video.codec, video.width, video.height, video.rotation)
    });
    let audio = probe.audio.as_ref().map_or("-".to_owned(), |audio| {
        format!("{} {}ch {}", audio.codec, audio.channels.unwrap_or(0), audio.sample_rate.unwrap_or(0))
    });
    let moov = probe.moov.map_or("-".to_owned(), |moov| format!("{moov:?}"));
    format!(
        "{} | {video} | {audio} | {moov}{}",
        probe.mime,
        if probe.fragmented { " fragmented" } else { "" }
    )
}

/// Encodes, probes, and compares. The length may differ by a few sound frames from two seconds.
fn check(name: &str, arguments: &str, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    if !encode(&path, arguments) {
        println!("skipped: no ffmpeg that makes {name} with {arguments}");
        return;
    }
    let probe = probe(&path).unwrap_or_else(|fault| panic!("{arguments}: {fault:?}"));
    assert_eq!(summary(&probe), expected, "{arguments}\n{probe:?}");
    if probe.notes == [Note::RecognisedOnly] {
        return;
    }
    let duration = probe.duration_ms.unwrap();
    assert!((1_960..=2_100).contains(&duration), "{arguments}: {duration} ms");
    assert!(!probe.video.as_ref().unwrap().variable_frame_rate, "{arguments}");
}

const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac";

#[test]
fn mp4_and_mov() {
    let usual = "h264 320x180 r0 25/s 8bit | aac 1ch 44100";
    check("a.mp4", H264, &format!("video/mp4 | {usual} | End"));
    check("b.mp4", &format!("{H264} -movflags +faststart"), &format!("video/mp4 | {usual} | Front"));
    check("c.mov", H264, &format!("video/quicktime | {usual} | End"));
    check("d.m4v", H264, &format!("video/mp4 | {usual} | End"));
    check(
        "e.mp4",
        &format!("{H264} -ac 2 -ar 48000 -r 60 -timecode 00:00:00:00"),
        "video/mp4 | h264 320x180 r0 60/s 8bit | aac 2ch 48000 | End",
    );
    check(
        "f.mp4",
        &format!("{H264} -r 30000/1001 -an"),
        "video/mp4 | h264 320x180 r0 29.97/s 8bit | - | End",
    );
    check(
        "g.mov",
        "-c:v prores_ks -pix_fmt yuv422p10le -c:a pcm_s16le",
        "video/quicktime | prores 320x180 r0 25/s 10bit | pcm 1ch 44100 | End",
    );
    check(
        "h.mp4",
        "-c:v mpeg4 -c:a libmp3lame -ac 2",
        "video/mp4 | mpeg4 320x180 r0 25/s ?bit | mp3 2ch 44100 | End",
    );
    check(
        "i.mp4",
        "-c:v libx264 -preset ultrafast -pix_fmt yuv420p10le -c:a ac3 -ac 6",
        "video/mp4 | h264 320x180 r0 25/s 10bit | ac-3 6ch 44100 | End",
    );
    check(
        "j.mp4",
        "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -pix_fmt yuv420p10le -c:a libopus",
        "video/mp4 | hevc 320x180 r0 25/s 10bit | opus 1ch 48000 | End",
    );
    check(
        "k.mp4",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a flac -strict -2",
        "video/mp4 | vp9 320x180 r0 25/s 8bit | flac 1ch 44100 | End",
    );
    check("l.mp4", "-c:v libsvtav1 -preset 12 -an", "video/mp4 | av1 320x180 r0 25/s 8bit | - | End");
}

#[test]
fn fragmented_mp4() {
    let usual = "video/mp4 | h264 320x180 r0 25/s 8bit | aac 1ch 44100 | Front fragmented";
    for flags in [
        "frag_keyframe+empty_moov",
        "frag_keyframe",
        "frag_every_frame+empty_moov+default_base_moof",
        "dash+global_sidx",
        "dash",
        "delay_moov+frag_keyframe",
    ] {
        check("a.mp4", &format!("{H264} -g 10 -movflags {flags}"), usual);
    }
}

/// A download that stops between two fragments looks whole; only the index at the front knows better.
#[test]
fn a_fragmented_mp4_cut_between_fragments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.mp4");
    if !encode(&path, &format!("{H264} -g 10 -movflags dash+global_sidx")) {
        println!("skipped: no ffmpeg that writes a global sidx");
        return;
    }
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.windows(4).rposition(|window| window == b"moof").unwrap();
    bytes.truncate(last - 4);
    assert_eq!(probe_bytes(&bytes).unwrap_err().code(), "truncated");
}

#[test]
fn matroska_and_webm() {
    check("a.mkv", H264, "video/x-matroska | h264 320x180 r0 25/s 8bit | aac 1ch 44100 | -");
    check(
        "b.webm",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
        "video/webm | vp9 320x180 r0 25/s ?bit | opus 1ch 48000 | -",
    );
    check(
        "c.webm",
        "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis",
        "video/webm | vp8 320x180 r0 25/s ?bit | vorbis 1ch 44100 | -",
    );
}

#[test]
fn recognised_by_name_only() {
    check("a.avi", "-c:v mpeg4 -c:a mp2", "video/x-msvideo | - | - | -");
    check("b.ts", H264, "video/mp2t | - | - | -");
    check("c.m2ts", H264, "video/mp2t | - | - | -");
    check("d.mpg", "-c:v mpeg2video -c:a mp2", "video/mpeg | - | - | -");
    check("e.flv", H264, "video/x-flv | - | - | -");
    check("f.wmv", "-c:v wmv2 -c:a wmav2", "video/x-ms-wmv | - | - | -");
    check("g.ogv", "-c:v libtheora -c:a libvorbis", "video/ogg | - | - | -");
}

#[test]
fn sound_and_pictures_are_not_videos() {
    fn check(name: &str, arguments: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        if !encode(&path, arguments) {
            println!("skipped: no ffmpeg that makes {name} with {arguments}");
            return;
        }
        let found = probe(&path).unwrap_err();
        assert_eq!(found, MediaFault::NotVideo { looks_like: Some(expected.to_owned()) }, "{name}");
    }
    check("a.m4a", "-map 1 -c:a aac", "a sound file (M4A)");
    check("b.mp4", "-map 1 -c:a aac", "a sound file (M4A)");
    check("c.mp3", "-map 1 -id3v2_version 0 -write_xing 0", "a sound file (MP3)");
    check("d.mka", "-map 1 -c:a libopus", "a sound file (Matroska)");
    check("e.wav", "-map 1", "a sound file (WAV)");
    check("f.aac", "-map 1 -c:a aac", "a sound file (AAC)");
    check("g.ogg", "-map 1 -c:a libvorbis", "a sound file (Ogg)");
    check("h.jpg", "-map 0 -frames:v 1", "a JPEG picture");
    check("i.png", "-map 0 -frames:v 1", "a PNG picture");
    check("j.gif", "-map 0 -frames:v 2", "a GIF picture");
    check("k.tiff", "-map 0 -frames:v 1", "a TIFF or camera raw picture");
}

#[test]
fn colour_and_pixel_shape() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.mp4");
    let colour = "-colorspace bt2020nc -color_primaries bt2020 -color_trc smpte2084 -movflags +write_colr";
    if !encode(&path, &format!("{H264} -vf setsar=4/3 {colour}")) {
        println!("skipped: no ffmpeg that makes H.264");
        return;
    }
    let video = probe(&path).unwrap().video.unwrap();
    assert_eq!((video.coded_width, video.width, video.height), (320, 427, 180));
    assert_eq!(video.transfer, Some(Transfer::Pq));
}

/// Phones store pictures lying down and say by how much to turn them. The encoder's tag has counted either way
/// over the years, so a decoder is asked where a mark in the first corner ends up.
#[test]
fn rotation_is_what_a_player_shows() {
    let folder = tempfile::tempdir().unwrap();
    let (upright, turned) = (folder.path().join("upright.mp4"), folder.path().join("turned.mp4"));
    let mark = "-vf drawbox=w=iw:h=ih:color=black:t=fill,drawbox=w=80:h=80:color=white:t=fill";
    if !encode(&upright, &format!("{mark} {H264}")) {
        println!("skipped: no ffmpeg that makes H.264");
        return;
    }
    for degrees in ["90", "180", "270"] {
        let quiet = || {
            let mut command = Command::new("ffmpeg");
            command.args(["-v", "error", "-y", "-i"]).stdin(Stdio::null());
            command
        };
        let tag = format!("rotate={degrees}");
        let outcome =
            quiet().arg(&upright).args(["-c", "copy", "-metadata:s:v:0", &tag]).arg(&turned).status();
        assert!(outcome.unwrap().success());
        let video = probe(&turned).unwrap().video.unwrap();
        if video.rotation == 0 {
            println!("skipped: this ffmpeg no longer takes the rotate tag");
            return;
        }
        let raw = ["-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-"];
        let frame = quiet().arg(&turned).args(raw).output().unwrap().stdout;
        let (width, height) = (video.width as usize, video.height as usize);
        assert_eq!(frame.len(), width * height, "{degrees}");
        let white = |x: usize, y: usize| frame[y * width + x] > 128;
        let (right, bottom) = (width - 20, height - 20);
        let corners = [white(20, 20), white(right, 20), white(right, bottom), white(20, bottom)];
        let expected = [0, 90, 180, 270].map(|rotation| rotation == video.rotation);
        assert_eq!(corners, expected, "{degrees}");
    }
}
