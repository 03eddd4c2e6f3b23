// Which part of the queue a row belongs to. Pure.
import type { DeliveryView } from "$bindings";

export type Section = "needs" | "now" | "waiting" | "there";

export function sectionOf(row: DeliveryView): Section | undefined {
  switch (row.state) {
    case "stuck":
    case "to_finish":
      return "needs";
    case "working":
      return "now";
    case "due":
    case "parked":
    case "ready":
      return "waiting";
    case "handed_over":
      return "there";
    default:
      return undefined;
  }
}

export function sections(rows: DeliveryView[]): Record<Section, DeliveryView[]> {
  const found: Record<Section, DeliveryView[]> = { needs: [], now: [], waiting: [], there: [] };
  for (const row of rows) {
    const section = sectionOf(row);
    if (section) found[section].push(row);
  }
  return found;
}
