//! Videos a person chose: by the system's dialog, or by dropping files and folders.

use slipway_core::problem::{Code, Outcome, Problem};
use std::path::{Path, PathBuf};
use tauri::{AppHandle, Manager, WebviewWindow};
use tauri_plugin_dialog::DialogExt;

/// As many files as one drop may bring.
pub const MOST: usize = 200;
/// How far into folders is looked.
const DEPTH: usize = 3;
const ENDINGS: &[&str] =
    &["mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "wmv", "flv", "3gp", "ts", "mts"];

/// The system's dialog. Nothing chosen is an empty list.
#[tauri::command]
pub async fn pick_videos(app: AppHandle, window: WebviewWindow) -> Vec<String> {
    let (told, answer) = tokio::sync::oneshot::channel();
    let mut dialog = app.dialog().file().set_parent(&window).add_filter("Video", ENDINGS);
    // Where videos lie on this system, if it has a place for them; otherwise the dialog knows best.
    if let Some(videos) = app.path().video_dir().ok().filter(|folder| folder.is_dir()) {
        dialog = dialog.set_directory(videos);
    }
    dialog.pick_files(move |files| {
        let _ = told.send(files.unwrap_or_default());
    });
    let files = answer.await.unwrap_or_default();
    files.into_iter().filter_map(|file| file.into_path().ok()).filter_map(text).take(MOST).collect()
}

/// The system's dialog for one file beside a video: a thumbnail, captions. No endings: any file. Nothing chosen is null.
#[tauri::command]
pub async fn pick_file(
    app: AppHandle,
    window: WebviewWindow,
    extensions: Vec<String>,
) -> Result<Option<String>, Problem> {
    let plain = |ending: &String| {
        !ending.is_empty() && ending.len() <= 10 && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if extensions.len() > 20 || !extensions.iter().all(plain) {
        return Err(Problem::block(Code::BadRequest, "These are no endings of files."));
    }
    let (told, answer) = tokio::sync::oneshot::channel();
    let endings: Vec<&str> = extensions.iter().map(String::as_str).collect();
    let mut dialog = app.dialog().file().set_parent(&window);
    if !endings.is_empty() {
        dialog = dialog.add_filter(endings.join(", "), &endings);
    }
    dialog.pick_file(move |file| {
        let _ = told.send(file);
    });
    Ok(answer.await.ok().flatten().and_then(|file| file.into_path().ok()).and_then(text))
}

/// The videos among dropped files and in dropped folders, in the order of their names.
#[tauri::command]
pub async fn expand(paths: Vec<PathBuf>) -> Result<Vec<String>, Problem> {
    if paths.len() > 10_000 {
        return Err(Problem::block(Code::BadRequest, "So many files can't be taken at once."));
    }
    let looked = tauri::async_runtime::spawn_blocking(move || {
        let mut found = Vec::new();
        for path in &paths {
            look(path, DEPTH, true, &mut found);
        }
        found
    });
    let found = looked
        .await
        .map_err(|error| Problem::block(Code::Internal, "Looking at the files broke.").detail(error))?;
    match found.is_empty() {
        true => Err(Problem::block(Code::FileNotVideo, "There is no video among these files.")),
        false => Ok(found.into_iter().filter_map(text).collect()),
    }
}

/// A file that was dropped itself is taken whatever it is called; the engine looks inside. Links are not followed out of a folder.
fn look(path: &Path, depth: usize, dropped: bool, found: &mut Vec<PathBuf>) {
    if found.len() >= MOST {
        return;
    }
    let meta = if dropped { std::fs::metadata(path) } else { std::fs::symlink_metadata(path) };
    let Ok(meta) = meta else {
        if dropped {
            found.push(path.to_path_buf());
        }
        return;
    };
    if meta.is_dir() && depth > 0 {
        let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        inside.sort();
        inside.iter().for_each(|path| look(path, depth - 1, false, found));
    } else if meta.is_file() && (dropped || is_video(path)) {
        found.push(path.to_path_buf());
    }
}

fn is_video(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    ENDINGS.contains(&ending.as_str())
}

fn text(path: PathBuf) -> Option<String> {
    path.into_os_string().into_string().ok()
}

/// For a start with files or folders among its arguments.
pub fn as_text(paths: &[PathBuf]) -> Outcome<Vec<String>> {
    Ok(paths.iter().cloned().filter_map(text).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn folders_become_their_videos_bounded_in_number_and_depth() {
        let folder = std::env::temp_dir().join(format!("slipway-drop-{}", std::process::id()));
        let deep = folder.join("a/b/c/d");
        std::fs::create_dir_all(&deep).unwrap();
        for (path, name) in
            [(&folder, "1.mp4"), (&folder, "notes.txt"), (&folder, "2.MOV"), (&deep, "too-deep.mp4")]
        {
            std::fs::write(path.join(name), b"x").unwrap();
        }
        let found = expand(vec![folder.clone()]).await.unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|path| Path::new(path).file_name().unwrap().to_str().unwrap().to_string())
            .collect();
        assert_eq!(names, ["1.mp4", "2.MOV"]);
        // Dropped by itself it is handed on: the engine says what it is.
        assert_eq!(expand(vec![folder.join("notes.txt")]).await.unwrap().len(), 1);
        for n in 0..300 {
            std::fs::write(folder.join(format!("{n}.webm")), b"x").unwrap();
        }
        assert_eq!(expand(vec![folder.clone()]).await.unwrap().len(), MOST);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
