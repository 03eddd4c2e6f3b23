//! How every page of the sandbox looks: one frame, one style sheet, light and dark, as good on a phone.

use crate::exchange::escape;

/// A whole page of the sandbox. `reload_s`: seconds after which it loads itself again.
pub(crate) fn frame(title: &str, body: &str, reload_s: Option<u32>) -> String {
    let reload = reload_s.map(|s| format!("<meta http-equiv=refresh content={s}>")).unwrap_or_default();
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">{reload}\
         <title>{} · Sandbox</title><style>{STYLE}</style></head><body><p class=note>Sandbox: nothing here is on the real internet</p><main>{body}</main></body></html>",
        escape(title)
    )
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5d6673;--line:#d9dee5;--card:#fff;--back:#f4f6f8;--main:#2158d0}\
@media(prefers-color-scheme:dark){:root{--ink:#e8ebef;--soft:#9aa4b1;--line:#333a44;--card:#1d2228;--back:#14181c;--main:#7aa2ff}}\
*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back)}\
main{max-width:1080px;margin:0 auto;padding:1rem}h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.05rem;margin:1.2rem 0 .4rem}h3{font-size:1rem;margin:.5rem 0 .2rem;overflow-wrap:anywhere}\
a{color:inherit}.note{margin:0;padding:.4rem 1rem;text-align:center;font-size:.85rem;background:var(--main);color:var(--back)}\
.grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(280px,1fr))}article{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.7rem}\
video{width:100%;aspect-ratio:16/9;background:#000;border-radius:6px;display:block}.meta{display:flex;flex-wrap:wrap;gap:.1rem .8rem;margin:0;color:var(--soft);font-size:.85rem}\
.badge{border:1px solid currentColor;border-radius:99px;padding:0 .5rem}.public{color:#1a7f4b}.empty{color:var(--soft)}small{color:var(--soft);overflow-wrap:anywhere}\
form{max-width:560px}.row{display:flex;gap:.7rem;align-items:flex-start;padding:.5rem 0;border-bottom:1px solid var(--line)}.row input{margin-top:.35rem}\
button{font:inherit;padding:.5rem 1.2rem;border-radius:8px;border:1px solid var(--line);background:var(--card);color:inherit}.main{background:var(--main);border-color:var(--main);color:var(--back)}\
.buttons{display:flex;gap:.6rem;justify-content:flex-end}\
.tall{max-width:300px}.screen{position:relative;aspect-ratio:9/16;background:#000;color:#fff;border-radius:18px;overflow:hidden}.screen video{width:100%;height:100%;aspect-ratio:auto;border-radius:0}\
.over{position:absolute;inset:auto 0 3rem;padding:.6rem .8rem;pointer-events:none;text-shadow:0 1px 3px #000}.over p{margin:0;white-space:pre-line;overflow-wrap:anywhere;max-height:6em;overflow:hidden}\
.unseen .screen{opacity:.45}.code{font-family:ui-monospace,monospace}";
