//! A file carried from another program onto a window: the source's side of X11's drag and drop (XDND 5).
//!
//! The target is told what comes, where the pointer is, and at the end that it was let go; it asks for the addresses of the files, as
//! it would of a file manager. The pointer itself is moved along, so that what looks at it sees the same.

use super::hand::Hand;
use anyhow::{Context, bail};
use std::path::Path;
use std::time::{Duration, Instant};
use url::Url;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

x11rb::atom_manager! {
    Names: NamesCookie {
        XdndAware, XdndSelection, XdndEnter, XdndPosition, XdndStatus, XdndLeave, XdndDrop, XdndFinished, XdndActionCopy,
        TARGETS,
        URI_LIST: b"text/uri-list",
    }
}

const VERSION: u32 = 5;
/// Longest time between a question to the target and its answer.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Drag<'a> {
    x: RustConnection,
    names: Names,
    root: Window,
    me: Window,
    hand: &'a Hand,
    list: String,
}

impl Drag<'_> {
    /// Takes these files in hand.
    pub fn of<'a>(display: &str, hand: &'a Hand, files: &[&Path]) -> anyhow::Result<Drag<'a>> {
        let (x, screen) = x11rb::connect(Some(display))?;
        let root = x.setup().roots[screen].root;
        let names = Names::new(&x)?.reply()?;
        let me = x.generate_id()?;
        x.create_window(0, me, root, -10, -10, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &CreateWindowAux::new())?;
        x.set_selection_owner(me, names.XdndSelection, x11rb::CURRENT_TIME)?;
        x.flush()?;
        let mut list = String::new();
        for file in files {
            let address = Url::from_file_path(file)
                .map_err(|()| anyhow::anyhow!("not absolute: {}", file.display()))?;
            list += &format!("{address}\r\n");
        }
        Ok(Drag { x, names, root, me, hand, list })
    }

    /// Carries them along these points of the screen and lets go over the last one.
    pub fn drop_along(&self, points: &[(i32, i32)]) -> anyhow::Result<()> {
        let target = self.carry(points)?;
        self.tell(target, self.names.XdndDrop, [self.me, 0, x11rb::CURRENT_TIME, 0, 0])?;
        let finished = self.listen(self.names.XdndFinished, "taken what was dropped")?;
        if finished[1] & 1 == 0 {
            bail!("the window refused what was dropped on it");
        }
        Ok(())
    }

    fn carry(&self, points: &[(i32, i32)]) -> anyhow::Result<Window> {
        let mut over = None;
        let mut welcome = false;
        for (x, y) in points {
            self.hand.point_at(*x, *y)?;
            let target =
                self.target_at(*x, *y)?.with_context(|| format!("nothing at {x},{y} takes drops"))?;
            if over != Some(target) {
                self.tell(target, self.names.XdndEnter, [self.me, VERSION << 24, self.names.URI_LIST, 0, 0])?;
                over = Some(target);
            }
            let place = (u32::try_from(*x)? << 16) | u32::try_from(*y)?;
            self.tell(
                target,
                self.names.XdndPosition,
                [self.me, 0, place, x11rb::CURRENT_TIME, self.names.XdndActionCopy],
            )?;
            welcome = self.listen(self.names.XdndStatus, "said whether it takes it")?[1] & 1 == 1;
        }
        if !welcome {
            bail!("the window does not take what is held over it");
        }
        over.context("carried nowhere")
    }

    /// The window at this point that says it takes drops; the window manager's frame around it does not.
    fn target_at(&self, x: i32, y: i32) -> anyhow::Result<Option<Window>> {
        let (x, y) = (i16::try_from(x)?, i16::try_from(y)?);
        let mut at = self.root;
        loop {
            let aware =
                self.x.get_property(false, at, self.names.XdndAware, AtomEnum::ATOM, 0, 1)?.reply()?;
            if aware.length > 0 {
                return Ok(Some(at));
            }
            let inside = self.x.translate_coordinates(self.root, at, x, y)?.reply()?;
            if inside.child == x11rb::NONE {
                return Ok(None);
            }
            at = inside.child;
        }
    }

    fn tell(&self, target: Window, what: Atom, data: [u32; 5]) -> anyhow::Result<()> {
        let message = ClientMessageEvent::new(32, target, what, data);
        self.x.send_event(false, target, EventMask::NO_EVENT, message)?;
        self.x.flush()?;
        Ok(())
    }

    /// Waits for the target's word, and hands out the files when it asks for them meanwhile.
    fn listen(&self, wanted: Atom, what: &str) -> anyhow::Result<[u32; 5]> {
        let began = Instant::now();
        loop {
            match self.x.poll_for_event()? {
                Some(Event::ClientMessage(message)) if message.type_ == wanted => {
                    return Ok(message.data.as_data32());
                }
                Some(Event::SelectionRequest(request)) => self.hand_out(&request)?,
                Some(_) => {}
                None if began.elapsed() > PATIENCE => bail!("after {PATIENCE:?} the window had not {what}"),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn hand_out(&self, request: &SelectionRequestEvent) -> anyhow::Result<()> {
        let mut property = request.property;
        if request.target == self.names.URI_LIST {
            let list = self.list.as_bytes();
            self.x.change_property8(PropMode::REPLACE, request.requestor, property, request.target, list)?;
        } else if request.target == self.names.TARGETS {
            let targets = [self.names.TARGETS, self.names.URI_LIST];
            self.x.change_property32(
                PropMode::REPLACE,
                request.requestor,
                property,
                AtomEnum::ATOM,
                &targets,
            )?;
        } else {
            property = x11rb::NONE;
        }
        let answer = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property,
        };
        self.x.send_event(false, request.requestor, EventMask::NO_EVENT, answer)?;
        self.x.flush()?;
        Ok(())
    }
}

/// Points on the way from one place to another, the last one twice: a hand comes to rest before it lets go.
pub fn way(from: (i32, i32), to: (i32, i32)) -> Vec<(i32, i32)> {
    let steps = 8;
    let between = |a: i32, b: i32, step: i32| a + (b - a) * step / steps;
    let mut points: Vec<_> =
        (0..=steps).map(|step| (between(from.0, to.0, step), between(from.1, to.1, step))).collect();
    points.push(to);
    points
}
