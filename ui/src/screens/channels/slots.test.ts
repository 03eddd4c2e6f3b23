import { describe, expect, it } from "vitest";
import { weekFrom } from "$words/week";
import { minutesIn, ruleOf } from "./rules";
import { sorted, withoutSlot, withSlots } from "./slots";

const sat = { weekday: "sat", time: "18:00:00" } as const;

describe("a channel's slots", () => {
  it("are added on several days at once, each once, in the order of the week", () => {
    expect(withSlots([sat], ["fri", "sat", "mon"], "18:00")).toEqual([
      { weekday: "mon", time: "18:00:00" },
      { weekday: "fri", time: "18:00:00" },
      sat,
    ]);
    expect(withSlots([sat], ["sat"], "09:30").map((slot) => slot.time)).toEqual(["09:30:00", "18:00:00"]);
  });

  it("takes no time that is none", () => {
    for (const time of ["", "25:00", "9:00", "12:60"]) expect(withSlots([sat], ["mon"], time)).toEqual([sat]);
  });

  it("are removed by what they say", () => {
    expect(withoutSlot([sat], { weekday: "sat", time: "18:00" })).toEqual([]);
    expect(withoutSlot([sat], { weekday: "sun", time: "18:00:00" })).toEqual([sat]);
  });

  it("lie as the person's week does", () => {
    expect(weekFrom(0)[0]).toBe("sun");
    expect(weekFrom(6)).toEqual(["sat", "sun", "mon", "tue", "wed", "thu", "fri"]);
    expect(sorted([sat, { weekday: "sun", time: "10:00:00" }], weekFrom(0)).map((slot) => slot.weekday)).toEqual([
      "sun",
      "sat",
    ]);
  });
});

describe("the rule for missed minutes", () => {
  it("keeps its minutes between one and a day", () => {
    expect(["0", "1", "90", "1440", "1441", "x", "2.5"].map(minutesIn)).toEqual([
      undefined,
      1,
      90,
      1440,
      undefined,
      undefined,
      undefined,
    ]);
    expect(ruleOf("publish_if_within", 90)).toEqual({ rule: "publish_if_within", minutes: 90 });
    expect(ruleOf("skip")).toEqual({ rule: "skip" });
  });
});
