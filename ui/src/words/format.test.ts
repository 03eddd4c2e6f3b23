import { beforeEach, describe, expect, it } from "vitest";
import { app } from "$state/app.svelte";
import { bytes, dateTime, duration, late, left, speed, time } from "./format";
import { speak } from "$messages";

function speakIn(language: "en" | "ja" | "ru"): void {
  app.about = { ...app.about, display_language: language };
  speak(language);
}

describe("numbers in words", () => {
  beforeEach(() => speakIn("en"));

  it("shows sizes in powers of ten, one digit after the point below ten", () => {
    expect([0, 999, 1_000, 1_234_567, 41_000_000, 1_900_000_000].map(bytes)).toEqual([
      "0 byte",
      "999 byte",
      "1 kB",
      "1.2 MB",
      "41 MB",
      "1.9 GB",
    ]);
    expect(speed(41_000_000)).toBe("41 MB/s");
  });

  it("says time left in the largest unit that says something", () => {
    expect(left(17)).toBe("17 s left");
    expect(left(200)).toBe("3 min left");
    expect(left(7_300)).toBe("2 h left");
  });

  it("says how far a post was from its minute, with its sign", () => {
    expect(late(200)).toBe("+0.2 s");
    expect(late(120_000)).toBe("+2 min");
    expect(late(-400)).toBe("-0.4 s");
  });

  it("writes lengths as players do", () => {
    expect([42_000, 3_723_000].map(duration)).toEqual(["0:42", "1:02:03"]);
  });

  it("reads an instant in the zone of the plan, not of the computer", () => {
    expect(time("2026-11-20T17:00:00Z", "Europe/Berlin")).toBe("18:00");
    expect(time("2026-11-20T17:00:00Z", "Asia/Tokyo")).toBe("02:00");
  });

  it("says the year of an instant that is far from now", () => {
    const [soon, far] = [7, 365].map((days) => new Date(Date.now() + days * 86_400_000));
    expect(dateTime(soon ?? 0)).not.toMatch(/\d{4}/);
    expect(dateTime(far ?? 0)).toContain(String(far?.getFullYear()));
  });

  it("speaks Japanese and Russian", () => {
    speakIn("ja");
    expect(left(17)).toBe("残り 17 秒");
    speakIn("ru");
    expect(speed(41_000_000)).toBe("41 МБ/с");
    expect(left(200)).toContain("осталось 3");
  });
});
