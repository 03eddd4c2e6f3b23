//! How it looks and is read out: themes and languages switch at once, axe finds nothing serious on any screen.

use super::{Desk, PATIENCE, Window, axe, until};
use anyhow::ensure;
use serde_json::{Value, json};
use std::path::Path;

pub const SCREENS: [&str; 20] = [
    "day",
    "week",
    "month",
    "list",
    "composer",
    "together",
    "to_tiktok",
    "to_instagram",
    "to_facebook",
    "queue",
    "post",
    "edit",
    "stuck",
    "finish",
    "channels",
    "choosing",
    "pasting",
    "activity",
    "settings",
    "help",
];

/// A channel on each platform, and a queue with something of everything: published, planned, waiting for a person, being written.
pub async fn furnish(window: &Window<'_>) -> anyhow::Result<Furnished> {
    let desk = window.desk;
    desk.fast();
    super::together::connect_others(window).await?;
    let posts = [
        ("Rye crust: what steam does", "", 1),
        ("Oven spring, slowly", "+2h", 2),
        ("Three ways to shape a boule", "+26h", 3),
        ("パンの朝: ライ麦の香り", "+28h", 4),
        ("Why my sourdough failed for a year and what finally helped it rise", "+50h", 5),
    ];
    let mut ids = Vec::new();
    for (title, at, seed) in posts {
        let path = desk.film(&format!("clip {seed}.mp4"))?;
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)?
            .set_len(std::fs::metadata(&path)?.len() + seed * 8)?;
        let at = (!at.is_empty()).then(|| at.to_string());
        let given = json!({"path": path, "to": ["youtube"], "at": at, "again": true,
            "words": {"title": title, "caption": "Flour, water, salt. #bread"}});
        let added = window.rpc("posts.add", given).await?;
        ids.push(added["deliveries"][0]["id"].as_i64().unwrap_or_default());
    }
    window.reaches(ids[0], &["published"]).await?;
    for id in &ids[1..] {
        window.reaches(*id, &["handed_over", "ready", "due", "stuck"]).await?;
    }
    // One on two channels, of which one has words of its own; and drafts without a time to come.
    let both = desk.film("both.mp4")?;
    let given = json!({"path": both, "to": ["youtube", "facebook"], "at": "+30h",
        "words": {"title": "Saturday bake-along", "caption": "All at once. #bread"},
        "words_for": {"facebook": {"title": "", "caption": "For the Page alone."}}});
    let added = window.rpc("posts.add", given).await?;
    let both = added["deliveries"][0]["id"].as_i64().unwrap_or_default();
    for (title, at) in
        [("Shaping a wet dough", Value::Null), ("Rescue a dense loaf", json!("2026-01-10T18:00"))]
    {
        let path = desk.film(&format!("{title}.mp4"))?;
        window.rpc("media.look", json!({"path": path})).await?;
        let draft = json!({"id": null, "path": path, "to": [], "words": {"title": title, "caption": ""},
            "words_for": {}, "options": {}, "at": at, "zone": null, "fold": false});
        window.rpc("composing.save", draft).await?;
    }
    // One whose file went away before it was sent.
    let lost = desk.film("lost.mp4")?;
    window.rpc("settings.pause", json!({"paused": true})).await?;
    let given =
        json!({"path": lost, "to": ["youtube"], "words": {"title": "Lost on the way", "caption": ""}});
    let added = window.rpc("posts.add", given).await?;
    std::fs::remove_file(&lost)?;
    window.rpc("settings.pause", json!({"paused": false})).await?;
    let stuck = added["deliveries"][0]["id"].as_i64().unwrap_or_default();
    window.reaches(stuck, &["stuck"]).await?;
    // A draft in an inbox, which its creator posts there.
    let inbox = desk.film("inbox.mp4")?;
    let given = json!({"path": inbox, "to": ["tiktok"], "words": {"title": "Stretch and fold", "caption": ""},
        "options": {"tiktok": {"mode": "inbox"}}});
    let added = window.rpc("posts.add", given).await?;
    let finish = added["deliveries"][0]["id"].as_i64().unwrap_or_default();
    window.reaches(finish, &["to_finish"]).await?;
    Ok(Furnished { published: ids[0], planned: ids[1], both, stuck, finish })
}

