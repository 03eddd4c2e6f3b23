//! The tray's side of the bus: a watcher that programs register their icon with, and a look at icon and menu as a panel would take it.

use super::bus::Bus;
use anyhow::Context;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use zbus::blocking::Connection;
use zbus::zvariant::{OwnedValue, Structure, Value};

pub struct Tray {
    connection: Connection,
    items: Arc<Mutex<Vec<(String, String)>>>,
}

/// One program's icon.
pub struct Icon {
    connection: Connection,
    owner: String,
    path: String,
    pub name: String,
    pub folder: String,
    menu: String,
}

/// One line of its menu.
#[derive(Clone, Debug, Default)]
pub struct Line {
    pub id: i32,
    pub label: String,
    pub enabled: bool,
    pub separator: bool,
}

/// Number, what is known, lines below.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

struct Watcher(Arc<Mutex<Vec<(String, String)>>>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// A program says where its icon is: by a path of its own, or by a name.
    fn register_status_notifier_item(
        &self,
        service: String,
        #[zbus(header)] header: zbus::message::Header<'_>,
    ) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let item = if service.starts_with('/') {
            (sender, service)
        } else {
            (service, "/StatusNotifierItem".into())
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|(owner, path)| format!("{owner}{path}"))
            .collect()
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

impl Tray {
    pub fn start(bus: &Bus) -> anyhow::Result<Tray> {
        let items = Arc::new(Mutex::new(Vec::new()));
        let connection = zbus::blocking::connection::Builder::address(bus.address.as_str())?
            .serve_at("/StatusNotifierWatcher", Watcher(items.clone()))?
            .name("org.kde.StatusNotifierWatcher")?
            .build()?;
        Ok(Tray { connection, items })
    }

    /// The newest icon, once a program has shown one.
    pub fn icon(&self) -> anyhow::Result<Option<Icon>> {
        let Some((owner, path)) = self.items.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
        else {
            return Ok(None);
        };
        let answer = self.connection.call_method(
            Some(owner.as_str()),
            path.as_str(),
            Some("org.freedesktop.DBus.Properties"),
            "GetAll",
            &"org.kde.StatusNotifierItem",
        )?;
        let all: HashMap<String, OwnedValue> = answer.body().deserialize()?;
        Ok(Some(Icon {
            connection: self.connection.clone(),
            name: text(&all, "IconName"),
            folder: text(&all, "IconThemePath"),
            menu: text(&all, "Menu"),
            owner,
            path,
        }))
    }
}

impl Icon {
    /// The picture, where it is a file: its name may be a path, or a name in the folder that goes with it.
    pub fn picture(&self) -> Option<PathBuf> {
        let names = [self.name.clone(), format!("{}/{}.png", self.folder, self.name)];
        names.into_iter().map(PathBuf::from).find(|path| path.is_absolute() && path.is_file())
    }

    pub fn menu(&self) -> anyhow::Result<Vec<Line>> {
        let answer = self.connection.call_method(
            Some(self.owner.as_str()),
            self.menu.as_str(),
            Some("com.canonical.dbusmenu"),
            "GetLayout",
            &(0i32, -1i32, Vec::<String>::new()),
        );
        let answer = answer.with_context(|| format!("asking {} {} for its menu", self.owner, self.path))?;
        let body = answer.body();
        let (_, (_, _, children)): (u32, Layout) = body.deserialize()?;
        Ok(children.iter().filter_map(line).collect())
    }

    /// A click on the line whose label holds this.
    pub fn click(&self, label: &str) -> anyhow::Result<()> {
        let menu = self.menu()?;
        let line = menu
            .iter()
            .find(|line| line.label.contains(label))
            .with_context(|| format!("no {label} in {menu:?}"))?;
        self.connection.call_method(
            Some(self.owner.as_str()),
            self.menu.as_str(),
            Some("com.canonical.dbusmenu"),
            "Event",
            &(line.id, "clicked", Value::from(0i32), 0u32),
        )?;
        Ok(())
    }
}

fn line(child: &OwnedValue) -> Option<Line> {
    let structure: &Structure<'_> = child.downcast_ref().ok()?;
    let [Value::I32(id), Value::Dict(about), _] = structure.fields() else { return None };
    let about = about.try_clone().ok()?;
    let about: HashMap<String, OwnedValue> = about.try_into().ok()?;
    let flag = |name: &str| about.get(name).and_then(|value| bool::try_from(value).ok());
    Some(Line {
        id: *id,
        // An underscore marks the key that chooses the line.
        label: text(&about, "label").replace('_', ""),
        enabled: flag("enabled").unwrap_or(true),
        separator: text(&about, "type") == "separator",
    })
}

fn text(all: &HashMap<String, OwnedValue>, name: &str) -> String {
    match all.get(name).map(|value| &**value) {
        Some(Value::Str(text)) => text.to_string(),
        Some(Value::ObjectPath(path)) => path.to_string(),
        _ => String::new(),
    }
}
