//! axe-core in the real webview: what is serious or critical on the screen as it stands.

use super::browser::Browser;
use super::{PATIENCE, until};
use anyhow::Context;
use serde_json::{Value, json};
use std::path::Path;

/// Where the window's own build keeps it.
fn source() -> anyhow::Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&path).context("axe-core is not installed: run `npm ci` in ui/")
}

/// Waits until nothing fades or slides any more: half faded, every text is too pale. What never ends is not waited for.
async fn rests(browser: &Browser) -> anyhow::Result<()> {
    let script = "return document.getAnimations().every(it => it.playState !== 'running' || \
        it.effect?.getComputedTiming().endTime === Infinity)";
    until("the screen rests", PATIENCE, || async {
        Ok((browser.js(script, json!([])).await? == true).then_some(()))
    })
    .await
}

/// One line for each thing that is wrong.
pub async fn grave(browser: &Browser) -> anyhow::Result<Vec<String>> {
    if browser.js("return typeof window.axe", json!([])).await? != "object" {
        browser.js(&format!("{}; window.axe = axe;", source()?), json!([])).await?;
    }
    rests(browser).await?;
    let script = "const done = arguments[arguments.length - 1]; \
        window.axe.run(document, {resultTypes: ['violations']}) \
          .then(found => done(found.violations), problem => done([{id: 'axe failed', impact: 'critical', help: String(problem), nodes: []}]));";
    let found = browser.js_later(script, json!([])).await?;
    let grave = |one: &&Value| matches!(one["impact"].as_str(), Some("serious" | "critical"));
    Ok(found
        .as_array()
        .into_iter()
        .flatten()
        .filter(grave)
        .map(|one| {
            let nodes = one["nodes"].as_array().cloned().unwrap_or_default();
            let places: Vec<_> = nodes
                .iter()
                .take(4)
                .map(|node| {
                    format!("{} {:.160}", node["target"], node["failureSummary"].as_str().unwrap_or_default())
                })
                .collect();
            format!("{} ({}): {} places: {}", one["id"], one["help"], nodes.len(), places.join(" | "))
        })
        .collect())
}
