//! The person's hand: a real pointer and a real keyboard on the story's display, by way of `xdotool`.

use super::until;
use anyhow::{Context, ensure};
use std::process::Command;
use std::time::Duration;

pub struct Hand {
    display: String,
}

impl Hand {
    pub fn new(display: &str) -> Hand {
        Hand { display: display.into() }
    }

    pub fn xdotool(&self, args: &[&str]) -> anyhow::Result<String> {
        let output = Command::new("xdotool")
            .args(args)
            .env("DISPLAY", &self.display)
            .output()
            .context("xdotool did not start")?;
        ensure!(output.status.success(), "xdotool {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// One key or chord, by its name: `Tab`, `alt+Right`.
    pub fn key(&self, name: &str) -> anyhow::Result<()> {
        self.xdotool(&["key", "--clearmodifiers", name]).map(drop)
    }

    pub fn write(&self, text: &str) -> anyhow::Result<()> {
        self.xdotool(&["type", "--clearmodifiers", "--delay", "8", text]).map(drop)
    }

    /// Not by `xdotool mousemove --sync`, which waits a quarter of a minute for a pointer that is there already.
    pub fn point_at(&self, x: i32, y: i32) -> anyhow::Result<()> {
        use x11rb::connection::Connection;
        use x11rb::protocol::xproto::ConnectionExt;
        let (server, screen) = x11rb::connect(Some(&self.display))?;
        let root = server.setup().roots[screen].root;
        server.warp_pointer(x11rb::NONE, root, 0, 0, 0, 0, i16::try_from(x)?, i16::try_from(y)?)?;
        // Answered after the move: requests of one connection are carried out in their order.
        let there = server.query_pointer(root)?.reply()?;
        let (width, height) =
            (server.setup().roots[screen].width_in_pixels, server.setup().roots[screen].height_in_pixels);
        let inside = |at: i32, size: u16| at.clamp(0, i32::from(size) - 1);
        ensure!(
            (i32::from(there.root_x), i32::from(there.root_y)) == (inside(x, width), inside(y, height)),
            "the pointer is at {},{} and not at {x},{y}",
            there.root_x,
            there.root_y
        );
        Ok(())
    }

    pub fn press(&self) -> anyhow::Result<()> {
        self.xdotool(&["mousedown", "1"]).map(drop)
    }

    pub fn release(&self) -> anyhow::Result<()> {
        self.xdotool(&["mouseup", "1"]).map(drop)
    }

    pub fn click_at(&self, x: i32, y: i32) -> anyhow::Result<()> {
        self.point_at(x, y)?;
        self.xdotool(&["click", "1"]).map(drop)
    }

    /// The visible windows that a search of xdotool finds: `["--class", "Dunst"]`.
    pub fn windows(&self, search: &[&str]) -> Vec<String> {
        let mut args = vec!["search", "--onlyvisible"];
        args.extend(search);
        // xdotool fails when there is none.
        self.xdotool(&args).unwrap_or_default().lines().map(String::from).collect()
    }

    pub async fn window(&self, search: &[&str], patience: Duration) -> anyhow::Result<String> {
        until(&format!("a window {search:?}"), patience, || async {
            Ok(self.windows(search).into_iter().next())
        })
        .await
    }

    /// Left, top, width, height on the screen. (xdotool counts a window manager's frame twice.)
    pub fn place(&self, window: &str) -> anyhow::Result<[i32; 4]> {
        use x11rb::connection::Connection;
        use x11rb::protocol::xproto::ConnectionExt;
        let (x, screen) = x11rb::connect(Some(&self.display))?;
        let (id, root) = (window.parse()?, x.setup().roots[screen].root);
        let size = x.get_geometry(id)?.reply()?;
        let at = x.translate_coordinates(id, root, 0, 0)?.reply()?;
        Ok([at.dst_x.into(), at.dst_y.into(), size.width.into(), size.height.into()])
    }

    pub fn focus(&self, window: &str) -> anyhow::Result<()> {
        self.xdotool(&["windowactivate", "--sync", window]).map(drop)
    }

    pub fn focused(&self) -> Option<String> {
        self.xdotool(&["getactivewindow"]).ok().map(|id| id.trim().to_string())
    }
}
