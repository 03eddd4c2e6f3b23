//! The IANA name of this computer's own zone, found by every documented way; `None` where none of them names it.
//!
//! A zone that is not found is never replaced by UTC: the person is asked, because a guessed zone is a wrong hour.
//!
//! The order is that of the C library, whose times are shown by everything else on the computer: `TZ`, then `/etc/localtime` by its
//! link, then what may say the same with less weight (`/etc/timezone`, `timedatectl`), then the content of `/etc/localtime` held
//! against the zone database. On Windows and macOS jiff asks the system.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// As long as `timedatectl` may take; it starts a service on some systems.
const DEADLINE: Duration = Duration::from_millis(700);
/// Where zone files lie, and where a link may point.
const DATABASES: [&str; 3] = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"];

static KNOWN: Mutex<Option<Option<String>>> = Mutex::new(None);

/// The name as it was found first in this process, or by the last [`look_again`].
pub fn name() -> Option<String> {
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    known.get_or_insert_with(find).clone()
}

/// Looks again, because the person may have travelled. Reads files, so call it off the async threads.
pub fn look_again() -> Option<String> {
    let found = find();
    *KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(found.clone());
    found
}

fn find() -> Option<String> {
    if let Some(said) = std::env::var_os("TZ") {
        // What is set and can't be read is what the other programs go by, so nothing else may stand in for it.
        return of_variable(said.to_str()?, Path::new("/"));
    }
    if cfg!(all(unix, not(target_os = "macos"))) {
        of_files(Path::new("/"), timedatectl)
    } else {
        jiff::tz::TimeZone::system().iana_name().and_then(canonical)
    }
}

/// `Europe/Berlin`, `:Europe/Berlin`, `:/usr/share/zoneinfo/Europe/Berlin`, or a rule as POSIX writes it.
fn of_variable(said: &str, root: &Path) -> Option<String> {
    let said = said.strip_prefix(':').unwrap_or(said);
    if said.starts_with('/') {
        let path = Path::new(said);
        return below_database(path)
            .or_else(|| of_link(path, root))
            .or_else(|| of_content(&std::fs::read(inside(root, path)).ok()?, root));
    }
    canonical(said).or_else(|| of_fixed_rule(said))
}

/// `JST-9`, `<+03>-3`, `UTC0`: whole hours without summer time are zones of their own. A rule with a summer time, or with half an hour,
/// is that of several zones or of none.
fn of_fixed_rule(rule: &str) -> Option<String> {
    let rest = match rule.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?.1,
        None => rule.trim_start_matches(|c: char| c.is_ascii_alphabetic()),
    };
    let (west, digits) = match rest.strip_prefix('-') {
        Some(east) => (false, east),
        None => (true, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let hours = digits.strip_suffix(":00").unwrap_or(digits);
    if rest == rule || hours.is_empty() || !hours.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    match (hours.parse::<u8>().ok()?, west) {
        (0, _) => Some("Etc/UTC".into()),
        // Both write the hours west of Greenwich as positive.
        (hours, true) => canonical(&format!("Etc/GMT+{hours}")),
        (hours, false) => canonical(&format!("Etc/GMT-{hours}")),
    }
}

fn of_files(root: &Path, service: impl FnOnce() -> Option<String>) -> Option<String> {
    let localtime = Path::new("/etc/localtime");
    if let Some(name) = of_link(localtime, root) {
        return Some(name);
    }
    let content = std::fs::read(inside(root, localtime)).ok();
    let written = std::fs::read_to_string(inside(root, Path::new("/etc/timezone"))).ok();
    let written = written.and_then(|text| canonical(text.lines().next()?.trim()));
    // A file that somebody forgot to change: the other one is what programs go by.
    let fits = |name: &String| content.as_ref().is_none_or(|content| is_content_of(content, name, root));
    written
        .filter(fits)
        .or_else(|| service().and_then(|name| canonical(&name)).filter(fits))
        .or_else(|| of_content(content.as_deref()?, root))
}

/// Follows a link by hand: the first place below a zone database names the zone, before aliases are resolved further.
fn of_link(path: &Path, root: &Path) -> Option<String> {
    let mut path = path.to_path_buf();
    for _ in 0..8 {
        if let Some(name) = below_database(&path) {
            return Some(name);
        }
        let target = std::fs::read_link(inside(root, &path)).ok()?;
        path = if target.is_absolute() { target } else { flat(&path.parent()?.join(target)) };
    }
    None
}

/// `/usr/share/zoneinfo/posix/Europe/Berlin` is `Europe/Berlin`, wherever the database lies.
fn below_database(path: &Path) -> Option<String> {
    let (_, name) = path.to_str()?.rsplit_once("zoneinfo/")?;
    let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
    canonical(name)
}

/// Without `..`, as a link says it.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                flat.pop();
            }
            part => flat.push(part),
        }
    }
    flat
}

fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn is_content_of(content: &[u8], name: &str, root: &Path) -> bool {
    let files = DATABASES.iter().map(|database| inside(root, Path::new(database)).join(name));
    let mut read = files.filter_map(|file| std::fs::read(file).ok()).peekable();
    // Without the file nothing speaks against it.
    read.peek().is_none() || read.any(|file| file == content)
}

