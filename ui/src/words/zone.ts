// Wall time and instants in any zone, by Intl alone. The engine has the last word (`time.read`); this is for drawing.

export type Wall = { year: number; month: number; day: number; hour: number; minute: number };

const readers = new Map<string, Intl.DateTimeFormat>();

function reader(zone: string): Intl.DateTimeFormat {
  let known = readers.get(zone);
  if (!known) {
    const shape = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;
    known = new Intl.DateTimeFormat("en-US", { ...shape, hourCycle: "h23", timeZone: zone });
    readers.set(zone, known);
  }
  return known;
}

/** What a clock in this zone shows at an instant. */
export function wallOf(at: number | string | Date, zone: string): Wall {
  const wall: Wall = { year: 0, month: 0, day: 0, hour: 0, minute: 0 };
  for (const { type, value } of reader(zone).formatToParts(new Date(at))) {
    if (type in wall) wall[type as keyof Wall] = Number(value);
  }
  return wall;
}

const asUtc = (wall: Wall): number => Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute);

/** The instant, in milliseconds, at which a clock in this zone shows that. In a gap the time after it; in an overlap the first. */
export function instantOf(wall: Wall, zone: string): number {
  const wanted = asUtc(wall);
  const offsetAt = (at: number): number => asUtc(wallOf(at, zone)) - Math.floor(at / 60_000) * 60_000;
  const before = offsetAt(wanted - 86_400_000);
  const after = offsetAt(wanted + 86_400_000);
  // Read with the offset from before any change of that day: right outside of gaps, first in overlaps, later in gaps.
  const first = wanted - before;
  if (before === after || offsetAt(first) === before) return first;
  const second = wanted - after;
  return offsetAt(second) === after ? second : first;
}

/** Days of the zone's calendar, as numbers that can be counted with. */
export const dayNumber = (wall: Wall): number => Math.floor(Date.UTC(wall.year, wall.month - 1, wall.day) / 86_400_000);

export function wallOfDay(day: number, minutes = 0): Wall {
  const date = new Date(day * 86_400_000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: Math.floor(minutes / 60),
    minute: minutes % 60,
  };
}

const two = (n: number): string => String(n).padStart(2, "0");
export const dateText = (wall: Wall): string =>
  `${String(wall.year).padStart(4, "0")}-${two(wall.month)}-${two(wall.day)}`;
export const timeText = (wall: Wall): string => `${two(wall.hour)}:${two(wall.minute)}`;
/** As the engine takes a time: 2026-11-24T18:00 */
export const wallText = (wall: Wall): string => `${dateText(wall)}T${timeText(wall)}`;
/** The same instant as the engine takes it in the zone of another plan: 2026-11-24T09:00[America/New_York] */
export const wallTextIn = (wall: Wall, zone: string, plan: string): string =>
  plan === zone ? wallText(wall) : `${wallText(wallOf(instantOf(wall, zone), plan))}[${plan}]`;
/** How far a clock that shows `local` is from UTC at an instant: +01:00 */
export function offsetText(local: string, at: string): string {
  const minutes = Math.round((Date.parse(`${local}Z`) - Date.parse(at)) / 60_000);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}
export const minutesOf = (wall: Wall): number => wall.hour * 60 + wall.minute;

/** Does the clock change between this day's start and its end? */
export const shifts = (day: number, zone: string): boolean =>
  instantOf(wallOfDay(day + 1), zone) - instantOf(wallOfDay(day), zone) !== 86_400_000;

/** The next quarter of an hour that is an hour away: suggested where nobody chose a minute. */
export const soon = (now: number, zone: string): Wall => wallOf(Math.ceil((now + 3_600_000) / 900_000) * 900_000, zone);
