// Counting, marking and deciding what is shown: the composer's pure half.
import type {
  AccountView,
  CheckedChannel,
  ConsentText,
  Facts,
  FreeSlot,
  GoesOut,
  OptionFact,
  Options,
  Unit,
} from "$bindings";

const utf8 = new TextEncoder();

/** Length of a text in the platform's own unit; the same as the engine counts. */
export function count(text: string, unit: Unit): number {
  if (unit === "utf16") return text.length;
  return unit === "bytes" ? utf8.encode(text).length : [...text].length;
}

export type Piece = { text: string; marked: boolean };

/** A text cut into what is a hashtag or a mention and what is not. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(/(?<![\p{L}\p{N}_])[#@][\p{L}\p{N}_.]*[\p{L}\p{N}_]/gu)) {
    if (match.index > from) found.push({ text: text.slice(from, match.index), marked: false });
    found.push({ text: match[0], marked: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push({ text: text.slice(from), marked: false });
  return found;
}

/** The value an option has when nobody chose: what Facts say, or nothing. */
export function usual(option: OptionFact): unknown {
  return option.default === null ? undefined : (JSON.parse(option.default) as unknown);
}

/** Does an option mean anything with these? */
export function applies(option: OptionFact, facts: Facts, chosen: Options): boolean {
  if (!option.depends_on) return true;
  const [key, values] = option.depends_on;
  const other = facts.options.find((one) => one.key === key);
  // What hangs on something that is itself out of force is out of force, too.
  if (!other || !applies(other, facts, chosen)) return false;
  const value = chosen[key] ?? usual(other);
  return values.includes(typeof value === "string" ? value : JSON.stringify(value));
}

/** What stands in the channel's terms at a JSON pointer. */
export function at(live: unknown, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .reduce<unknown>(
      (here, key) => (typeof here === "object" && here !== null ? (here as Record<string, unknown>)[key] : undefined),
      live,
    );
}

/** Values that the channel's terms leave; nothing when they say nothing. */
export function allowed(option: OptionFact, live: unknown): string[] | undefined {
  const listed = option.allowed === null ? undefined : at(live, option.allowed);
  return Array.isArray(listed) ? listed.filter((one): one is string => typeof one === "string") : undefined;
}

/** Why a switch can't be on, said by the channel's terms. */
export function offWhy(option: OptionFact, live: unknown): string | undefined {
  return option.off_when && at(live, option.off_when[0]) === true ? option.off_when[1] : undefined;
}

const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));

/** Why a value can't be chosen beside what was chosen elsewhere. */
export function ruledOut(option: OptionFact, value: string, facts: Facts, chosen: Options): string | undefined {
  return option.excludes.find((rule) => {
    const other = facts.options.find((one) => one.key === rule.other);
    if (rule.value !== value || !other || !applies(other, facts, chosen)) return false;
    return plain(chosen[rule.other] ?? usual(other)) === rule.other_value;
  })?.why;
}

/** The words of a declaration with these choices, and which of them they are. */
export function consentOf(
  option: OptionFact,
  facts: Facts,
  chosen: Options,
): { nth: number; says: ConsentText } | undefined {
  if (option.kind.is !== "consent") return undefined;
  const fits = (says: ConsentText): boolean => {
    if (!says.when) return true;
    const [key, values] = says.when;
    const other = facts.options.find((one) => one.key === key);
    return !!other && applies(other, facts, chosen) && values.includes(plain(chosen[key] ?? usual(other)));
  };
  const nth = option.kind.says.findLastIndex(fits);
  const says = option.kind.says[nth];
  return says ? { nth, says } : undefined;
}

/** What is seen of a caption before "more". */
export function cutAt(text: string, most: number | null): { shown: string; cut: boolean } {
  const letters = [...text];
  return most === null || letters.length <= most
    ? { shown: text, cut: false }
    : { shown: letters.slice(0, most).join("").trimEnd(), cut: true };
}

