import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { m, said, speak } from "$messages";

describe("messages", () => {
  it("has every language of every area, with the same keys", () => {
    for (const area of readdirSync("messages")) {
      const keys = ["en", "ja", "ru"].map((language) =>
        Object.keys(JSON.parse(readFileSync(`messages/${area}/${language}.json`, "utf8")) as object).sort(),
      );
      expect(keys[1], area).toEqual(keys[0]);
      expect(keys[2], area).toEqual(keys[0]);
    }
  });

  it("counts as each language does", () => {
    const of = (language: "en" | "ja" | "ru", n: number) => {
      speak(language);
      return m.app_vault({ n }).split(".")[0];
    };
    expect([1, 2].map((n) => of("en", n))).toEqual([
      "1 sign-in in the system keychain",
      "2 sign-ins in the system keychain",
    ]);
    expect([1, 2, 5, 21].map((n) => of("ru", n)?.split(" ")[1])).toEqual(["вход", "входа", "входов", "вход"]);
    expect(of("ja", 2)).toContain("2");
    speak("en");
  });

  it("answers nothing for a key nobody wrote, so that the engine's own words are shown", () => {
    expect(said("problem_of_a_newer_engine")).toBeUndefined();
  });

  it("has a longer pseudo language of the same messages", () => {
    speak("en-XA");
    expect(m.app_calendar()).toMatch(/^\[.*\]$/);
    expect(m.app_calendar().length).toBeGreaterThan("Calendar".length);
    speak("en");
  });
});
