// Where cards lie: pure. Own grid instead of a calendar library: cards hold a poster and five lines, columns must keep one width while
// ten thousand posts exist, and a card moves by wall time, which general calendars move by instants.
import type { Composing, DeliveryView, State } from "$bindings";
import { dayNumber, instantOf, minutesOf, soon, wallOf, wallOfDay } from "$words/zone";

/** What is one card: a post on all its channels, or one being written. */
export type Card = {
  key: string;
  title: string;
  /** Days since 1970 in the shown zone. */
  day: number;
  /** Minutes of that day. */
  minute: number;
  media: number | null;
  rows: DeliveryView[];
  /** The draft of the composer, where there are no rows yet. */
  composing: number | null;
};

/** A draft, which may have no day. */
export type DraftCard = Card & {
  /** The minute it is planned for; nothing where it has none. */
  at: number | undefined;
  passed: boolean;
};

/** A day of the shown zone and a minute of that day. */
export type Place = { day: number; minute: number };

export function soonPlace(now: number, zone: string): Place {
  const wall = soon(now, zone);
  return { day: dayNumber(wall), minute: minutesOf(wall) };
}

/** Where a file comes to lie that is dropped there: a minute that has passed is no plan. */
export function landing(place: Place, now: number, zone: string): Place & { passed: boolean } {
  const passed = instantOf(wallOfDay(place.day, place.minute), zone) <= now;
  return { ...(passed ? soonPlace(now, zone) : place), passed };
}

const weight: Record<State, number> = {
  stuck: 0,
  to_finish: 1,
  parked: 2,
  working: 3,
  ready: 4,
  due: 5,
  handed_over: 6,
  draft: 7,
  published: 8,
  cancelled: 9,
};

/** The row that speaks for a card: what needs a person first. */
export const spokesman = (card: Card): DeliveryView | undefined =>
  card.rows.reduce<DeliveryView | undefined>(
    (best, row) => (best && weight[best.state] <= weight[row.state] ? best : row),
    undefined,
  );

export function cards(rows: DeliveryView[], composing: Composing[], zone: string): Card[] {
  // Channels of a post that go out at another minute are another card.
  const byPost = new Map<string, Card>();
  const firsts = new Map<number, number>();
  for (const { post, id } of rows) firsts.set(post, Math.min(id, firsts.get(post) ?? id));
  for (const row of rows) {
    if (row.due === null) continue;
    const known = byPost.get(`${row.post} ${row.due}`);
    if (known) known.rows.push(row);
    else {
      const wall = wallOf(row.due, zone);
      byPost.set(`${row.post} ${row.due}`, {
        key: "",
        title: row.title || row.file,
        day: dayNumber(wall),
        minute: minutesOf(wall),
        media: row.media,
        rows: [row],
        composing: null,
      });
    }
  }
  const found = [...byPost.values()];
  // Named by its rows and not by its minute: it is the same card after it was moved.
  for (const card of found) {
    const [first] = card.rows.map((row) => row.id).sort((a, b) => a - b);
    const post = card.rows[0]?.post ?? 0;
    card.key = first === firsts.get(post) ? `p${post}` : `p${post}d${first}`;
  }
  for (const one of composing) {
    if (one.due === null) continue;
    const wall = wallOf(one.due, zone);
    found.push({
      key: `c${one.id}`,
      title: called(one),
      day: dayNumber(wall),
      minute: minutesOf(wall),
      media: one.media,
      rows: [],
      composing: one.id,
    });
  }
  return found.sort((a, b) => a.day - b.day || a.minute - b.minute || (a.key < b.key ? -1 : 1));
}

/** As the engine calls a post: its title, or the first line of its caption, or its file. */
const called = ({ words, file }: Composing): string =>
  [words.title, ...words.caption.split("\n")].map((line) => line.trim()).find(Boolean) ?? file ?? "";

const instantOfDraft = ({ due, at, zone, fold }: Composing, shown: string): number | undefined => {
  if (due !== null) return Date.parse(due);
  // A minute that has passed is no plan to the engine; it is still what was written.
  const read = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(at ?? "");
  if (!read || fold) return undefined;
  const [year = 0, month = 0, date = 0, hour = 0, minute = 0] = read.slice(1).map(Number);
  return instantOf({ year, month, day: date, hour, minute }, zone ?? shown);
};

