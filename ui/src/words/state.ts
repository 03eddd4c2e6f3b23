// The life of a post in words and colours. Every colour has a word and a glyph beside it.
import type { DeliveryView, State } from "$bindings";
import { app } from "$state/app.svelte";
import { m, said } from "$messages";
import { late, percent, time } from "./format";
import { platformName } from "./facts";
import { problemText } from "./problem";

/** The token that colours a state. */
export function colorOf(state: State): string {
  switch (state) {
    case "draft":
    case "cancelled":
      return "var(--draft)";
    case "due":
      return "var(--scheduled)";
    case "working":
      return "var(--uploading)";
    case "ready":
    case "handed_over":
    case "to_finish":
      return "var(--staged)";
    case "parked":
      return "var(--attention)";
    case "stuck":
      return "var(--failed)";
    case "published":
      return "var(--published)";
  }
}

/** More than a minute from its minute is worth a colour. */
const isLate = (view: DeliveryView): boolean => view.state === "published" && (view.late_ms ?? 0) > 60_000;

export const stateColor = (view: DeliveryView): string =>
  isLate(view) || (view.state === "due" && view.paused) ? "var(--attention)" : colorOf(view.state);

export const stateName = (state: State): string => said(`state_${state}`) ?? state;

export function stateText(view: DeliveryView): string {
  if (view.cancelling && view.state !== "stuck") return m.state_cancelling();
  if (view.paused && view.state !== "published" && view.state !== "cancelled") return m.state_paused();
  switch (view.state) {
    case "working": {
      const moving = app.movingOf(view.id);
      if (moving && moving.total > 0) return m.state_uploading({ percent: percent(moving.sent / moving.total) });
      return (view.stage && said(`stage_${view.stage}`)) || stateName("working");
    }
    case "handed_over":
      return m.state_handed_to({ platform: platformName(view.platform) });
    case "published":
      return isLate(view) ? m.state_published_late({ late: late(view.late_ms ?? 0) }) : stateName("published");
    default:
      return stateName(view.state);
  }
}

/** What happens next, and when. */
export function nextText(view: DeliveryView): string | undefined {
  if (!view.next) return undefined;
  if (app.language === "en") return view.next.text;
  if (view.problem && (view.state === "stuck" || view.state === "parked")) return problemText(view.problem);
  const at = view.next.at ? time(view.next.at) : "";
  return (
    said(`next_${view.state}_${view.next.then}`, { at }) ?? said(`next_${view.next.then}`, { at }) ?? view.next.text
  );
}
