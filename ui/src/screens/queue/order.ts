// Which rows may change places in the queue, and what to ask for. Pure.
import type { DeliveryView } from "$bindings";

/** May a person move it? What has all its bytes at the platform waits for its minute alone. */
export function reorderable(row: DeliveryView): boolean {
  if (row.cancelling || !["due", "working", "ready"].includes(row.state)) return false;
  const [sent, total] =
    row.moving && row.moving.total > 0 ? [row.moving.sent, row.moving.total] : [row.confirmed, row.size];
  return sent < total;
}

/** The rows as an answer put them; what it does not name keeps its place. */
export function ordered(rows: DeliveryView[], order: readonly number[]): DeliveryView[] {
  if (order.length === 0) return rows;
  const at = new Map(order.map((id, index) => [id, index]));
  const known = rows.filter((row) => at.has(row.id)).sort((a, b) => (at.get(a.id) ?? 0) - (at.get(b.id) ?? 0));
  return rows.map((row) => (at.has(row.id) ? (known.shift() ?? row) : row));
}

/** What a row would stand before one place up (-1) or down (1); null is the end. Nothing when it can't go there. */
export function beforeOf(
  part: DeliveryView[],
  id: number,
  by: -1 | 1,
  after?: DeliveryView[],
): number | null | undefined {
  const rows = part.filter(reorderable);
  const at = rows.findIndex((row) => row.id === id);
  if (at < 0 || !rows[at + by]) return undefined;
  if (by < 0) return rows[at - 1]?.id;
  return rows[at + 2]?.id ?? after?.find(reorderable)?.id ?? null;
}

/** What a row would stand before, let go on the upper or lower half of another. Nothing when it would stay where it is. */
export function droppedOn(
  part: DeliveryView[],
  id: number,
  on: number,
  lower: boolean,
  after?: DeliveryView[],
): number | null | undefined {
  const rows = part.filter(reorderable);
  const [from, target] = [id, on].map((one) => rows.findIndex((row) => row.id === one));
  if (from === undefined || target === undefined || from < 0 || target < 0) return undefined;
  const place = target + (lower ? 1 : 0);
  if (place === from || place === from + 1) return undefined;
  return rows[place]?.id ?? after?.find(reorderable)?.id ?? null;
}
