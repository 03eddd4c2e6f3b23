import { beforeEach, describe, expect, it, vi } from "vitest";
import { tick } from "svelte";
import { m } from "$messages";
import { accounts, answers, asked, composings, deliveries, refuse } from "../../host/fake";
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
    expect(was("posts.edit")).toMatchObject({
      id: 6,
      whole: false,
      title: null,
      caption: null,
      at: null,
      asap: false,
      options: { made_for_kids: true },
    });
    expect(asked.some((one) => one.name === "composing.save")).toBe(false);
  });

  it("asks for as soon as possible in an edit, and says so", async () => {
    const post = new Writing();
    await post.open({ delivery: 6 });
    expect(post.editing?.wall).not.toBeNull();
    expect(post.hurries).toBe(false);
    post.setAt(null);
    expect(post.hurries).toBe(true);
    answers["posts.edit"] = ({ id }) =>
      deliveries.filter((one) => one.id === id).map((one) => ({ ...one, state: "due", paused: false }));
    app.toasts = [];
    await post.submit();
    expect(was("posts.edit")).toMatchObject({ id: 6, asap: true, at: null });
    expect(app.toasts.at(-1)?.text).not.toBe(m.composer_saved_edit());
  });

  it("edits one channel unless the whole post is chosen, whose words are then shown", async () => {
    const shown = answers["posts.show"];
    answers["posts.show"] = (given) => {
      const found = shown?.(given);
      if (!found) throw new Error("no such post");
      return {
        ...found,
        own_words: true,
        words: { title: "Mine", caption: "own" },
        shared: { title: "All", caption: "" },
      };
    };
    answers["posts.edit"] = () => [];
    const post = new Writing();
    await post.open({ delivery: 6 });
    if (shown) answers["posts.show"] = shown;
    expect(post.draft.words.title).toBe("Mine");
    post.setWords(undefined, { title: "Mine, better", caption: "own" });
    await post.submit();
    expect(was("posts.edit")).toMatchObject({ whole: false, title: "Mine, better", caption: null });
    post.setWords(undefined, { title: "Mine", caption: "own" });
    post.setWhole(true);
    expect(post.draft.words.title).toBe("All");
    post.setWords(undefined, { title: "All, better", caption: "" });
    await post.submit();
    expect(was("posts.edit")).toMatchObject({ whole: true, own_too: false, title: "All, better", caption: null });
  });

  it("gives each of several files a minute of its own, and takes the drop back whole", async () => {
    composings.length = 0;
    const post = new Writing();
    const paths = ["one", "two", "three"].map((name) => `/videos/${name}.mp4`);
    app.toasts = [];
    await post.open({ paths, at: "2026-11-28T18:00" });
    const kept = asked.filter((one) => one.name === "composing.save").map((one) => (one.given as { at: string }).at);
    expect(new Set([post.draft.at, ...kept]).size).toBe(3);
    expect(post.spread?.at[0]).toBe("2026-11-28T18:00");
    app.toasts.at(-1)?.undo?.();
    await vi.waitFor(() => expect(composings).toHaveLength(0));
    post.end();
  });
});
