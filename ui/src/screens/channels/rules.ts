// The rule for missed minutes as a choice in a list. Pure.
import type { MissedRule } from "$bindings";

export const ruleText = (rule: MissedRule): string => rule.rule;

export function ruleOf(text: string): MissedRule {
  if (text === "publish_if_within") return { rule: "publish_if_within", minutes: 30 };
  return text === "next_free_slot" || text === "skip" ? { rule: text } : { rule: "ask" };
}
