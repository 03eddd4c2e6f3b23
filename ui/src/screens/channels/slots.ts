// A channel's weekly posting times as a list to edit. Pure.
import type { Slot } from "$bindings";
import { weekdays, type Weekday } from "$words/week";

/** 18:00, of what the engine keeps as 18:00:00. */
export const slotTime = (slot: Slot): string => slot.time.slice(0, 5);

export const sameSlot = (a: Slot, b: Slot): boolean => a.weekday === b.weekday && slotTime(a) === slotTime(b);

/** In the order of a week that begins with the first of `week`. */
export const sorted = (slots: readonly Slot[], week: readonly Weekday[] = weekdays): Slot[] =>
  [...slots].sort((a, b) => week.indexOf(a.weekday) - week.indexOf(b.weekday) || (a.time < b.time ? -1 : 1));

/** The slots with one more on each of these days; what is there already stays as it is. */
export function withSlots(slots: readonly Slot[], days: readonly Weekday[], time: string): Slot[] {
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(time)) return [...slots];
  const more = days.map((weekday): Slot => ({ weekday, time: `${time}:00` }));
  return sorted([...slots, ...more.filter((one) => !slots.some((slot) => sameSlot(slot, one)))]);
}

export const withoutSlot = (slots: readonly Slot[], gone: Slot): Slot[] =>
  slots.filter((slot) => !sameSlot(slot, gone));
