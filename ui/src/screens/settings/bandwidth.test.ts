import { describe, expect, it } from "vitest";
import type { BandwidthRule } from "$bindings";
import { ratesFor, withMode } from "./bandwidth";

describe("the rule for the line", () => {
  it("keeps its rate from kind to kind", () => {
    const always: BandwidthRule = { rule: "always", bytes_per_second: 750_000 };
    const daily = withMode(always, "daily", "Europe/Berlin");
    // As the engine reads it (crates/core/src/throttle/rule.rs).
    expect(daily).toEqual({
      rule: "daily",
      bytes_per_second: 750_000,
      from: "08:00:00",
      to: "22:00:00",
      zone: "Europe/Berlin",
      outside: "unlimited",
    });
    expect(withMode(daily, "always", "UTC")).toEqual(always);
    expect(withMode(daily, "unlimited", "UTC")).toEqual({ rule: "unlimited" });
    expect(withMode(daily, "daily", "UTC")).toBe(daily);
  });

  it("shuts the line only for hours", () => {
    expect(ratesFor({ rule: "always", bytes_per_second: 1 })).not.toContain(0);
    expect(ratesFor({ rule: "always", bytes_per_second: 1 })[0]).toBe(1);
    const shut = withMode({ rule: "unlimited" }, "daily", "UTC") as BandwidthRule & { rule: "daily" };
    expect(ratesFor(shut)[0]).toBe(0);
    expect(withMode({ ...shut, bytes_per_second: 0 }, "always", "UTC")).toMatchObject({ bytes_per_second: 2_000_000 });
  });
});
