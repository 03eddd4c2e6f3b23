//! Slipway's window as its user has it: things are found by their test names, clicked with the real pointer, written with the real
//! keyboard. Scripts on the page arrange and look; they never act in the user's place.

use super::browser::{Browser, Element, Rect};
use super::desk::{Desk, HEIGHT, WIDTH};
use super::{PATIENCE, kept, until};
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use std::time::Duration;

pub struct Window<'a> {
    pub desk: &'a Desk,
    pub page: Browser,
    /// Of the process.
    pub id: u32,
}

fn css(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

impl<'a> Window<'a> {
    pub fn new(desk: &'a Desk, page: Browser, id: u32) -> Window<'a> {
        Window { desk, page, id }
    }

    /// Waits until it is on the screen and puts it in the corner, all of it visible.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let x = self.x_window().await?;
        let hand = &self.desk.hand;
        hand.xdotool(&["windowmove", &x, "0", "0"])?;
        hand.focus(&x)?;
        self.size(WIDTH, HEIGHT - 40).await
    }

    pub async fn size(&self, wide: u32, high: u32) -> anyhow::Result<()> {
        let x = self.x_window().await?;
        self.desk.hand.xdotool(&["windowsize", &x, &wide.to_string(), &high.to_string()])?;
        // The page follows the window a moment later.
        let wide = json!(wide);
        until("the page has the window's size", PATIENCE, || async {
            Ok((self.page.js("return innerWidth", json!([])).await? == wide).then_some(()))
        })
        .await
    }

    pub async fn x_window(&self) -> anyhow::Result<String> {
        self.desk.hand.window(&["--name", "^Slipway$"], PATIENCE).await
    }

    /// Left upper corner of the page on the screen.
    async fn corner(&self) -> anyhow::Result<(i32, i32)> {
        let [x, y, _, _] = self.desk.hand.place(&self.x_window().await?)?;
        Ok((x, y))
    }

    pub async fn see(&self, name: &str) -> anyhow::Result<Element> {
        self.see_within(name, PATIENCE).await
    }

    pub async fn see_within(&self, name: &str, patience: Duration) -> anyhow::Result<Element> {
        let found = until(&format!("{name} is shown"), patience, || async {
            let Some(element) = self.page.find(&css(name)).await? else { return Ok(None) };
            Ok(self.page.is_shown(&element).await?.then_some(element))
        })
        .await;
        self.or_the_page(found).await
    }

    /// What was not found in time is told with what was on the page instead.
    async fn or_the_page<T>(&self, found: anyhow::Result<T>) -> anyhow::Result<T> {
        match found {
            Ok(found) => Ok(found),
            Err(error) => {
                let text =
                    self.page.js("return document.body.innerText", json!([])).await.unwrap_or_default();
                bail!(
                    "{error:#}; on the page: {:.1500}",
                    text.as_str().unwrap_or_default().replace('\n', " | ")
                )
            }
        }
    }

    pub async fn gone(&self, name: &str) -> anyhow::Result<()> {
        until(&format!("{name} is gone"), PATIENCE, || async {
            Ok(self.page.find(&css(name)).await?.is_none().then_some(()))
        })
        .await
    }

    /// Its middle on the screen, once it has come to rest there.
    pub async fn middle(&self, name: &str) -> anyhow::Result<(i32, i32)> {
        let element = self.see(name).await?;
        let mut last: Option<Rect> = None;
        let mut place = self.page.place(&element).await?;
        for _ in 0..50 {
            if last.is_some_and(|last| (last.x - place.x).abs() + (last.y - place.y).abs() < 0.5) {
                break;
            }
            last = Some(place);
            tokio::time::sleep(Duration::from_millis(60)).await;
            place = self.page.place(&element).await?;
        }
        let (left, top) = self.corner().await?;
        Ok((left + (place.x + place.width / 2.0) as i32, top + (place.y + place.height / 2.0) as i32))
    }

    /// A real click in its middle.
    pub async fn click(&self, name: &str) -> anyhow::Result<()> {
        let element = self.see(name).await?;
        until(&format!("{name} can be pressed"), PATIENCE, || async {
            Ok(self.page.is_enabled(&element).await?.then_some(()))
        })
        .await?;
        // What arrives late may push it away from under the pointer: a person looks again, and so does this.
        let under = "const it = document.querySelector(arguments[0]); const r = it.getBoundingClientRect(); \
            const top = document.elementFromPoint(arguments[1] - arguments[3], arguments[2] - arguments[4]); \
            return it.contains(top) || (top !== null && top.contains(it) && r.width === 0)";
        until(&format!("{name} is under the pointer"), PATIENCE, || async {
            let (x, y) = self.middle(name).await?;
            self.desk.hand.point_at(x, y)?;
            tokio::time::sleep(Duration::from_millis(120)).await;
            let (left, top) = self.corner().await?;
            Ok((self.page.js(under, json!([css(name), x, y, left, top])).await? == true).then_some(()))
        })
        .await?;
        self.desk.hand.xdotool(&["click", "1"]).map(drop)
    }

    /// Empties a field and writes into it with the keyboard.
    pub async fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        self.click(name).await?;
        self.desk.hand.key("ctrl+a")?;
        self.desk.hand.write(text)?;
        let wanted = json!(text);
        until(&format!("{name} holds {text}"), PATIENCE, || async {
            Ok((self.value(name).await? == wanted).then_some(()))
        })
        .await
    }

    async fn value(&self, name: &str) -> anyhow::Result<Value> {
        self.page.js("return document.querySelector(arguments[0])?.value", json!([css(name)])).await
    }

    pub async fn text(&self, name: &str) -> anyhow::Result<String> {
        self.see(name).await?;
        // As drawn; the driver's own reading leaves out what lies in a scrolling flex box.
        let script = format!("return document.querySelector('{}')?.innerText ?? ''", css(name));
        let text = self.page.js(&script, json!([])).await?;
        Ok(text.as_str().unwrap_or_default().to_string())
    }

    /// Waits until it carries this value in an attribute.
    pub async fn has(
        &self,
        name: &str,
        attribute: &str,
        values: &[&str],
        patience: Duration,
    ) -> anyhow::Result<String> {
        until(&format!("{name} has {attribute} {values:?}"), patience, || async {
            let Some(element) = self.page.find(&css(name)).await? else { return Ok(None) };
            Ok(self.page.attribute(&element, attribute).await?.filter(|now| values.contains(&now.as_str())))
        })
        .await
    }

    /// Asks the engine through the window's own door: to arrange a story, or to look at what came of it.
    pub async fn rpc(&self, name: &str, given: Value) -> anyhow::Result<Value> {
        let script = "const [name, given, done] = arguments; \
            window.__TAURI_INTERNALS__.invoke('rpc', {name, given}).then(good => done({good}), bad => done({bad}));";
        let answer = self.page.js_later(script, json!([name, given])).await?;
        ensure!(answer.get("bad").is_none(), "{name}: {}", answer["bad"]);
        Ok(answer["good"].clone())
    }

    /// The newest delivery.
    pub async fn newest(&self) -> anyhow::Result<i64> {
        until("a post is in the queue", PATIENCE, || async {
            let rows = self.rpc("posts.list", json!({})).await?;
            Ok(rows.as_array().into_iter().flatten().filter_map(|row| row["id"].as_i64()).max())
        })
        .await
    }

    pub async fn delivery(&self, id: i64) -> anyhow::Result<Value> {
        self.rpc("posts.show", json!({"id": id})).await
    }

    pub async fn reaches(&self, id: i64, states: &[&str]) -> anyhow::Result<Value> {
        until(&format!("delivery {id} is {states:?}"), Duration::from_secs(40), || async {
            let row = self.delivery(id).await?;
            Ok(states.contains(&row["state"].as_str().unwrap_or_default()).then_some(row))
        })
        .await
    }

    /// From the first run to a sandbox channel, by mouse: two clicks here, one on the platform's page.
    pub async fn practise(&self) -> anyhow::Result<()> {
        self.settle().await?;
        self.click("first-practise").await?;
        self.allow_by_mouse().await?;
        self.see("calendar").await.map(drop)
    }

    /// The consent page in its own window; it may ask nothing of Slipway, so only the hand reaches it.
    pub async fn consent(&self) -> anyhow::Result<String> {
        let window = self.desk.hand.window(&["--name", "^Slipway: sandbox$"], PATIENCE).await?;
        self.desk.hand.focus(&window)?;
        // Its page is not ours to ask whether it has painted.
        tokio::time::sleep(Duration::from_millis(700)).await;
        Ok(window)
    }

    pub async fn allow_by_mouse(&self) -> anyhow::Result<()> {
        let window = self.consent().await?;
        let hand = &self.desk.hand;
        let [left, top, ..] = hand.place(&window)?;
        // Where "Allow" stands depends on fonts: the button is the only thing of its colour.
        let (x, y) = self.desk.colour(&window, ALLOW).await?;
        hand.click_at(left + x, top + y)?;
        until("the consent window is closed", PATIENCE, || async {
            Ok(hand.windows(&["--name", "^Slipway: sandbox$"]).is_empty().then_some(()))
        })
        .await?;
        hand.focus(&self.x_window().await?)
    }

    /// Ends the process without a last word, and returns when it is gone.
    pub async fn kill(&self) -> anyhow::Result<()> {
        kept::kill(self.id)?;
        until("the process has ended", PATIENCE, || async {
            Ok((!super::measure::lives(self.id)).then_some(()))
        })
        .await?;
        // The driver has one session at a time; it may have noticed by itself.
        let _ = self.page.close().await;
        Ok(())
    }

    pub async fn picture(&self, path: &std::path::Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // What was changed last has been painted.
        let painted = "const done = arguments[arguments.length - 1]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)))";
        self.page.js_later(painted, json!([])).await?;
        std::fs::write(path, self.page.picture().await?).context("writing a picture")
    }
}

