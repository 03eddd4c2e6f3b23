import { describe, expect, it } from "vitest";
import type { FreeSlot } from "$bindings";
import { spread } from "./spread";

const zone = "Europe/Berlin";
const slot = (account: number, at: string): FreeSlot => ({ account, at, wall: { local: at.slice(0, 19), zone } });
const slots = [
  slot(1, "2026-11-27T17:00:00Z"),
  slot(2, "2026-11-27T17:00:00Z"),
  slot(1, "2026-11-28T17:00:00Z"),
  slot(3, "2026-11-27T09:00:00Z"),
];

describe("several files dropped at once", () => {
  it("take the next free slots of the chosen channels, each minute once", () => {
    expect(spread(2, null, zone, slots, [1, 2], [])).toEqual({
      how: "slots",
      at: ["2026-11-27T18:00", "2026-11-28T18:00"],
      last: Date.parse("2026-11-28T17:00:00Z"),
    });
  });

  it("leave the first on the minute it was dropped on and follow on later slots", () => {
    expect(spread(2, "2026-11-27T20:15", zone, slots, [1], []).at).toEqual(["2026-11-27T20:15", "2026-11-28T18:00"]);
  });

  it("go on one a day when the slots are used up, past minutes that other drafts have", () => {
    const laid = spread(4, null, zone, slots, [1], ["2026-11-27T17:00:00Z", "2026-11-30T17:00:00Z"]);
    expect(laid.at).toEqual(["2026-11-28T18:00", "2026-11-29T18:00", "2026-12-01T18:00", "2026-12-02T18:00"]);
  });

  it("are one a day at the same time where there are no slots, also over a change of clocks", () => {
    const laid = spread(15, "2027-03-20T09:30", zone, [], [1], []);
    expect(laid.how).toBe("days");
    expect(new Set(laid.at).size).toBe(15);
    expect(laid.at[0]).toBe("2027-03-20T09:30");
    expect(laid.at[14]).toBe("2027-04-03T09:30");
  });

  it("have no time where none was said and no channel has slots", () => {
    expect(spread(3, null, zone, slots, [9], [])).toEqual({ how: "none", at: [null, null, null], last: undefined });
  });
});
