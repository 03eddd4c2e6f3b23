// Numbers, dates and sizes in the person's language, by Intl. One formatter is made once a language and shape: making them is slow.
import { app } from "$state/app.svelte";
import { m } from "$messages";

const kept = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>();

function keep<T extends Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>(
  key: string,
  make: () => T,
): T {
  const known = kept.get(key);
  if (known) return known as T;
  const made = make();
  kept.set(key, made);
  return made;
}

export function dates(shape: Intl.DateTimeFormatOptions, zone: string = app.zone): Intl.DateTimeFormat {
  const locale = app.locale;
  return keep(
    `d ${locale} ${zone} ${JSON.stringify(shape)}`,
    () => new Intl.DateTimeFormat(locale, { ...shape, timeZone: zone }),
  );
}

function numbers(shape: Intl.NumberFormatOptions): Intl.NumberFormat {
  const locale = app.locale;
  return keep(`n ${locale} ${JSON.stringify(shape)}`, () => new Intl.NumberFormat(locale, shape));
}

type When = string | number | Date;
const date = (when: When): Date => (when instanceof Date ? when : new Date(when));

/** 18:00 */
export const time = (when: When, zone?: string): string =>
  dates({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, zone).format(date(when));
/** Fri 20 Nov, 18:00:04 */
export const dateTimeExact = (when: When, zone?: string): string =>
  dates(
    {
      weekday: "short",
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    },
    zone,
  ).format(date(when));
/** 18:00:04 */
export const timeExact = (when: When, zone?: string): string =>
  dates({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }, zone).format(date(when));
/** Fri 20 Nov 2026 */
export const day = (when: When, zone?: string): string =>
  dates({ weekday: "short", day: "numeric", month: "short", year: "numeric" }, zone).format(date(when));
/** Fri 20 Nov, 18:00; with its year where that is more than half a year away. */
export const dateTime = (when: When, zone?: string): string =>
  dates(
    {
      weekday: "short",
      day: "numeric",
      month: "short",
      ...(Math.abs(date(when).getTime() - Date.now()) > 183 * 86_400_000 ? { year: "numeric" } : {}),
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    },
    zone,
  ).format(date(when));

/** "CET", "GMT+9" */
export const zoneShort = (when: When, zone: string): string =>
  dates({ timeZoneName: "short" }, zone)
    .formatToParts(date(when))
    .find((part) => part.type === "timeZoneName")?.value ?? zone;

export const num = (n: number, shape: Intl.NumberFormatOptions = {}): string => numbers(shape).format(n);
export const percent = (part: number): string => numbers({ style: "percent", maximumFractionDigits: 0 }).format(part);

const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

function scaled(n: number): [number, (typeof units)[number]] {
  let step = 0;
  while (n >= 1000 && step < units.length - 1) {
    n /= 1000;
    step += 1;
  }
  return [n, units[step] ?? "byte"];
}

/** 1.2 GB, in powers of ten as disks are sold. */
export function bytes(n: number): string {
  const [value, unit] = scaled(Math.max(0, n));
  return numbers({
    style: "unit",
    unit,
    unitDisplay: "short",
    maximumFractionDigits: value < 10 && unit !== "byte" ? 1 : 0,
  }).format(value);
}

/** 41 MB/s */
export const speed = (perSecond: number): string => m.app_speed({ size: bytes(perSecond) });

/** "17 s left", in the largest unit that says something. */
export function left(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return m.app_left({ time: m.app_s({ n: num(s) }) });
  if (s < 5400) return m.app_left({ time: m.app_min({ n: num(Math.round(s / 60)) }) });
  return m.app_left({ time: m.app_h({ n: num(Math.round(s / 3600)) }) });
}

const codecs: Record<string, string> = {
  h264: "H.264",
  hevc: "HEVC",
  prores: "ProRes",
  mpeg4: "MPEG-4",
  mpeg2video: "MPEG-2",
  opus: "Opus",
  vorbis: "Vorbis",
};
/** H.264, AV1: as it is written on a camera. */
export const codec = (name: string): string => codecs[name] ?? name.toUpperCase();

/** 0:42, 1:02:03 */
export function duration(ms: number): string {
  const s = Math.round(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

/** "+0.2 s", "+2 min": how far from its minute. */
export function late(ms: number): string {
  const s = ms / 1000;
  const signed = (n: number, digits: number): string =>
    num(n, { signDisplay: "exceptZero", maximumFractionDigits: digits });
  if (Math.abs(s) < 90) return m.app_s({ n: signed(s, 1) });
  if (Math.abs(s) < 5400) return m.app_min({ n: signed(s / 60, 0) });
  return m.app_h({ n: signed(s / 3600, 1) });
}

/** "in 3 hours", "5 minutes ago" */
export function ago(when: When, now: Date = app.now): string {
  const s = (date(when).getTime() - now.getTime()) / 1000;
  const say = keep(`r ${app.locale}`, () => new Intl.RelativeTimeFormat(app.locale, { numeric: "auto" }));
  if (Math.abs(s) < 60) return say.format(Math.round(s), "second");
  if (Math.abs(s) < 3600) return say.format(Math.round(s / 60), "minute");
  if (Math.abs(s) < 86_400) return say.format(Math.round(s / 3600), "hour");
  return say.format(Math.round(s / 86_400), "day");
}