/** Required, without a usual value, and not chosen: it blocks. */
export const missing = (option: OptionFact, chosen: Options): boolean =>
  option.required && option.default === null && (chosen[option.key] === undefined || chosen[option.key] === null);

/** The first few are always seen; the rest behind "more", unless they were chosen or have to be. */
export function shownFirst(facts: Facts, chosen: Options): OptionFact[] {
  const possible = facts.options.filter((option) => applies(option, facts, chosen));
  return possible.filter(
    (option) =>
      option.required ||
      option.in_view ||
      option.key === "privacy" ||
      // What became possible by a choice is seen beside it.
      (option.depends_on !== null && chosen[option.depends_on[0]] !== undefined) ||
      chosen[option.key] !== undefined,
  );
}

/** Channels by how their post reaches the public, in the order in which they need this computer least. */
export function howItGoes(
  channels: CheckedChannel[],
  called: (one: CheckedChannel) => string,
): { how: GoesOut; names: string[] }[] {
  const order: GoesOut[] = ["handed_over", "staged", "at_the_minute", "now"];
  return order
    .map((how) => ({ how, names: channels.filter((one) => one.goes_out === how).map(called) }))
    .filter((group) => group.names.length > 0);
}

/** Channels that go out at their minute and whose time until a post shows is known, a second or more. */
export function paced(channels: CheckedChannel[], accounts: AccountView[]): { account: AccountView; ms: number }[] {
  return channels
    .filter((one) => one.goes_out === "at_the_minute")
    .flatMap((one) => accounts.filter((account) => account.id === one.account))
    .flatMap((account) => ((account.pace_ms ?? 0) >= 1000 ? [{ account, ms: account.pace_ms ?? 0 }] : []));
}

const endings: Record<string, string[]> = {
  "image/jpeg": ["jpg", "jpeg"],
  "application/x-subrip": ["srt"],
  "text/plain": ["txt", "sbv"],
  "text/xml": ["xml"],
  "application/ttml+xml": ["ttml", "dfxp"],
};

/** How files of these kinds end. Nothing when one of them can't be told by its name: then any file may be chosen. */
export function endingsOf(mimes: string[]): string[] {
  const found = mimes.map((mime) => endings[mime] ?? [/^[\w-]+\/(?:x-)?([a-z0-9]+)$/.exec(mime)?.[1]]);
  if (found.some((some) => some.includes(undefined))) return [];
  return [...new Set(found.flat().filter((one) => one !== undefined))];
}

/** The next free slots of these channels, each minute once. */
export function nextSlots(free: FreeSlot[], channels: number[], most = 4): FreeSlot[] {
  const seen = new Set<string>();
  return [...free]
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .filter((slot) => channels.includes(slot.account) && !seen.has(slot.at) && seen.add(slot.at))
    .slice(0, most);
}

/** Snapshots to go back to. Bounded; what is typed quickly in one place counts as one. */
export class Past<T> {
  #done: T[] = [];
  #undone: T[] = [];
  #last = -Infinity;
  #what = "";

  constructor(
    private readonly most = 100,
    private readonly together = 700,
  ) {}

  get some(): boolean {
    return this.#done.length > 0;
  }

  /** Before a change: `state` is how it was, `what` is changed. */
  keep(state: T, now: number = Date.now(), what = ""): void {
    const joined = now - this.#last < this.together && this.#done.length > 0 && what === this.#what;
    [this.#last, this.#what] = [now, what];
    this.#undone = [];
    if (!joined) this.#done = [...this.#done.slice(1 - this.most), state];
  }

  back(now: T): T | undefined {
    const state = this.#done.pop();
    if (state !== undefined) this.#undone.push(now);
    this.#last = -Infinity;
    return state;
  }

  forth(now: T): T | undefined {
    const state = this.#undone.pop();
    if (state !== undefined) this.#done.push(now);
    return state;
  }
}
