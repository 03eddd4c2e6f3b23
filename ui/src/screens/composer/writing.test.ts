import { beforeEach, describe, expect, it, vi } from "vitest";
import { tick } from "svelte";
import { accounts, answers, asked, refuse } from "../../host/fake";
import { app } from "$state/app.svelte";
import { Writing } from "./writing.svelte";

const was = (name: string): unknown => asked.filter((one) => one.name === name).at(-1)?.given;

describe("a post being written", () => {
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    asked.length = 0;
    app.accounts = accounts;
    await tick();
  });

  it("takes a file, is checked and kept a moment later, and goes out as it was written", async () => {
    const post = new Writing();
    await post.open({ paths: ["/videos/rye-crust-final.mp4", "/videos/second.mp4"], at: "2026-11-28T18:00" });
    expect(post.draft.words.title).toBe("rye crust final");
    // The second file is a draft of its own.
    expect(was("composing.save")).toMatchObject({ id: null, path: "/videos/second.mp4", words: { title: "second" } });
    expect(post.can).toBe(false);
    await vi.advanceTimersByTimeAsync(600);
    expect(post.can).toBe(true);
    expect(post.draft.id).not.toBeNull();
    answers["posts.add"] = () => ({ post: 1, deliveries: [], warnings: [] });
    await post.submit();
    expect(was("posts.add")).toMatchObject({ path: "/videos/rye-crust-final.mp4", to: ["1"], at: "2026-11-28T18:00" });
  });

  it("is planned by the clock that was chosen, and for the second of two equal times when that was (C36)", async () => {
    const post = new Writing();
    await post.open({ paths: ["/videos/rye-crust-final.mp4"], at: "2027-10-31T02:30" });
    answers["posts.add"] = () => ({ post: 1, deliveries: [], warnings: [] });
    post.setZone("America/New_York");
    await vi.advanceTimersByTimeAsync(600);
    await post.submit();
    expect(was("posts.add")).toMatchObject({ at: "2027-10-31T02:30[America/New_York]" });
    answers["time.read"] = () => ({
      due: "2027-10-31T01:30:00Z",
      wall: { local: "2027-10-31T02:30:00", zone: "Europe/Berlin", fold: true },
      kind: "overlap",
    });
    post.setZone("Europe/Berlin");
    post.setFold(true);
    await vi.advanceTimersByTimeAsync(600);
    await post.submit();
    expect(was("posts.add")).toMatchObject({ at: "2027-10-31T02:30+01:00[Europe/Berlin]" });
    // Another minute is asked about anew.
    post.setAt("2027-10-31T04:00");
    expect(post.draft.fold).toBe(false);
    post.end();
  });

  it("keeps the file when the words typed right after it are taken back", async () => {
    const post = new Writing();
    await post.open({ paths: ["/videos/rye-crust-final.mp4"] });
    post.setWords(undefined, { title: "Rye", caption: "" });
    post.setWords(undefined, { title: "Rye crust", caption: "" });
    expect(post.undo(false)).toBe(true);
    expect(post.draft.words.title).toBe("rye crust final");
    expect(post.draft.path).toBe("/videos/rye-crust-final.mp4");
    post.end();
  });

  it("goes back and forth over changes", async () => {
    const post = new Writing();
    await post.open({});
    expect(post.undoable).toBe(false);
    post.setAt("2026-11-28T18:00");
    expect(post.undoable).toBe(true);
    expect(post.undo(false)).toBe(true);
    expect(post.undoable).toBe(false);
    expect(post.draft.at).toBeNull();
    expect(post.undo(true)).toBe(true);
    expect(post.draft.at).toBe("2026-11-28T18:00");
    post.end();
  });

  it("goes along into another world as words and file, never as a number of the world that was left", async () => {
    const post = new Writing();
    await post.open({ paths: ["/videos/rye-crust-final.mp4"], at: "2026-11-28T18:00" });
    // Not kept yet: the change must not reach the other world's drafts.
    await app.enter("sandbox");
    post.end();
    const kept = asked.findIndex((one) => one.name === "composing.save");
    const moved = asked.findIndex((one) => one.name === "world");
    expect(kept).toBeGreaterThan(-1);
    expect(moved).toBeGreaterThan(kept);
    const { carried } = app.request ?? {};
    expect(carried).toMatchObject({ id: null, to: [], path: "/videos/rye-crust-final.mp4", at: "2026-11-28T18:00" });
    const there = new Writing();
    await there.open(app.request ?? {});
    expect(there.draft.to).toEqual(accounts.filter((one) => one.state === "ok").map((one) => one.id));
    expect(there.draft.words.title).toBe("rye crust final");
    await vi.advanceTimersByTimeAsync(600);
    expect(was("composing.save")).toMatchObject({ id: null });
    there.end();
    app.closeComposer();
  });

  it("stays open where it was when the world can't be changed", async () => {
    const post = new Writing();
    await post.open({ paths: ["/videos/rye-crust-final.mp4"] });
    refuse.add("world");
    await expect(app.enter("sandbox")).rejects.toMatchObject({ code: "not_now" });
    refuse.delete("world");
    expect(app.request?.composing).toBe(post.draft.id);
    post.end();
    app.closeComposer();
  });

  it("sends of an edit only what was changed", async () => {
    const post = new Writing();
    await post.open({ delivery: 6 });
    post.setOption("youtube", "made_for_kids", true);
    answers["posts.edit"] = () => [];
    await post.submit();
    expect(was("posts.edit")).toMatchObject({ id: 6, at: null, options: { made_for_kids: true } });
    expect(asked.some((one) => one.name === "composing.save")).toBe(false);
  });
});
