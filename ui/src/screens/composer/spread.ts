// Several files dropped at once: a minute for each. Pure.
import type { FreeSlot } from "$bindings";
import { dayNumber, instantOf, minutesOf, wallOf, wallOfDay, wallText } from "$words/zone";

export type Spread = {
  /** On the next free slots, one a day at the same time, or without a time. */
  how: "slots" | "days" | "none";
  /** As the engine takes a time, one for each file. */
  at: (string | null)[];
  /** The last of them. */
  last: number | undefined;
};

const day = 86_400_000;
const read = (at: string): { day: number; minute: number } => ({
  day: Math.floor(Date.parse(`${at.slice(0, 10)}T00:00Z`) / day),
  minute: Number(at.slice(11, 13)) * 60 + Number(at.slice(14, 16)),
});

/**
 * `at`: the minute that was chosen for the first file, if any. The others take the free slots of these channels after it. Where there
 * are none, or no more, they follow one a day at the same time; without slots and without a time they have none. No two files, and no
 * file and another draft (`taken`, instants), get the same minute.
 */
export function spread(
  n: number,
  at: string | null,
  zone: string,
  free: FreeSlot[],
  channels: number[],
  taken: string[],
): Spread {
  const used = new Set(taken.map((one) => Date.parse(one)));
  const first = at === null ? undefined : instantOf(wallOfDay(read(at).day, read(at).minute), zone);
  const slots = [...new Set(free.filter((one) => channels.includes(one.account)).map((one) => Date.parse(one.at)))]
    .filter((one) => !used.has(one) && (first === undefined || one > first))
    .sort((a, b) => a - b);
  if (first === undefined && slots.length === 0) return { how: "none", at: Array(n).fill(null), last: undefined };
  const chosen = [...(first === undefined ? [] : [first]), ...slots].slice(0, n);
  const on = slots.length > 0 && n > (first === undefined ? 0 : 1) ? "slots" : "days";
  while (chosen.length < n) {
    const wall = wallOf(chosen.at(-1) ?? 0, zone);
    let next = dayNumber(wall) + 1;
    while (used.has(instantOf(wallOfDay(next, minutesOf(wall)), zone))) next += 1;
    chosen.push(instantOf(wallOfDay(next, minutesOf(wall)), zone));
  }
  const texts = chosen.map((one) => wallText(wallOf(one, zone)));
  return { how: on, at: at === null ? texts : [at, ...texts.slice(1)], last: chosen.at(-1) };
}
