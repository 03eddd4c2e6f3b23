// Lets the fake host answer with what the engine really answered (`fixtures`, written by `./dev bindings`). For tests.
import type { Commands } from "$bindings";
import { answers } from "./fake";
import accounts from "./fixtures/accounts.list.json";
import activity from "./fixtures/activity.list.json";
import apps from "./fixtures/apps.list.json";
import house from "./fixtures/house.show.json";
import platforms from "./fixtures/platforms.list.json";
import glance from "./fixtures/posts.glance.json";
import list from "./fixtures/posts.list.json";
import days from "./fixtures/posts.days.json";
import show from "./fixtures/posts.show.json";
import settings from "./fixtures/settings.get.json";
import slots from "./fixtures/slots.free.json";

const texts = {
  "accounts.list": accounts,
  "activity.list": activity,
  "apps.list": apps,
  "house.show": house,
  "platforms.list": platforms,
  "posts.glance": glance,
  "posts.list": list,
  "posts.days": days,
  "posts.show": show,
  "settings.get": settings,
  "slots.free": slots,
};

export type Kept = keyof typeof texts;

/** JSON has no literal types: that the shapes are right is the engine's test to say. */
export const kept = <K extends Kept>(name: K): Commands[K]["answer"] =>
  structuredClone(texts[name]) as unknown as Commands[K]["answer"];

/** From here on these commands are answered as the engine did. */
export function replay(): void {
  Object.assign(answers, {
    ...Object.fromEntries((Object.keys(texts) as Kept[]).map((name) => [name, () => kept(name)])),
    "posts.list": ({ state }: Commands["posts.list"]["given"]) =>
      kept("posts.list").filter((row) => !state || row.state === state),
    "activity.search": () => ({ lines: kept("activity.list"), before: null, back_to: null }),
    "composing.list": () => [],
    "backups.list": () => [],
  });
}