/// The zone whose file is this. Zones that share a file agree on every hour on record; the one that the database lists for a country
/// stands for them.
fn of_content(content: &[u8], root: &Path) -> Option<String> {
    let database =
        DATABASES.iter().map(|database| inside(root, Path::new(database))).find(|path| path.is_dir())?;
    let same: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .filter(|name| std::fs::read(database.join(name)).is_ok_and(|file| file == content))
        .collect();
    if same.iter().any(|name| name == "Etc/UTC") {
        return Some("Etc/UTC".into());
    }
    if let [only] = same.as_slice() {
        return canonical(only);
    }
    let listed = std::fs::read_to_string(database.join("zone1970.tab")).ok()?;
    let listed: Vec<&str> = listed
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('\t').nth(2))
        .collect();
    match same.iter().filter(|name| listed.contains(&name.as_str())).collect::<Vec<_>>().as_slice() {
        [one] => canonical(one),
        _ => None,
    }
}

/// The system's own service, asked with a deadline.
fn timedatectl() -> Option<String> {
    use std::process::{Command, Stdio};
    let mut child = Command::new("timedatectl")
        .args(["show", "--property=Timezone", "--value"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let end = Instant::now() + DEADLINE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break,
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take()?, &mut said).ok()?;
    Some(said.trim().to_owned())
}

/// The name as the zone database spells it.
fn canonical(name: &str) -> Option<String> {
    let zone = super::find_zone(name).ok()?;
    zone.iana_name().map(str::to_owned)
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A computer with a small zone database of its own.
    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let zoneinfo = root.path().join("usr/share/zoneinfo");
        for (name, content) in [
            ("Europe/Berlin", "berlin"),
            ("Europe/Copenhagen", "berlin"),
            ("Arctic/Longyearbyen", "berlin"),
            ("Asia/Kathmandu", "kathmandu"),
            ("Etc/UTC", "utc"),
            ("Etc/Zulu", "utc"),
        ] {
            let file = zoneinfo.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        fs::write(zoneinfo.join("zone1970.tab"), "# codes\nDE,DK,NO\t+5230+01322\tEurope/Berlin\n").unwrap();
        fs::create_dir_all(root.path().join("etc")).unwrap();
        root
    }

    #[test]
    fn variable_names_a_zone_or_none() {
        let root = root();
        fs::write(root.path().join("etc/copy"), "kathmandu").unwrap();
        symlink("/usr/share/zoneinfo/Asia/Kathmandu", root.path().join("etc/link")).unwrap();
        for (said, want) in [
            ("Europe/Berlin", Some("Europe/Berlin")),
            ("europe/berlin", Some("Europe/Berlin")),
            (":Europe/Berlin", Some("Europe/Berlin")),
            ("/usr/share/zoneinfo/Europe/Berlin", Some("Europe/Berlin")),
            (":/usr/share/zoneinfo/posix/Europe/Berlin", Some("Europe/Berlin")),
            ("/etc/copy", Some("Asia/Kathmandu")),
            ("/etc/link", Some("Asia/Kathmandu")),
            ("JST-9", Some("Etc/GMT-9")),
            ("<+03>-3", Some("Etc/GMT-3")),
            ("<-03>3", Some("Etc/GMT+3")),
            ("UTC0", Some("Etc/UTC")),
            // Nothing names these: the person is asked, and it is never UTC.
            ("<+0545>-5:45", None),
            ("CET-1CEST,M3.5.0,M10.5.0/3", None),
            ("IST-5:30", None),
            ("", None),
            (":", None),
            ("/nowhere", None),
            ("Europe/Atlantis", None),
        ] {
            assert_eq!(of_variable(said, root.path()).as_deref(), want, "{said}");
        }
    }

    #[test]
    fn files_name_the_zone_in_the_order_of_the_c_library() {
        let etc = |root: &tempfile::TempDir, name: &str| root.path().join("etc").join(name);
        let found = |root: &tempfile::TempDir, service: Option<&str>| {
            of_files(root.path(), || service.map(str::to_owned))
        };
        // A link, also a relative one and one over another.
        for target in
            ["/usr/share/zoneinfo/Asia/Kathmandu", "../usr/share/zoneinfo/Asia/Kathmandu", "/etc/middle"]
        {
            let root = root();
            symlink("/usr/share/zoneinfo/Asia/Kathmandu", etc(&root, "middle")).unwrap();
            symlink(target, etc(&root, "localtime")).unwrap();
            fs::write(etc(&root, "timezone"), "Europe/Berlin\n").unwrap();
            assert_eq!(found(&root, None).as_deref(), Some("Asia/Kathmandu"), "{target}");
        }
        // A copy, and a name that fits it; a name that does not fit is old.
        for (written, service, want) in [
            (Some("Europe/Copenhagen\n"), None, "Europe/Copenhagen"),
            (Some("Asia/Kathmandu\n"), None, "Europe/Berlin"),
            (None, Some("Arctic/Longyearbyen"), "Arctic/Longyearbyen"),
            (Some("not a zone"), Some("Asia/Kathmandu"), "Europe/Berlin"),
            (None, None, "Europe/Berlin"),
        ] {
            let root = root();
            fs::write(etc(&root, "localtime"), "berlin").unwrap();
            if let Some(written) = written {
                fs::write(etc(&root, "timezone"), written).unwrap();
            }
            assert_eq!(found(&root, service).as_deref(), Some(want), "{written:?} {service:?}");
        }
        // UTC, where it is said; nothing, where nothing is.
        let root = root();
        assert_eq!(found(&root, None), None);
        fs::write(etc(&root, "localtime"), "utc").unwrap();
        assert_eq!(found(&root, None).as_deref(), Some("Etc/UTC"));
        fs::write(etc(&root, "localtime"), "a zone of its own").unwrap();
        assert_eq!(found(&root, None), None);
    }

    #[test]
    fn this_computer_is_asked_and_answers_in_time() {
        let began = Instant::now();
        let found = find();
        assert!(found.is_none_or(|name| super::super::find_zone(&name).is_ok()));
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
