import { describe, expect, it } from "vitest";
import type { VaultFolder } from "$bindings";
import { channelsOf, placeText, requests } from "./vault";

const folder = (more: Partial<VaultFolder>): VaultFolder => ({
  id: "0123",
  path: "/home/mira/old",
  place: "gone",
  entries: [
    { key: "home/0123/account/1", kind: "account", platform: "youtube", id: "UC1", name: "Mira Bakes" },
    { key: "home/0123/account/2", kind: "account", platform: "tiktok", id: "o1", name: "Mira Bakes" },
    { key: "home/0123/app/1", kind: "app", platform: "youtube", id: "client", name: "client" },
  ],
  ...more,
});

describe("the vault in the settings", () => {
  it("names each channel once and no secret of an app", () => {
    expect(channelsOf(folder({}))).toEqual(["Mira Bakes"]);
  });

  it("says where each folder is in its own words", () => {
    const places = (["here", "elsewhere", "replaced", "gone", "unknown"] as const).map((place) =>
      placeText(folder({ place })),
    );
    expect(new Set(places).size).toBe(5);
  });

  it("asks for a folder by its id, and for entries without one by their keys", () => {
    expect(requests([folder({})])).toEqual([{ folder: "0123", sure: true }]);
    const unknown = folder({
      id: null,
      path: null,
      place: "unknown",
      entries: [{ key: "account/1", kind: "unreadable", platform: null, id: null, name: null }],
    });
    expect(requests([unknown])).toEqual([{ entry: "account/1", sure: true }]);
  });
});
