// Another minute for a card: a post on the channels it shows, or a draft that is still being written.
import type { Composing } from "$bindings";
import { call } from "$host";
import { m } from "$messages";
import { app } from "$state/app.svelte";
import { dateTime } from "$words/format";
import { wallOfDay, wallTextIn } from "$words/zone";
import { fixed, type Card, type Place } from "./layout";

const why = {
  published: m.calendar_fixed,
  cancelled: m.calendar_fixed_cancelled,
  there: m.calendar_fixed_there,
};

/** `from`: the minute it had; nothing where it had none. */
export async function move(card: Card, to: Place, from: Place | undefined, drafts: Composing[]): Promise<void> {
  const stays = fixed(card);
  if (stays) return app.say(why[stays]());
  if (from && to.day === from.day && to.minute === from.minute) return;
  try {
    const written = drafts.find((one) => one.id === card.composing);
    if (written) await moveDraft(written, to);
    else await movePost(card, to, from);
  } catch (problem) {
    app.tell(problem);
  }
}

const told = (when: string, back: () => Promise<unknown>): void => {
  const undo = (): void =>
    void back().then(
      () => app.refresh(),
      (problem: unknown) => app.tell(problem),
    );
  app.say(m.calendar_moved({ when }), { undo });
};

async function moveDraft(draft: Composing, to: Place): Promise<void> {
  const { id, path, to: channels, words, words_for, options, at: before, zone, fold } = draft;
  const at = wallTextIn(wallOfDay(to.day, to.minute), app.zone, zone ?? app.zone).replace(/\[.*$/, "");
  // Refused here rather than kept as a minute that has passed.
  const read = await call("time.read", { at, zone, fold: false });
  const kept = { id, path, to: channels, words, words_for, options, zone };
  await call("composing.save", { ...kept, at, fold: false });
  await app.refresh();
  told(dateTime(read.due), () => call("composing.save", { ...kept, at: before, fold }));
}

async function movePost(card: Card, to: Place, from: Place | undefined): Promise<void> {
  const [row, ...others] = card.rows;
  if (!row) return;
  // What was planned by another clock stays planned by that clock.
  const plan = row.wall?.zone ?? app.zone;
  const text = (place: Place): string => wallTextIn(wallOfDay(place.day, place.minute), app.zone, plan);
  const which = { id: row.id, also: others.map((one) => one.id) };
  const [moved] = await call("posts.edit", { ...which, at: text(to) });
  await app.refresh();
  const before = from ? { at: text(from) } : { asap: true };
  told(dateTime(moved?.due ?? text(to)), () => call("posts.edit", { ...which, ...before }));
}
