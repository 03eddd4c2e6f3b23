//! Every command that README and docs print is run against the sandbox, as printed: page by page, in order, in one folder. What stands
//! for something of the reader's own (a secret, a token, the app's number, a date) is put in its place, and nothing else.

use anyhow::{Context, bail, ensure};
use serde_json::json;
use slipway_stories::Person;
use slipway_stories::binary::{Place, Process, Said};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::process::Command;

const PAGES: [&str; 7] = [
    "README.md",
    "docs/guide.md",
    "docs/youtube.md",
    "docs/tiktok.md",
    "docs/facebook.md",
    "docs/instagram.md",
    "docs/sandbox.md",
];
/// What the pages call the reader's files.
const VIDEOS: [&str; 3] = ["holiday.mp4", "bread.mp4", "rolls.mp4"];

fn read(page: &str) -> anyhow::Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no folder above")?;
    Ok(std::fs::read_to_string(root.join(page))?)
}

/// The commands of the fenced blocks, each in one line and without its comment.
fn commands(text: &str) -> Vec<String> {
    let (mut found, mut fenced, mut open) = (Vec::new(), false, String::new());
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if !fenced || !(line.starts_with("slipway ") || line.starts_with("curl ") || !open.is_empty()) {
            continue;
        }
        open.push_str(line);
        let quoted = open.matches('\'').count() % 2 == 1;
        match open.strip_suffix('\\') {
            Some(begun) => open = begun.to_string(),
            None if quoted => open.push('\n'),
            None => found.push(std::mem::take(&mut open)),
        }
    }
    found
}

/// As a shell parts them; what stands behind a lone `#` is a comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for letter in line.chars() {
        match letter {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            '#' if !quoted && word.is_none() => return words,
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// One page's reader.
struct Reader {
    place: Place,
    folder: PathBuf,
}

impl Reader {
    async fn new() -> anyhow::Result<Reader> {
        let place = Place::new().await?;
        place.sandbox.settings(|settings| settings.tiktok.moderation_ms = 100);
        let folder = place.ground.path().join("videos");
        for (seed, name) in VIDEOS.iter().enumerate() {
            place.video(name, 300_000, seed as u64)?;
        }
        let app = place.sandbox.announcement().apps.get("youtube").context("no app")?.clone();
        let file = json!({"installed": {"client_id": app.client_id, "client_secret": app.client_secret}});
        std::fs::write(folder.join("client_secret.json"), file.to_string())?;
        Ok(Reader { place, folder })
    }

    /// What the page prints, with what is the reader's own in its place.
    fn meant(&self, words: Vec<String>) -> anyhow::Result<Vec<String>> {
        let app = words.iter().any(|word| word == "instagram_login").then_some("instagram_login");
        let app = app.or(words.get(2).map(String::as_str)).unwrap_or_default();
        let app = self.place.sandbox.announcement().apps.get(app);
        let tomorrow = jiff::Zoned::now().checked_add(jiff::Span::new().days(1))?;
        let mut meant = Vec::new();
        let mut before = String::new();
        for word in words {
            let mine = match (before.as_str(), word.as_str()) {
                ("--client-id", _) => app.context("no such app")?.client_id.clone(),
                ("--at", "+2m") => "+3s".into(),
                ("--at", _) => tomorrow.strftime("%Y-%m-%dT%H:%M").to_string(),
                ("--from-json", _) => "client_secret.json".into(),
                _ => word.clone(),
            };
            before = word;
            meant.push(mine);
        }
        Ok(meant)
    }

    async fn runs(&self, line: &str) -> anyhow::Result<Said> {
        let mut words = words(line);
        ensure!(words.remove(0) == "slipway", "{line}");
        // The place names its own.
        if let Some(at) = words.iter().position(|word| word == "--hosts") {
            words.drain(at..at + 2);
        }
        let words = self.meant(words)?;
        let args: Vec<&str> = words.iter().map(String::as_str).collect();
        match args.as_slice() {
            ["sandbox", ..] => self.stays_up(&args).await,
            ["connect", platform, more @ ..] if !more.contains(&"--token-stdin") => {
                let more = [more, self.choice(platform)].concat();
                self.place.connect_with(platform, &Person::default(), &more).await
            }
            ["connect", platform, more @ ..] => {
                let app = if more.contains(&"instagram_login") { "instagram_login" } else { platform };
                let token = self.place.sandbox.grant_for(app, "mira", scopes(app)?).access_token;
                let choice = if app == "instagram_login" { &[][..] } else { self.choice(platform) };
                self.told(&[&args, choice].concat(), &token).await
            }
            ["apps", "add", ..] if args.contains(&"--secret-stdin") => {
                let way = args.contains(&"instagram_login");
                let app = if way { "instagram_login" } else { args[2] };
                let app = self.place.sandbox.announcement().apps.get(app).context("no such app")?;
                self.told(&args, &app.client_secret).await
            }
            ["run"] => self.told(&["run", "--until-idle"], "").await,
            _ => self.told(&args, "").await,
        }
    }

    /// A sign-in that speaks for several channels names one, as the pages say where they speak of it.
    fn choice(&self, platform: &str) -> &'static [&'static str] {
        if platform == "facebook" { &["--choose", "Mira Bakes"] } else { &[] }
    }

    async fn told(&self, args: &[&str], input: &str) -> anyhow::Result<Said> {
        let path = self.place.ground.path().join("told");
        std::fs::write(&path, input)?;
        let mut command = self.place.command(args);
        command.current_dir(&self.folder).stdin(std::process::Stdio::from(std::fs::File::open(path)?));
        self.place.finish(Process::start(command)?).await
    }

    /// Until it has announced itself.
    async fn stays_up(&self, args: &[&str]) -> anyhow::Result<Said> {
        let mut command = self.place.command_in(&self.place.home(), None, args);
        command.current_dir(&self.folder);
        let process = Process::start(command)?;
        let announced = self.folder.join("hosts.json");
        let began = Instant::now();
        while std::fs::read_to_string(&announced).map_or(true, |text| !text.ends_with('\n')) {
            ensure!(began.elapsed() < Duration::from_secs(60), "it announced nothing");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process.stop().await
    }

    async fn curls(&self, line: &str) -> anyhow::Result<()> {
        let line = line.replacen("curl", "curl --silent --show-error --fail", 1);
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).env("PAGE", self.place.sandbox.page());
        let said = command.output().await?;
        ensure!(said.status.success(), "{said:?}");
        ensure!(self.place.sandbox.plans().len() == 3, "{:#?}", self.place.sandbox.plans());
        self.place.sandbox.clear_plans();
        Ok(())
    }
}