/** Every draft, whether written here or kept by another program: first those without a minute to come, then by minute. */
export function drafts(rows: DeliveryView[], composing: Composing[], zone: string, now: number): DraftCard[] {
  const place = (at: number | undefined): Pick<DraftCard, "day" | "minute" | "at" | "passed"> => {
    const wall = wallOf(at ?? now, zone);
    return { day: dayNumber(wall), minute: minutesOf(wall), at, passed: at !== undefined && at < now };
  };
  const byPost = new Map<number, DraftCard>();
  for (const row of rows) {
    if (row.state !== "draft") continue;
    const known = byPost.get(row.post);
    if (known) known.rows.push(row);
    else {
      const at = row.due === null ? undefined : Date.parse(row.due);
      const { media } = row;
      const card = { key: `tp${row.post}`, title: row.title || row.file, media, rows: [row], composing: null };
      byPost.set(row.post, { ...card, ...place(at) });
    }
  }
  const written = composing.map((one) => ({
    key: `tc${one.id}`,
    title: called(one),
    media: one.media,
    rows: [],
    composing: one.id,
    ...place(instantOfDraft(one, zone)),
  }));
  const order = (card: DraftCard): number => (card.at === undefined ? 0 : card.passed ? 1 : 2);
  return [...byPost.values(), ...written].sort(
    (a, b) => order(a) - order(b) || (a.at ?? 0) - (b.at ?? 0) || (a.key < b.key ? -1 : 1),
  );
}

/** Cards by their day, both in order. */
export function byDay(cards: Card[]): Map<number, Card[]> {
  const found = new Map<number, Card[]>();
  for (const card of cards) {
    const there = found.get(card.day);
    if (there) there.push(card);
    else found.set(card.day, [card]);
  }
  return found;
}

/** Of a day how many cards are not among the first `shown`: `posts` are the queue's, listed or not; drafts come on top. */
export const unseen = (there: Card[], posts: number | undefined, shown: number): number => {
  const drafts = there.filter((card) => card.composing !== null).length;
  return Math.max((posts ?? 0) + drafts, there.length) - Math.min(there.length, shown);
};

export type Laid = { card: Card; column: number; columns: number };

/** Cards of one day side by side where they would cover each other. `tall` is how many minutes a card covers. */
export function lay(day: Card[], tall: number): Laid[] {
  const laid: Laid[] = [];
  let group: Laid[] = [];
  let ends: number[] = [];
  const close = (): void => {
    for (const one of group) one.columns = ends.length;
    group = [];
    ends = [];
  };
  for (const card of [...day].sort((a, b) => a.minute - b.minute)) {
    if (ends.length > 0 && ends.every((end) => end <= card.minute)) close();
    let column = ends.findIndex((end) => end <= card.minute);
    if (column < 0) column = ends.length;
    ends[column] = card.minute + tall;
    const one = { card, column, columns: 1 };
    group.push(one);
    laid.push(one);
  }
  close();
  return laid;
}

/** Why a person can't move it; nothing: it moves. What was published, taken back or given away stays. */
export function fixed(card: Card): "published" | "cancelled" | "there" | undefined {
  const is = (...states: State[]): boolean => card.rows.some((row) => states.includes(row.state));
  if (is("published")) return "published";
  if (is("cancelled") || card.rows.some((row) => row.cancelling)) return "cancelled";
  return is("to_finish") ? "there" : undefined;
}

export const movable = (card: Card): boolean => fixed(card) === undefined;

export const snap = (minutes: number): number => Math.max(0, Math.min(24 * 60 - 15, Math.round(minutes / 15) * 15));

/** First day of the week that holds this day; `start` is 1 for Monday, 0 for Sunday, 6 for Saturday. */
export const weekStart = (day: number, start: number): number => day - ((((day + 4) % 7) - start + 7) % 7);

/** What a clock elsewhere reads at each hour of this day. Nothing where it reads the same. */
export function hoursElsewhere(day: number, zone: string, elsewhere: string): string[] | undefined {
  const walls = Array.from({ length: 24 }, (_, hour) => {
    const here = wallOfDay(day, hour * 60);
    const there = wallOf(instantOf(here, zone), elsewhere);
    const same = dayNumber(there) === day && minutesOf(there) === hour * 60;
    return { same, text: `${there.hour}:${String(there.minute).padStart(2, "0")}` };
  });
  // An hour that a clock leaves out differs even from itself: more than one has to.
  return walls.filter((one) => !one.same).length > 1 ? walls.map((one) => one.text) : undefined;
}
