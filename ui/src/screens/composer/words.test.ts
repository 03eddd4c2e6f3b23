import { describe, expect, it } from "vitest";
import type { AccountView, Facts, OptionFact } from "$bindings";
import facts from "../../host/fixtures/platforms.list.json";
import {
  Past,
  allowed,
  applies,
  consentOf,
  count,
  cutAt,
  endingsOf,
  howItGoes,
  paced,
  missing,
  nextSlots,
  offWhy,
  pieces,
  ruledOut,
  shownFirst,
} from "./words";

const youtube = (facts as unknown as Facts[])[0] as Facts;

describe("the composer's words", () => {
  it("counts as the platforms do", () => {
    for (const [text, chars, utf16, bytes] of [
      ["abc", 3, 3, 3],
      ["ключ", 4, 4, 8],
      ["🍞", 1, 2, 4],
      ["パン", 2, 2, 6],
    ] as const) {
      expect([count(text, "chars"), count(text, "utf16"), count(text, "bytes")]).toEqual([chars, utf16, bytes]);
    }
  });

  it("marks hashtags and mentions in any script, and no addresses", () => {
    const marked = (text: string) =>
      pieces(text)
        .filter((piece) => piece.marked)
        .map((piece) => piece.text);
    expect(marked("Rye #rye #закваска, @flour.co. #パン")).toEqual(["#rye", "#закваска", "@flour.co", "#パン"]);
    expect(marked("mail me@example.org C# #")).toEqual([]);
    const text = "a #b @c d";
    expect(
      pieces(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });

  it("blocks on a required option without a usual value, and never fills it in", () => {
    const audience = {
      key: "audience",
      label: "",
      help: "",
      kind: { is: "flag" as const },
      required: true,
      default: null,
      depends_on: null,
      allowed: null,
      off_when: null,
      excludes: [],
      amendable: true,
      in_view: false,
      as_of: "",
    } satisfies OptionFact;
    const strict: Facts = { ...youtube, options: [...youtube.options, audience] };
    expect(missing(audience, {})).toBe(true);
    expect(missing(audience, { audience: null })).toBe(true);
    expect(missing(audience, { audience: false })).toBe(false);
    expect(shownFirst(strict, {})).toContain(audience);
    for (const option of youtube.options)
      expect(missing(option, {}), option.key).toBe(option.required && option.default === null);
  });

  it("asks only what means something", () => {
    for (const option of youtube.options) {
      if (!option.depends_on) expect(applies(option, youtube, {})).toBe(true);
      else {
        const [key, [value = ""]] = option.depends_on;
        expect(applies(option, youtube, { [key]: value })).toBe(true);
        expect(applies(option, youtube, { [key]: "something else" })).toBe(false);
      }
    }
  });

  it("groups channels by how they go out", () => {
    const of = (name: string, goes_out: "handed_over" | "at_the_minute") => ({
      account: 1,
      name,
      platform: "p",
      goes_out,
      problems: [],
    });
    expect(
      howItGoes([of("a", "at_the_minute"), of("b", "handed_over"), of("c", "handed_over")], (one) => one.name),
    ).toEqual([
      { how: "handed_over", names: ["b", "c"] },
      { how: "at_the_minute", names: ["a"] },
    ]);
  });

  it("tells the pace of channels that go out at their minute, where it was measured", () => {
    const of = (account: number, goes_out: "staged" | "at_the_minute") => ({
      account,
      name: "",
      platform: "p",
      goes_out,
      problems: [],
    });
    const accounts = [12_400, null, 300, 9000].map((pace_ms, id) => ({ id, pace_ms }) as AccountView);
    const all = [of(0, "at_the_minute"), of(1, "at_the_minute"), of(2, "at_the_minute"), of(3, "staged")];
    expect(paced(all, accounts).map(({ account, ms }) => [account.id, ms])).toEqual([[0, 12_400]]);
  });

  it("goes back and forth, joining what is typed quickly, and forgets the oldest", () => {
    const past = new Past<string>(3, 500);
    past.keep("", 0);
    past.keep("h", 100);
    past.keep("he", 1000);
    expect(past.back("hel")).toBe("he");
    expect(past.back("he")).toBe("");
    expect(past.back("")).toBeUndefined();
    expect(past.forth("")).toBe("he");
    for (let n = 0; n < 10; n += 1) past.keep(String(n), 10_000 * n + 10_000);
    expect([past.back("x"), past.back("x"), past.back("x"), past.back("x")]).toEqual(["9", "8", "7", undefined]);
  });
});

describe("what is offered", () => {
  it("is any file where a kind can't be told by its name", () => {
    expect(endingsOf(["image/jpeg", "image/png"])).toEqual(["jpg", "jpeg", "png"]);
    expect(endingsOf(["application/x-subrip", "text/vtt", "text/plain"])).toEqual(["srt", "vtt", "txt", "sbv"]);
    expect(endingsOf(["text/vtt", "application/octet-stream"])).toEqual([]);
  });

  it("is the next free minutes of the chosen channels, each once", () => {
    const slot = (account: number, day: number) => ({
      account,
      at: `2026-11-${day}T17:00:00Z`,
      wall: { local: `2026-11-${day}T18:00:00`, zone: "Europe/Berlin" },
    });
    const free = [slot(2, 29), slot(1, 28), slot(2, 28), slot(3, 27), slot(1, 30)];
    expect(nextSlots(free, [1, 2]).map((one) => one.at.slice(8, 10))).toEqual(["28", "29", "30"]);
    expect(nextSlots(free, [1, 2], 1)).toHaveLength(1);
    expect(nextSlots(free, [])).toEqual([]);
  });

  it("holds values against the channel's terms and against each other", () => {
    const [base] = youtube.options as [OptionFact, ...OptionFact[]];
    const plain = { ...base, depends_on: null, allowed: null, off_when: null, excludes: [] };
    const who: OptionFact = {
      ...plain,
      key: "who",
      kind: {
        is: "one_of",
        choices: [
          ["all", "All"],
          ["me", "Only me"],
        ],
      },
      required: true,
      default: null,
      allowed: "/terms/who",
      excludes: [{ value: "me", other: "paid", other_value: "true", why: "Not private." }],
    };
    const ad: OptionFact = { ...plain, key: "ad", kind: { is: "flag" }, default: "false" };
    const paid: OptionFact = {
      ...ad,
      key: "paid",
      depends_on: ["ad", ["true"]],
      off_when: ["/terms/no_ads", "No ads."],
    };
    const agree: OptionFact = {
      ...plain,
      key: "agree",
      default: null,
      kind: {
        is: "consent",
        says: [
          { when: null, text: "I agree.", links: [] },
          { when: ["paid", ["true"]], text: "I agree, and it is paid.", links: [] },
        ],
      },
    };
    const facts: Facts = { ...youtube, options: [who, ad, paid, agree] };
    expect(allowed(who, null)).toBeUndefined();
    expect(allowed(who, { terms: { who: ["me"] } })).toEqual(["me"]);
    expect(offWhy(paid, { terms: { no_ads: true } })).toBe("No ads.");
    expect(offWhy(paid, {})).toBeUndefined();
    const sold = { ad: true, paid: true };
    expect(ruledOut(who, "me", facts, sold)).toBe("Not private.");
    expect(ruledOut(who, "me", facts, { paid: true })).toBeUndefined();
    expect(ruledOut(who, "all", facts, sold)).toBeUndefined();
    expect(consentOf(agree, facts, {})?.nth).toBe(0);
    expect(consentOf(agree, facts, sold)?.says.text).toBe("I agree, and it is paid.");
    expect(consentOf(who, facts, {})).toBeUndefined();
  });

  it("cuts a caption where the platform does, by letters and not by halves of them", () => {
    expect(cutAt("🍞🍞🍞", 2)).toEqual({ shown: "🍞🍞", cut: true });
    expect(cutAt("short", 5)).toEqual({ shown: "short", cut: false });
    expect(cutAt("any length", null).cut).toBe(false);
  });
});
