import { describe, expect, it } from "vitest";
import { asProblem } from "./problem";

describe("whatever was thrown", () => {
  it("is a problem, also where it only looks like one", () => {
    const problem = { code: "offline", weight: "block", message: "No line.", fix: { do: "retry" } } as const;
    expect(asProblem(problem)).toBe(problem);
    for (const thrown of [new DOMException("not cloned", "DataCloneError"), new Error("no"), "no", undefined])
      expect(asProblem(thrown)).toMatchObject({ code: "internal", fix: { do: "none" } });
  });
});
