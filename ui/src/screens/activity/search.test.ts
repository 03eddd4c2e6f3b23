import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Commands } from "$bindings";
import { answers } from "../../host/fake";
import { kept, replay } from "../../host/replay";
import { m } from "$messages";
import { app } from "$state/app.svelte";
import Activity from "./Activity.svelte";

type Piece = Commands["activity.search"]["answer"];

describe("search through a long history", () => {
  beforeAll(async () => {
    replay();
    const end = await app.start();
    return end;
  });
  afterEach(cleanup);

  it("goes on piece by piece and finds nothing only after the last one", async () => {
    const first = kept("activity.list")[0];
    if (!first) throw new Error("no history is kept");
    render(Activity);
    await screen.findByTestId(`activity-row-${first.id}`);
    const asked: (number | null | undefined)[] = [];
    const pieces: Piece[] = [
      { lines: [], before: 500, back_to: "2026-03-04T10:00:00Z" },
      { lines: [], before: 90, back_to: "2026-02-04T10:00:00Z" },
      { lines: [], before: null, back_to: "2025-01-01T10:00:00Z" },
    ];
    Object.assign(answers, {
      "activity.search": (given: Commands["activity.search"]["given"]): Piece => {
        expect(screen.queryByText(m.activity_none())).toBeNull();
        const piece = pieces[asked.push(given.before) - 1];
        if (!piece) throw new Error("asked after the end");
        return piece;
      },
    });
    await fireEvent.input(screen.getByTestId("activity-search"), { target: { value: "needle" } });
    await screen.findByText(m.activity_none());
    expect(asked).toEqual([undefined, 500, 90]);
    expect(screen.queryByText(m.activity_more())).toBeNull();
  });

  it("keeps what was found so far, and offers the rest where there is more", async () => {
    const lines = kept("activity.list");
    const found = Array.from({ length: 100 }, (_, n) => ({ ...lines[0], id: 10_000 - n })) as Piece["lines"];
    Object.assign(answers, {
      "activity.search": (): Piece => ({ lines: found, before: 9_000, back_to: "2026-03-04T10:00:00Z" }),
    });
    render(Activity);
    await screen.findByText(m.activity_more());
    expect(screen.queryByRole("status")).toBeNull();
  });
});
