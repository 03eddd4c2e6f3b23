import { describe, expect, it } from "vitest";
import type { DeliveryView } from "$bindings";
import { call, deliveries } from "../../host/fake";
import { beforeOf, droppedOn, ordered, reorderable } from "./order";

const row = (id: number, more: Partial<DeliveryView> = {}): DeliveryView => {
  const [one] = deliveries;
  if (!one) throw new Error("fixtures are empty");
  return { ...one, id, state: "due", confirmed: 0, size: 10, moving: null, ...more };
};

describe("the queue's order", () => {
  it("is a person's until the bytes are there", () => {
    expect(reorderable(row(1))).toBe(true);
    expect(reorderable(row(1, { state: "working", moving: { sent: 9, total: 10, bytes_per_s: 1 } }))).toBe(true);
    expect(reorderable(row(1, { state: "working", moving: { sent: 10, total: 10, bytes_per_s: 1 } }))).toBe(false);
    expect(reorderable(row(1, { state: "ready", confirmed: 10 }))).toBe(false);
    for (const state of ["handed_over", "published", "parked", "stuck"] as const)
      expect(reorderable(row(1, { state }))).toBe(false);
    expect(reorderable(row(1, { cancelling: true }))).toBe(false);
  });

  it("goes up and down by one, over what can't be moved", () => {
    const part = [row(1), row(2, { state: "parked" }), row(3), row(4)];
    expect([1, 3, 4].map((id) => beforeOf(part, id, -1))).toEqual([undefined, 1, 3]);
    expect([1, 3, 4].map((id) => beforeOf(part, id, 1))).toEqual([4, null, undefined]);
    // The last of one part stands before the first of the next.
    expect(beforeOf(part, 3, 1, [row(9, { state: "parked" }), row(8)])).toBe(8);
    expect(beforeOf(part, 2, 1)).toBeUndefined();
  });

  it("goes where it is let go, or stays", () => {
    const part = [row(1), row(2), row(3)];
    expect(droppedOn(part, 3, 1, false)).toBe(1);
    expect(droppedOn(part, 3, 1, true)).toBe(2);
    expect(droppedOn(part, 1, 3, true)).toBeNull();
    expect(droppedOn(part, 1, 3, true, [row(7)])).toBe(7);
    for (const [on, lower] of [
      [1, true],
      [2, false],
      [2, true],
      [3, false],
    ] as const)
      expect(droppedOn(part, 2, on, lower)).toBeUndefined();
    expect(droppedOn(part, 1, 99, true)).toBeUndefined();
  });

  it("is shown as it was answered, and the rest keeps its place", () => {
    const rows = [row(1), row(2, { state: "parked" }), row(3), row(4)];
    expect(ordered(rows, [4, 1, 3, 77]).map((one) => one.id)).toEqual([4, 2, 1, 3]);
    expect(ordered(rows, [])).toBe(rows);
  });

  it("is asked for by one command", async () => {
    const open = deliveries.filter(reorderable).map((one) => one.id);
    const [first, last] = [open[0] ?? 0, open.at(-1) ?? 0];
    const answer = await call("posts.reorder", { id: last, before: first });
    expect(answer.map((one) => one.id)).toEqual([last, ...open.filter((id) => id !== last)]);
    expect((await call("posts.reorder", { id: last, before: null })).at(-1)?.id).toBe(last);
  });
});
