// Every screen over what the engine really answered.
import { cleanup, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { m } from "$messages";
import { app } from "$state/app.svelte";
import { bytes, dateTime, day, num, timeExact } from "$words/format";
import { optionLabel, quotaLabel, wordLabel } from "$words/facts";
import { nextText, stateText } from "$words/state";
import { wallOf } from "$words/zone";
import Strip from "$parts/Strip.svelte";
import Activity from "$screens/activity/Activity.svelte";
import { cards, unseen } from "$screens/calendar/layout";
import Channels from "$screens/channels/Channels.svelte";
import Post from "$screens/post/Post.svelte";
import Queue from "$screens/queue/Queue.svelte";
import Settings from "$screens/settings/Settings.svelte";
import { kept, replay } from "./replay";

beforeAll(async () => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe(): void {}
      unobserve(): void {}
      disconnect(): void {}
    },
  );
  replay();
  const end = await app.start();
  return end;
});
afterEach(cleanup);

const shown = (text: string): Promise<void> => waitFor(() => expect(document.body.textContent).toContain(text));

describe("what the engine answered", () => {
  it("is taken by the frame as it is", () => {
    expect(app.broken).toBeUndefined();
    expect(app.loaded).toBe(true);
    expect(app.zone).toBe(kept("settings.get").zone);
    expect(app.glance.next?.id).toBe(kept("posts.glance").next?.id);
    expect(app.route.screen).toBe("calendar");
  });

  it("accounts.list and apps.list: channels, with what is left of their app's quota", async () => {
    render(Channels);
    const [account] = kept("accounts.list");
    const quota = kept("apps.list")[0]?.quotas[0];
    if (!account || !quota) throw new Error("fixtures are empty");
    await shown(account.name);
    await shown(quotaLabel(account.platform, quota.bucket, quota.label));
    await shown(num(quota.per_day));
  });

  it("posts.list: the queue shows what waits, and says what is next", async () => {
    render(Queue);
    const rows = kept("posts.list").filter((row) => !["published", "cancelled", "draft"].includes(row.state));
    expect(rows.length).toBeGreaterThan(1);
    for (const row of rows) {
      const line = await screen.findByTestId(`queue-row-${row.id}`);
      expect(line.textContent).toContain(row.title);
      expect(line.textContent).toContain(stateText(row));
      if (row.due) expect(line.textContent).toContain(dateTime(row.due));
      expect(nextText(row)).toBeTruthy();
    }
  });

  it("posts.show: a post with its words and its history", async () => {
    const post = kept("posts.show");
    render(Post, { id: post.id });
    await shown(post.title);
    await shown(post.words.caption);
    for (const attempt of post.attempts) await shown(attempt.step);
  });

  it("posts.glance: the strip says what is next", async () => {
    render(Strip);
    await shown(kept("posts.glance").next?.title ?? "nothing is next");
  });

  it("settings.get and house.show: the settings, and where the data lies", async () => {
    render(Settings);
    await shown(m.settings_title());
    const house = kept("house.show");
    for (const size of [house.database_bytes, house.backups_bytes, house.posters_bytes])
      expect(bytes(size)).toMatch(/\d/);
  });

  it("activity.list: every line on its day", async () => {
    render(Activity);
    const lines = kept("activity.list");
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      const row = await screen.findByTestId(`activity-row-${line.id}`);
      expect(row.textContent).toContain(line.title);
      expect(row.textContent).toContain(timeExact(line.at));
      await shown(day(line.at));
    }
  });

  it("slots.free: each slot reads on its zone's wall as the engine says", () => {
    const slots = kept("slots.free");
    expect(slots.length).toBeGreaterThan(0);
    for (const slot of slots) {
      const wall = wallOf(slot.at, slot.wall.zone);
      const two = (n: number): string => String(n).padStart(2, "0");
      expect(slot.wall.local).toBe(
        `${wall.year}-${two(wall.month)}-${two(wall.day)}T${two(wall.hour)}:${two(wall.minute)}:00`,
      );
    }
  });

  it("posts.list: the calendar has a card for every post that has a time", () => {
    const rows = kept("posts.list").filter((row) => row.due);
    const posts = new Set(rows.map((row) => row.post));
    expect(cards(rows, [], app.zone).length).toBe(posts.size);
  });

  it("posts.days: a day's posts are counted as the calendar counts its cards", () => {
    for (const one of kept("posts.days")) {
      const there = cards(one.rows, [], "UTC");
      expect(new Set(there.map((card) => card.day))).toEqual(new Set([Date.parse(one.date) / 86_400_000]));
      expect(unseen(there, one.posts, 3)).toBe(one.posts - there.length);
      expect(there.length).toBe(Math.min(3, one.posts));
    }
  });

  it("platforms.list: options and words have a label", () => {
    for (const facts of kept("platforms.list")) {
      for (const option of facts.options) expect(optionLabel(facts.id, option.key)).not.toBe("");
      for (const word of facts.words) expect(wordLabel(facts.id, word.field)).not.toBe("");
    }
  });
});
