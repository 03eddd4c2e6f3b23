// The days of a week, by the engine's names and the person's.
import type { Slot } from "$bindings";
import { dates } from "./format";

export type Weekday = Slot["weekday"];

export const weekdays: readonly Weekday[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** The week as it begins for a person; `start` is 1 for Monday, 0 for Sunday, 6 for Saturday. */
export function weekFrom(start: number): Weekday[] {
  const first = (start + 6) % 7;
  return [...weekdays.slice(first), ...weekdays.slice(0, first)];
}

/** "Mon", "Monday". The fifth of January 1970 was one. */
export const weekdayName = (weekday: Weekday, width: "short" | "long" = "short"): string =>
  dates({ weekday: width }, "UTC").format((4 + weekdays.indexOf(weekday)) * 86_400_000);
