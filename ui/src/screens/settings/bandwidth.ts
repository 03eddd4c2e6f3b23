// The rule for the line as something to choose. Pure.
import type { BandwidthRule } from "$bindings";

export type Mode = BandwidthRule["rule"];

const rates = [250_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000];
const usual = 2_000_000;

export const rateOf = (rule: BandwidthRule): number => (rule.rule === "unlimited" ? usual : rule.bytes_per_second);

/** Another kind of rule, with the rate of the one before. */
export function withMode(rule: BandwidthRule, mode: Mode, zone: string): BandwidthRule {
  if (mode === rule.rule) return rule;
  if (mode === "unlimited") return { rule: "unlimited" };
  // A line that is shut at every hour is never what "always" was pressed for.
  if (mode === "always") return { rule: "always", bytes_per_second: rateOf(rule) || usual };
  const bytes_per_second = rateOf(rule);
  return { rule: "daily", bytes_per_second, from: "08:00:00", to: "22:00:00", zone, outside: "unlimited" };
}

/** What may be chosen, with what is; nothing at all only where it is for some hours, or set already. */
export function ratesFor(rule: BandwidthRule): number[] {
  const now = rateOf(rule);
  return [...new Set([...(rule.rule === "daily" ? [0] : []), ...rates, now])].sort((a, b) => a - b);
}