fn scopes(app: &str) -> anyhow::Result<&'static [&'static str]> {
    Ok(match app {
        "facebook" => &["pages_show_list", "pages_read_engagement", "pages_manage_posts"],
        "instagram_login" => &["instagram_business_basic", "instagram_business_content_publish"],
        other => bail!("no page says how {other} takes a token"),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_that_the_pages_print_does_what_they_say() -> anyhow::Result<()> {
    let mut run = 0;
    for page in PAGES {
        let found = commands(&read(page)?);
        ensure!(!found.is_empty(), "{page} prints no command that this test knows");
        let reader = Reader::new().await?;
        for line in found {
            run += 1;
            if line.starts_with("curl") {
                reader.curls(&line).await.with_context(|| format!("{page}: {line}"))?;
                continue;
            }
            let said = reader.runs(&line).await.with_context(|| format!("{page}: {line}"))?;
            ensure!(said.code == Some(0), "{page}: {line}\n{said:?}");
        }
    }
    ensure!(run >= 25, "only {run} commands");
    Ok(())
}

/// The guide's table of commands: each is there, and so is every switch that its row names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_guides_table_is_there_with_its_switches() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let guide = read("docs/guide.md")?;
    let table = guide.split_once("## Commands").and_then(|(_, rest)| rest.split_once("\n## "));
    let (table, _) = table.context("no table of commands")?;
    let mut switches = 0;
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let (mut help, first) = (String::new(), row.split('|').nth(1).unwrap_or_default());
        for shown in first.split('`').skip(1).step_by(2).filter(|shown| !shown.starts_with('-')) {
            let is_name = |word: &&str| word.chars().all(|letter| letter.is_ascii_lowercase());
            let mut args: Vec<&str> = shown.split_whitespace().take_while(is_name).collect();
            args.push("--help");
            help += &place.run(&args).await?.done().with_context(|| shown.to_string())?.out;
        }
        for shown in row.split('`').skip(1).step_by(2) {
            for switch in shown.split_whitespace().filter(|word| word.starts_with("--")) {
                let switch = switch.trim_end_matches([']', ',']);
                switches += 1;
                ensure!(help.contains(switch), "{switch} is in the guide and not in the help: {row}");
            }
        }
    }
    ensure!(switches > 20, "only {switches} switches were seen");
    Ok(())
}
