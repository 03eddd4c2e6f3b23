import { describe, expect, it } from "vitest";
import type { Facts } from "$bindings";
import facts from "../../host/fixtures/platforms.list.json";
import { applies, count, endingsOf, howItGoes, missing, nextSlots, Past, pieces, shownFirst } from "./words";

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
      kind: { is: "flag" },
      required: true,
      default: null,
      depends_on: null,
      amendable: true,
      as_of: "",
    } as const;
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
    expect(howItGoes([of("a", "at_the_minute"), of("b", "handed_over"), of("c", "handed_over")])).toEqual([
      { how: "handed_over", names: ["b", "c"] },
      { how: "at_the_minute", names: ["a"] },
    ]);
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
});