/// The consent page's main button: red, green, blue.
const ALLOW: [u8; 3] = [0x21, 0x58, 0xd0];

impl Desk {
    /// The middle of what has this colour in a window, in its own pixels.
    pub async fn colour(&self, window: &str, rgb: [u8; 3]) -> anyhow::Result<(i32, i32)> {
        use x11rb::connection::Connection;
        use x11rb::protocol::xproto::{ConnectionExt, ImageFormat};
        let (x, _) = x11rb::connect(Some(&self.display))?;
        let window: u32 = window.parse()?;
        until("the button is painted", PATIENCE, || async {
            let size = x.get_geometry(window)?.reply()?;
            let image = x
                .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, size.width, size.height, u32::MAX)?
                .reply()?;
            x.flush()?;
            let [red, green, blue] = rgb;
            let wide = usize::from(size.width);
            let hits: Vec<usize> = image
                .data
                .chunks_exact(4)
                .enumerate()
                .filter(|(_, pixel)| pixel[..3] == [blue, green, red])
                .map(|(at, _)| at)
                // The notice at the page's top has the same colour.
                .filter(|at| at / wide > usize::from(size.height) / 3)
                .collect();
            if hits.len() < 400 {
                return Ok(None);
            }
            let x = hits.iter().map(|at| at % wide).sum::<usize>() / hits.len();
            let y = hits.iter().map(|at| at / wide).sum::<usize>() / hits.len();
            Ok(Some((i32::try_from(x)?, i32::try_from(y)?)))
        })
        .await
    }
}

