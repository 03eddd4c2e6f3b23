// Carrying a thing with the pointer: begins after a few pixels, so that a click stays a click; Escape puts it back.

type Carried = {
  /** Whenever the pointer moves. */
  over: (x: number, y: number) => void;
  /** The pointer was let go after it had moved. */
  drop: () => void;
  /** It is over, one way or the other; after `drop`. */
  end: () => void;
};

const few = 5;

export function carry(event: PointerEvent, what: Carried): void {
  if (event.button !== 0) return;
  const from = { x: event.clientX, y: event.clientY };
  let moved = false;
  const go = (moving: PointerEvent): void => {
    moved ||= Math.hypot(moving.clientX - from.x, moving.clientY - from.y) >= few;
    if (moved) what.over(moving.clientX, moving.clientY);
  };
  const end = (): void => {
    window.removeEventListener("pointermove", go);
    window.removeEventListener("pointerup", drop);
    window.removeEventListener("pointercancel", end);
    window.removeEventListener("keydown", escape, true);
    what.end();
  };
  const drop = (): void => {
    if (moved) {
      // The click that follows is not meant. It comes at once or, over another element, not at all.
      const stop = (click: MouseEvent): void => {
        click.stopPropagation();
        click.preventDefault();
      };
      window.addEventListener("click", stop, { capture: true, once: true });
      setTimeout(() => window.removeEventListener("click", stop, { capture: true }), 0);
      what.drop();
    }
    end();
  };
  const escape = (key: KeyboardEvent): void => {
    if (key.key !== "Escape") return;
    key.stopPropagation();
    end();
  };
  window.addEventListener("pointermove", go);
  window.addEventListener("pointerup", drop);
  window.addEventListener("pointercancel", end);
  window.addEventListener("keydown", escape, true);
}

/** What lies under a point and has this mark (`data-…`). */
export const under = (x: number, y: number, mark: string): HTMLElement | undefined =>
  document
    .elementsFromPoint(x, y)
    .find((one): one is HTMLElement => one instanceof HTMLElement && one.dataset[mark] !== undefined);
