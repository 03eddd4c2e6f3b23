import { describe, expect, it } from "vitest";
import { deliveries } from "../../host/fake";
import { cards, hoursElsewhere, lay, movable, snap, spokesman, weekStart, type Card } from "./layout";

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