/// By keys alone.
impl Window<'_> {
    /// Presses Tab until this has the focus, which must be visible then.
    pub async fn tab_to(&self, name: &str) -> anyhow::Result<()> {
        let script = "const it = document.querySelector(arguments[0]); const now = document.activeElement; \
            return it !== null && (it === now || it.contains(now))";
        for _ in 0..120 {
            if self.page.js(script, json!([css(name)])).await? == true {
                let seen = "const style = getComputedStyle(document.activeElement); \
                    return document.activeElement.matches(':focus-visible') && (style.outlineStyle !== 'none' || style.boxShadow !== 'none')";
                ensure!(self.page.js(seen, json!([])).await? == true, "the focus on {name} can't be seen");
                return Ok(());
            }
            self.desk.hand.key("Tab")?;
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!("Tab never comes to {name}")
    }

    /// Puts the focus there, as a screen reader does.
    pub async fn focus(&self, name: &str) -> anyhow::Result<()> {
        self.see(name).await?;
        self.page.js("document.querySelector(arguments[0]).focus()", json!([css(name)])).await.map(drop)
    }

    pub async fn enabled(&self, name: &str) -> anyhow::Result<()> {
        let element = self.see(name).await?;
        let enabled = until(&format!("{name} can be pressed"), PATIENCE, || async {
            Ok(self.page.is_enabled(&element).await?.then_some(()))
        })
        .await;
        self.or_the_page(enabled).await
    }

    /// Names a file in the system's dialog.
    pub async fn choose_in_dialog(&self, path: &std::path::Path) -> anyhow::Result<()> {
        let main = self.x_window().await?;
        let hand = &self.desk.hand;
        until("the dialog is there", PATIENCE, || async { Ok(hand.focused().filter(|now| *now != main)) })
            .await?;
        tokio::time::sleep(Duration::from_millis(400)).await;
        hand.key("ctrl+l")?;
        hand.key("ctrl+a")?;
        hand.write(&path.to_string_lossy())?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        hand.key("Return")?;
        until("the dialog is closed", PATIENCE, || async { Ok(hand.focused().filter(|now| *now == main)) })
            .await
            .map(drop)
    }
}
