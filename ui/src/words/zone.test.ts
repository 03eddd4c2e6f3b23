import { describe, expect, it } from "vitest";
import { dayNumber, instantOf, offsetText, shifts, wallOf, wallOfDay, wallText, wallTextIn } from "./zone";

const at = (text: string, zone: string): string => {
  const [date = "", time = ""] = text.split("T");
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return new Date(instantOf({ year, month, day, hour, minute }, zone)).toISOString().slice(0, 16);
};

describe("wall time (C36)", () => {
  it("is read in the zone of the plan", () => {
    expect(at("2026-11-20T18:00", "Europe/Berlin")).toBe("2026-11-20T17:00");
    expect(at("2026-07-20T18:00", "Europe/Berlin")).toBe("2026-07-20T16:00");
    expect(at("2026-11-20T18:00", "Asia/Kathmandu")).toBe("2026-11-20T12:15");
    expect(at("2026-01-01T00:30", "Pacific/Kiritimati")).toBe("2025-12-31T10:30");
  });

  it("goes later in a gap and takes the first of two", () => {
    expect(at("2026-03-29T02:30", "Europe/Berlin")).toBe("2026-03-29T01:30");
    expect(at("2026-10-25T02:30", "Europe/Berlin")).toBe("2026-10-25T00:30");
    expect(at("2026-03-08T02:30", "America/New_York")).toBe("2026-03-08T07:30");
    expect(at("2026-11-01T01:30", "America/New_York")).toBe("2026-11-01T05:30");
  });

  it("is written by the clock of its plan, and with its offset where one time comes twice", () => {
    const six = wallOf("2026-11-20T17:00:00Z", "Europe/Berlin");
    expect(wallTextIn(six, "Europe/Berlin", "Europe/Berlin")).toBe("2026-11-20T18:00");
    expect(wallTextIn(six, "Europe/Berlin", "Asia/Tokyo")).toBe("2026-11-21T02:00[Asia/Tokyo]");
    expect(offsetText("2026-10-25T02:30", "2026-10-25T01:30:00Z")).toBe("+01:00");
    expect(offsetText("2026-11-01T01:30", "2026-11-01T06:30:00Z")).toBe("-05:00");
    expect(offsetText("2026-11-20T18:00", "2026-11-20T12:15:00Z")).toBe("+05:45");
  });

  it("comes back as it went for every hour of a year", () => {
    for (const zone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"]) {
      let odd = 0;
      for (let hour = 0; hour < 365 * 24; hour += 1) {
        const wall = wallOf(Date.UTC(2026, 0, 1, hour), zone);
        if (wallText(wallOf(instantOf(wall, zone), zone)) !== wallText(wall)) odd += 1;
      }
      expect(odd, zone).toBe(0);
    }
  });

  it("knows the days on which clocks change", () => {
    const day = (month: number, of: number) => dayNumber({ year: 2026, month, day: of, hour: 0, minute: 0 });
    expect([day(3, 28), day(3, 29), day(10, 25)].map((n) => shifts(n, "Europe/Berlin"))).toEqual([false, true, true]);
    expect(wallText(wallOfDay(day(3, 29), 75))).toBe("2026-03-29T01:15");
  });
});
