import { describe, expect, it } from "vitest";
import type { AccessEnd } from "$bindings";
import { speak } from "$messages";
import { accessPage, accessText, endedText } from "./access";

const page = "https://platform.example/apps";
const siblings = [{ account: 2, platform: "p", name: "Mira's Garden" }];
const ends: AccessEnd[] = [
  { outcome: "revoked", ended: [] },
  { outcome: "kept", siblings, page },
  { outcome: "not_possible", page },
  { outcome: "unreached", page },
  { outcome: "unconfirmed", ended: [], page },
  { outcome: "nothing_stored", page },
];

describe("what became of an access", () => {
  for (const language of ["en", "ja", "ru"] as const)
    it(`has words of its own for each end in ${language}`, () => {
      speak(language);
      const said = ends.map((end) => accessText("YouTube", end));
      expect(new Set(said).size).toBe(ends.length);
      for (const text of said) expect(text).toContain("YouTube");
      expect(said[1]).toContain("Mira's Garden");
      speak("en");
    });

  it("leads to the platform's page unless the access is gone", () => {
    expect(ends.map(accessPage)).toEqual([undefined, page, page, page, page, page]);
  });

  it("names the channels that ended with it", () => {
    expect(endedText({ outcome: "revoked", ended: siblings })).toContain("Mira's Garden");
    expect(ends.map(endedText).join("")).toBe("");
  });
});
