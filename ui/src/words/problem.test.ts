import { describe, expect, it } from "vitest";
import type { Facts, Problem } from "$bindings";
import { speak } from "$messages";
import { app } from "$state/app.svelte";
import facts from "../host/fixtures/platforms.list.json";
import { asProblem, problemText } from "./problem";

describe("whatever was thrown", () => {
  it("is a problem, also where it only looks like one", () => {
    const problem = { code: "offline", weight: "block", message: "No line.", fix: { do: "retry" } } as const;
    expect(asProblem(problem)).toBe(problem);
    for (const thrown of [new DOMException("not cloned", "DataCloneError"), new Error("no"), "no", undefined])
      expect(asProblem(thrown)).toMatchObject({ code: "internal", fix: { do: "none" } });
  });
});

describe("a choice that is missing", () => {
  const missing: Problem = {
    code: "option_missing",
    weight: "block",
    message: "TikTok: Declaration has to be given.",
    fix: { do: "edit", field: "consent" },
  };

  it("is named, and its platform said once", () => {
    app.facts = facts as unknown as Facts[];
    expect(problemText(missing, "tiktok")).toBe("Declaration has to be given.");
    expect(problemText(missing)).toBe(missing.message);
    app.about = { ...app.about, display_language: "ru" };
    speak("ru");
    expect(problemText(missing, "tiktok")).toMatch(/^Выберите: ./);
    app.about = { ...app.about, display_language: "en" };
    speak("en");
  });
});
