import { describe, expect, it } from "vitest";
import type { Facts } from "$bindings";
import { said, speak } from "$messages";
import facts from "../host/fixtures/platforms.list.json";

const safe = (key: string): string => key.replace(/[^A-Za-z0-9]+/g, "_");
const name = (way: string): string => (way === "" ? "usual" : safe(way));
const ways = (platform: Facts) => [platform.sign_in, ...platform.also];

describe("words of Facts", () => {
  it("are there in every language for every option, choice, text and quota of every platform", () => {
    for (const platform of facts as unknown as Facts[]) {
      const keys = [
        ...platform.options.map((option) => `option_${safe(option.key)}`),
        ...platform.options.flatMap((option) =>
          option.kind.is === "one_of"
            ? option.kind.choices.map(([value]) => `choice_${safe(`${option.key}_${value}`)}`)
            : [],
        ),
        ...platform.options.flatMap((option) =>
          option.kind.is === "consent" ? option.kind.says.map((_, at) => `consent_${safe(`${option.key}_${at}`)}`) : [],
        ),
        ...platform.options.flatMap((option) => (option.off_when ? [`off_${safe(option.key)}`] : [])),
        ...platform.options.flatMap((option) =>
          option.excludes.map((rule) => `not_${safe(`${option.key}_${rule.value}`)}`),
        ),
        ...platform.app_flags.flatMap((flag) => [`flag_${safe(flag.key)}`, `flaghelp_${safe(flag.key)}`]),
        ...ways(platform).flatMap((way) => (way.note === null ? [] : [`way_${name(way.way)}`])),
        ...ways(platform).flatMap((way) => [
          ...way.steps.map((_, at) => `step_${name(way.way)}_${at}`),
          ...(way.paste === null ? [] : [`paste_${name(way.way)}`]),
        ]),
        ...platform.words.map((word) => `word_${word.field}`),
        ...platform.quotas.map((quota) => `quota_${safe(quota.bucket)}`),
      ];
      for (const language of ["en", "ja", "ru"] as const) {
        speak(language);
        for (const key of keys) expect(said(`facts_${safe(platform.id)}_${key}`), `${language} ${key}`).toBeTruthy();
      }
    }
    speak("en");
  });
});
