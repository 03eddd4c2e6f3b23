import { describe, expect, it } from "vitest";
import { deliveries } from "../../host/fake";
import { sectionOf, sections } from "./sections";

describe("the queue's sections", () => {
  it("shows every row that is not at its end, once, and no other", () => {
    const found = Object.values(sections(deliveries)).flat();
    const open = deliveries.filter((row) => !["published", "cancelled", "draft"].includes(row.state));
    expect(found.map((row) => row.id).sort()).toEqual(open.map((row) => row.id).sort());
    expect(new Set(found).size).toBe(found.length);
  });

  it("puts what needs a person apart", () => {
    const [one] = deliveries;
    if (!one) throw new Error("fixtures are empty");
    expect(sectionOf({ ...one, state: "stuck" })).toBe("needs");
    expect(sectionOf({ ...one, state: "published" })).toBeUndefined();
  });
});
