// A problem in the person's language. English is the engine's own sentence, which knows the particulars; other languages say the same by
// code, and keep the engine's sentence as detail.
import type { Fix, Problem } from "$bindings";
import { app } from "$state/app.svelte";
import { said } from "$messages";
import { optionLabel } from "./facts";
import { dateTime } from "./format";

/** What a browser throws has a code and a message, too; only a problem has a fix. */
export function isProblem(what: unknown): what is Problem {
  return typeof what === "object" && what !== null && "code" in what && "fix" in what;
}

/** Whatever was thrown, as a problem. */
export function asProblem(what: unknown): Problem {
  if (isProblem(what)) return what;
  return { code: "internal", weight: "block", message: String(what), fix: { do: "none" } };
}

/** `platform`: of the channel it is about, where that stands beside it. */
export function problemText(problem: Problem, platform?: string): string {
  if (app.language === "en") {
    const name = app.facts.find((facts) => facts.id === platform)?.name;
    return name !== undefined && problem.message.startsWith(`${name}: `)
      ? problem.message.slice(name.length + 2)
      : problem.message;
  }
  const field = problem.fix.do === "edit" ? problem.fix.field : "";
  if (platform !== undefined && problem.code === "option_missing" && field !== "") {
    const named = said("problem_option_missing_named", { option: optionLabel(platform, field) });
    if (named !== undefined) return named;
  }
  const given = { at: problem.fix.do === "wait_until" ? dateTime(problem.fix.at) : "" };
  return said(`problem_${problem.code}`, given) ?? problem.message;
}

/** What stands in small print: what the platform said, and the engine's own words where the sentence above is a translation. */
export function problemDetail(problem: Problem): string | undefined {
  const lines = app.language === "en" ? [problem.detail] : [problem.message, problem.detail];
  const text = lines.filter((line): line is string => typeof line === "string" && line !== "").join("\n");
  return text === "" ? undefined : text;
}

export function fixLabel(problem: Problem): string | null {
  const what: Fix["do"] = problem.fix.do;
  return what === "none" || what === "wait_until" ? null : (said(`problem_fix_${what}`) ?? null);
}
