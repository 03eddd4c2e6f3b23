import { describe, expect, it } from "vitest";
import { carry } from "./carry";

const at = (kind: string, x: number, y: number, button = 0) =>
  new MouseEvent(kind, { clientX: x, clientY: y, button }) as PointerEvent;

function carried(...events: Event[]): string[] {
  const told: string[] = [];
  carry(at("pointerdown", 0, 0), {
    over: (x, y) => told.push(`over ${x} ${y}`),
    drop: () => told.push("drop"),
    end: () => told.push("end"),
  });
  for (const event of events) window.dispatchEvent(event);
  return told;
}

describe("carrying with the pointer", () => {
  it("begins after a few pixels and ends where it is let go", () => {
    expect(
      carried(at("pointermove", 3, 0), at("pointermove", 9, 0), at("pointermove", 1, 0), at("pointerup", 1, 0)),
    ).toEqual(["over 9 0", "over 1 0", "drop", "end"]);
  });

  it("leaves a click a click", () => {
    expect(carried(at("pointermove", 2, 2), at("pointerup", 2, 2))).toEqual(["end"]);
  });

  it("is put back by Escape and by what takes the pointer away", () => {
    expect(
      carried(at("pointermove", 9, 9), new KeyboardEvent("keydown", { key: "Escape" }), at("pointerup", 9, 9)),
    ).toEqual(["over 9 9", "end"]);
    expect(carried(at("pointermove", 9, 9), at("pointercancel", 9, 9))).toEqual(["over 9 9", "end"]);
  });

  it("is not begun by another button", () => {
    carry(at("pointerdown", 0, 0, 2), {
      over: () => expect.fail(),
      drop: () => expect.fail(),
      end: () => expect.fail(),
    });
    window.dispatchEvent(at("pointermove", 50, 50));
  });
});