pub struct Furnished {
    pub published: i64,
    pub planned: i64,
    pub both: i64,
    pub stuck: i64,
    pub finish: i64,
}

/// Goes to a screen the way a person does.
pub async fn go(window: &Window<'_>, screen: &str, things: &Furnished, video: &Path) -> anyhow::Result<()> {
    match screen {
        "day" | "week" | "month" | "list" => {
            window.click("nav-calendar").await?;
            window.click(&format!("view-{screen}")).await?;
        }
        "composer" => {
            window.click("nav-calendar").await?;
            window.desk.start_again(&[&video.to_string_lossy()]).await?;
            window.see("composer").await?;
            super::together::send_to(window, &["youtube"]).await?;
            window.enabled("composer-schedule").await?;
        }
        "together" | "to_tiktok" | "to_instagram" | "to_facebook" => {
            window.click("nav-calendar").await?;
            window.desk.start_again(&[&video.to_string_lossy()]).await?;
            window.see("composer").await?;
            super::together::send_to(window, &super::together::ALL).await?;
            if let Some(platform) = screen.strip_prefix("to_") {
                window.click(&format!("tab-{platform}")).await?;
                scroll_to(window, &format!("composer-options-{platform}")).await?;
            }
        }
        "choosing" => {
            window.click("nav-channels").await?;
            window.click("channels-connect-facebook").await?;
            window.allow_by_mouse().await?;
            window.see("choose-keep").await?;
        }
        "pasting" => {
            window.click("nav-channels").await?;
            let first = "return document.querySelector('[data-testid^=\"app-paste-\"]')?.dataset.testid";
            let first = window.page.js(first, json!([])).await?;
            window.click(first.as_str().unwrap_or("app-paste")).await?;
            window.see("app-paste-token").await?;
        }
        "post" | "stuck" | "finish" => {
            let id = match screen {
                "post" => things.published,
                "stuck" => things.stuck,
                _ => things.finish,
            };
            window.desk.start_again(&[&format!("slipway://post/{id}")]).await?;
            window.see("post-state").await?;
        }
        "edit" => {
            window.desk.start_again(&[&format!("slipway://post/{}", things.both)]).await?;
            window.click("post-edit").await?;
            window.click("composer-scope-whole").await?;
        }
        "help" => {
            window.click("nav-calendar").await?;
            window.focus("view-week").await?;
            window.desk.hand.key("question")?;
        }
        other => {
            window.click(&format!("nav-{other}")).await?;
        }
    }
    still(window).await
}

/// Waits until pictures are there, transitions are over, and two looks in a row find the page laid out the same.
async fn still(window: &Window<'_>) -> anyhow::Result<()> {
    let script = "const moving = document.getAnimations().some(one => one.playState === 'running' && \
            Number.isFinite(one.effect?.getComputedTiming().endTime)); \
        const loading = [...document.images].some(one => !one.complete); \
        const boxes = [...document.body.querySelectorAll('*')].map(one => one.getBoundingClientRect()); \
        const laid = boxes.map(box => [box.x, box.y, box.width, box.height].map(Math.round).join()).join(' '); \
        return [!moving && document.fonts.status === 'loaded', loading, laid]";
    let mut before = Value::Null;
    for look in 0..600 {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        let now = window.page.js(script, json!([])).await?;
        // A picture beyond what is scrolled to is not loaded at all, and is waited for no longer than any other takes.
        if now[0] == true && now[2] == before[2] && (now[1] == false || look > 20) {
            return Ok(());
        }
        before = now;
    }
    // What never rests is looked at as it is.
    Ok(())
}

async fn scroll_to(window: &Window<'_>, name: &str) -> anyhow::Result<()> {
    window.see(name).await?;
    let script = "document.querySelector(arguments[0]).scrollIntoView({block: 'start'})";
    window.page.js(script, json!([format!("[data-testid=\"{name}\"]")])).await.map(drop)
}

