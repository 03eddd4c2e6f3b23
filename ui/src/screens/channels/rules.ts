// The rule for missed minutes as a choice in a list. Pure.
import type { MissedRule } from "$bindings";

export const ruleText = (rule: MissedRule): string => rule.rule;

export function ruleOf(text: string, minutes = 30): MissedRule {
  if (text === "publish_if_within") return { rule: "publish_if_within", minutes };
  return text === "next_free_slot" || text === "skip" ? { rule: text } : { rule: "ask" };
}

/** Whole minutes, one to a day's worth; nothing for anything else. */
export function minutesIn(text: string): number | undefined {
  const minutes = Number(text);
  return Number.isInteger(minutes) && minutes >= 1 && minutes <= 1440 ? minutes : undefined;
}
