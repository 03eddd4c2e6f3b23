import { describe, expect, it } from "vitest";
import { deliveries } from "../../host/fake";
import type { Composing, DeliveryView } from "$bindings";
import {
  cards,
  drafts,
  fixed,
  hoursElsewhere,
  landing,
  lay,
  movable,
  snap,
  spokesman,
  weekStart,
  type Card,
} from "./layout";

const card = (minute: number): Card => ({
  key: `p${minute}`,
  title: "",
  day: 1,
  minute,
  media: null,
  rows: [],
  composing: null,
});

describe("the calendar's layout", () => {
  it("makes one card of a post on several channels, and what needs a person speaks", () => {
    const [one] = deliveries;
    if (!one) throw new Error("fixtures are empty");
    const rows = [
      { ...one, id: 1, state: "published" as const },
      { ...one, id: 2, state: "stuck" as const },
    ];
    const made = cards(rows, [], "UTC");
    expect(made).toHaveLength(1);
    expect(made[0]?.rows).toHaveLength(2);
    expect(made[0] && spokesman(made[0])?.id).toBe(2);
    expect(made[0] && movable(made[0])).toBe(false);
  });

  it("makes another card of a channel that has another minute, and knows both after a move", () => {
    const [one] = deliveries;
    if (!one) throw new Error("fixtures are empty");
    const at = (id: number, due: string): DeliveryView => ({ ...one, id, post: 40, state: "due", due });
    const keys = (rows: DeliveryView[]): string[][] =>
      cards(rows, [], "UTC").map((card) => [card.key, ...card.rows.map((row) => String(row.id))]);
    const [early, late] = ["2026-11-28T10:00:00Z", "2026-11-28T11:00:00Z"];
    expect(keys([at(1, early), at(2, late)])).toEqual([
      ["p40", "1"],
      ["p40d2", "2"],
    ]);
    expect(keys([at(2, early), at(1, late)])).toEqual([
      ["p40d2", "2"],
      ["p40", "1"],
    ]);
  });

  it("finds every draft: without a time, with one that has passed, planned, and kept in the queue", () => {
    const [one] = deliveries;
    if (!one) throw new Error("fixtures are empty");
    const written = (id: number, at: string | null, due: string | null): Composing => ({
      id,
      path: null,
      to: [],
      words: { title: `draft ${id}`, caption: "" },
      words_for: {},
      options: {},
      at,
      zone: null,
      fold: false,
      media: null,
      file: null,
      updated_at: "2026-11-27T10:00:00Z",
      due,
    });
    const now = Date.parse("2026-11-27T12:00:00Z");
    const rows: DeliveryView[] = [
      { ...one, id: 1, post: 7, state: "draft", due: null },
      { ...one, id: 2, post: 7, state: "draft", due: null },
      { ...one, id: 3, post: 8, state: "due" },
    ];
    const all = [
      written(1, "2026-11-29T10:00", "2026-11-29T10:00:00Z"),
      written(2, "2026-11-20T10:00", null),
      written(3, null, null),
    ];
    const found = drafts(rows, all, "UTC", now);
    expect(found.map((card) => card.key)).toEqual(["tc3", "tp7", "tc2", "tc1"]);
    expect(found.map((card) => card.passed)).toEqual([false, false, true, false]);
    expect(found.map((card) => card.at === undefined)).toEqual([true, true, false, false]);
    expect(found[1]?.rows).toHaveLength(2);
    expect(found.every(movable)).toBe(true);
  });

  it("says of what stays why it does", () => {
    const [one] = deliveries;
    if (!one) throw new Error("fixtures are empty");
    const of = (state: DeliveryView["state"]): Card => ({ ...card(1), rows: [{ ...one, state, cancelling: false }] });
    const states = ["published", "cancelled", "to_finish", "draft", "handed_over"] as const;
    expect(states.map((state) => fixed(of(state)))).toEqual(["published", "cancelled", "there", undefined, undefined]);
  });

  it("puts cards side by side only where they would cover each other", () => {
    const laid = lay([card(600), card(630), card(720), card(1000)], 100);
    expect(laid.map(({ column, columns }) => [column, columns])).toEqual([
      [0, 2],
      [1, 2],
      [0, 2],
      [0, 1],
    ]);
    for (const a of laid) {
      for (const b of laid) {
        const apart = Math.abs(a.card.minute - b.card.minute) >= 100;
        expect(a === b || apart || a.column !== b.column).toBe(true);
      }
    }
  });

  it("lays ten thousand posts in a moment that nobody sees", () => {
    const [one] = deliveries;
    if (!one) throw new Error("fixtures are empty");
    const rows = Array.from({ length: 10_000 }, (_, n) => ({
      ...one,
      id: n,
      post: n,
      due: new Date(Date.UTC(2026, 10, 1) + n * 260_000).toISOString(),
    }));
    expect(cards(rows, [], "Europe/Berlin")).toHaveLength(10_000);
  });

  it("snaps to quarters of an hour within the day", () => {
    expect([-5, 7, 8, 1439].map(snap)).toEqual([0, 0, 15, 1425]);
  });

  it("puts what is dropped on a minute that has passed an hour ahead, by the shown zone's clock", () => {
    const now = Date.parse("2026-11-27T12:07:00Z");
    const today = now / 86_400_000 - ((now / 86_400_000) % 1);
    const at = (minute: number, zone: string, day = today): unknown => landing({ day, minute }, now, zone);
    expect(at(12 * 60 + 15, "UTC")).toEqual({ day: today, minute: 735, passed: false });
    expect(at(12 * 60, "UTC")).toEqual({ day: today, minute: 13 * 60 + 15, passed: true });
    expect(at(18 * 60, "UTC", today - 1)).toEqual({ day: today, minute: 13 * 60 + 15, passed: true });
    // Half past eight is still to come in New York and over in Tokyo, where it is past nine in the evening.
    expect(at(8 * 60 + 30, "America/New_York")).toEqual({ day: today, minute: 510, passed: false });
    expect(at(20 * 60 + 30, "Asia/Tokyo")).toEqual({ day: today, minute: 22 * 60 + 15, passed: true });
    // An hour ahead may be tomorrow.
    expect(landing({ day: today, minute: 0 }, Date.parse("2026-11-27T23:30:00Z"), "UTC")).toEqual({
      day: today + 1,
      minute: 30,
      passed: true,
    });
  });

  it("begins weeks where the person's weeks begin", () => {
    const thursday = Math.floor(Date.UTC(2026, 10, 19) / 86_400_000);
    expect(
      [1, 0, 6].map((start) => new Date(weekStart(thursday, start) * 86_400_000).toISOString().slice(0, 10)),
    ).toEqual(["2026-11-16", "2026-11-15", "2026-11-14"]);
  });

  it("shows the hours of another zone where they differ", () => {
    const of = (month: number, day: number) => Math.floor(Date.UTC(2026, month - 1, day) / 86_400_000);
    expect(hoursElsewhere(of(11, 24), "Europe/Berlin", "Asia/Tokyo")?.slice(0, 2)).toEqual(["8:00", "9:00"]);
    expect(hoursElsewhere(of(11, 24), "UTC", "Asia/Kathmandu")?.[20]).toBe("1:45");
    expect(hoursElsewhere(of(11, 24), "Europe/Berlin", "Europe/Paris")).toBeUndefined();
    expect(hoursElsewhere(of(3, 29), "Europe/Berlin", "Europe/Berlin")).toBeUndefined();
  });
});