/// Back to where every other screen can be gone to.
pub async fn leave(window: &Window<'_>, screen: &str) -> anyhow::Result<()> {
    match screen {
        "composer" | "together" | "to_tiktok" | "to_instagram" | "to_facebook" => {
            window.click("composer-discard").await?;
            window.gone("composer").await
        }
        "edit" => {
            window.desk.hand.key("Escape")?;
            window.gone("composer").await
        }
        "choosing" | "pasting" => {
            window.desk.hand.key("Escape")?;
            window.gone(if screen == "choosing" { "choose-keep" } else { "app-paste-token" }).await
        }
        "help" => window.desk.hand.key("Escape"),
        _ => Ok(()),
    }
}

/// `spoken` differs from the language of the settings where the address asks for another.
pub async fn dress(window: &Window<'_>, language: &str, theme: &str, spoken: &str) -> anyhow::Result<()> {
    let mut settings = window.rpc("settings.get", json!({})).await?;
    settings["window"]["language"] = json!(language);
    settings["window"]["theme"] = json!(theme);
    window.rpc("settings.set", settings).await?;
    is_dressed(window, spoken, theme).await
}

async fn is_dressed(window: &Window<'_>, language: &str, theme: &str) -> anyhow::Result<()> {
    let script = "return [document.documentElement.lang, document.documentElement.dataset.theme ?? '']";
    until(&format!("the window is {language} and {theme}"), PATIENCE, || async {
        let now = window.page.js(script, json!([])).await?;
        Ok((now[0] == language && now[1] == theme).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_serious_on_any_screen_in_both_themes() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let video = desk.film("new.mp4")?;
    let window = desk.start().await?;
    window.settle().await?;
    window.see("first-practise").await?;
    let mut wrong: Vec<String> = Vec::new();
    for line in axe::grave(&window.page).await? {
        wrong.push(format!("first run: {line}"));
    }
    window.practise().await?;
    for theme in ["light", "dark"] {
        dress(&window, "en", theme, "en").await?;
        for screen in ["calendar", "queue", "activity"] {
            window.click(&format!("nav-{screen}")).await?;
            still(&window).await?;
            for line in axe::grave(&window.page).await? {
                wrong.push(format!("{theme} {screen}, empty: {line}"));
            }
        }
    }
    let things = furnish(&window).await?;
    for theme in ["light", "dark"] {
        dress(&window, "en", theme, "en").await?;
        for screen in SCREENS {
            go(&window, screen, &things, &video).await?;
            for line in axe::grave(&window.page).await? {
                wrong.push(format!("{theme} {screen}: {line}"));
            }
            leave(&window, screen).await?;
        }
        // What asks before it does.
        window.desk.start_again(&[&format!("slipway://post/{}", things.planned)]).await?;
        window.click("post-cancel").await?;
        window.see("post-cancel-sure").await?;
        still(&window).await?;
        for line in axe::grave(&window.page).await? {
            wrong.push(format!("{theme} dialog: {line}"));
        }
        window.desk.hand.key("Escape")?;
        window.gone("post-cancel-sure").await?;
    }
    // The real world: no channel, and the steps to an app of one's own.
    window.click("nav-channels").await?;
    window.click("channels-leave").await?;
    window.click("first-connect").await?;
    window.click("channels-setup-facebook").await?;
    window.see("app-add").await?;
    for theme in ["light", "dark"] {
        dress(&window, "en", theme, "en").await?;
        still(&window).await?;
        for line in axe::grave(&window.page).await? {
            wrong.push(format!("{theme} set-up: {line}"));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// In the pseudo language, which is longer than all others, and in Russian, as wide as most have it and as narrow as it gets.
#[tokio::test(flavor = "multi_thread")]
async fn no_words_are_cut_off_in_the_longest_language() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let video = desk.film("new.mp4")?;
    let window = desk.start().await?;
    window.practise().await?;
    let things = furnish(&window).await?;
    let mut cut: Vec<String> = Vec::new();
    for (language, wide, high) in [("ru", 960, 600), ("en-XA", 1440, 860), ("en-XA", 960, 600)] {
        let pseudo = language == "en-XA";
        if pseudo {
            // No setting chooses it; the address does.
            window.page.js("location.hash = 'lang=en-XA'", json!([])).await?;
        }
        dress(&window, if pseudo { "en" } else { language }, "light", language).await?;
        window.size(wide, high).await?;
        for screen in SCREENS {
            go(&window, screen, &things, &video).await?;
            let found = window.page.js(CUT, json!([])).await?;
            for line in found.as_array().into_iter().flatten() {
                cut.push(format!("{language} {wide} {screen}: {}", line.as_str().unwrap_or_default()));
            }
            leave(&window, screen).await?;
        }
    }
    ensure!(cut.is_empty(), "{}", cut.join("\n"));
    Ok(())
}

/// Words that reach out of what hides its overflow, without the dots that say so, or out of the window.
const CUT: &str = "const cut = []; const gone = box => box.width === 0 || box.height === 0; \
    for (const it of document.body.querySelectorAll('*')) { \
      if (it.closest('.unseen, select, option, textarea, [aria-hidden=true]')) continue; \
      const own = [...it.childNodes].filter(node => node.nodeType === 3 && node.textContent.trim()); \
      for (const node of own) { \
      const range = document.createRange(); range.selectNodeContents(node); const words = range.getBoundingClientRect(); \
      if (gone(words)) continue; \
      let over = false; \
      for (let up = it; up && !over; up = up.parentElement) { \
        const style = getComputedStyle(up); \
        if (style.textOverflow === 'ellipsis' || ['auto', 'scroll'].includes(style.overflowX)) break; \
        const box = up.getBoundingClientRect(); \
        over = ['hidden', 'clip'].includes(style.overflowX) && (words.right > box.right + 1 || words.left < box.left - 1); \
        if (up === document.body) over ||= words.right > innerWidth + 1; } \
      if (over) cut.push(it.tagName + '.' + it.className + ' ' + node.textContent.trim().slice(0, 60)); } } \
    return [...new Set(cut)]";

/// At once, and again at the next start.
#[tokio::test(flavor = "multi_thread")]
async fn language_and_theme_switch_at_once_and_are_kept() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let window = desk.start().await?;
    window.practise().await?;
    window.click("nav-settings").await?;
    window.focus("settings-theme").await?;
    choose(&window, "settings-theme", "dark").await?;
    choose(&window, "settings-language", "ja").await?;
    is_dressed(&window, "ja", "dark").await?;
    says(&window, "カレンダー").await?;
    choose(&window, "settings-language", "ru").await?;
    is_dressed(&window, "ru", "dark").await?;
    says(&window, "Календарь").await?;
    window.kill().await?;
    let window = desk.start().await?;
    is_dressed(&window, "ru", "dark").await
}

async fn says(window: &Window<'_>, word: &str) -> anyhow::Result<()> {
    until(&format!("the window says {word}"), PATIENCE, || async {
        Ok(window.text("nav-calendar").await?.contains(word).then_some(()))
    })
    .await
}

/// Chooses in a list.
pub async fn choose(window: &Window<'_>, name: &str, value: &str) -> anyhow::Result<()> {
    let now = format!("return document.querySelector('[data-testid=\"{name}\"]')?.value");
    window.focus(name).await?;
    let offered = format!(
        "return [...document.querySelector('[data-testid=\"{name}\"]').options].map(one => one.value)"
    );
    let offered = window.page.js(&offered, json!([])).await?;
    ensure!(offered.as_array().is_some_and(|all| all.contains(&Value::from(value))), "{offered}");
    // The popup of the list is the system's own; the field's value is set as that sets it.
    let set = format!(
        "const field = document.querySelector('[data-testid=\"{name}\"]'); field.value = arguments[0]; \
         field.dispatchEvent(new Event('change', {{bubbles: true}}))"
    );
    window.page.js(&set, json!([value])).await?;
    until(&format!("{name} is {value}"), PATIENCE, || async {
        Ok((window.page.js(&now, json!([])).await? == value).then_some(()))
    })
    .await
}
