import { afterEach, describe, expect, it, vi } from "vitest";
import { gather } from "./reel";

/** A file that is answered in pieces of this many bytes. */
function serve(bytes: Uint8Array<ArrayBuffer>, piece: number): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (_: string, { headers }: { headers: { range: string } }) => {
    asked.push(headers.range);
    const from = Number(/bytes=(\d+)-/.exec(headers.range)?.[1]);
    const part = bytes.slice(from, from + piece);
    const range = `bytes ${from}-${from + part.length - 1}/${bytes.length}`;
    return Promise.resolve({
      status: 206,
      headers: new Headers({ "content-range": range }),
      blob: () => Promise.resolve(new Blob([part], { type: "video/mp4" })),
    });
  });
  return asked;
}

describe("a video gathered for the player", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is whole, in order, and of the kind that was said", async () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, n) => n % 251);
    const asked = serve(bytes, 300);
    const found = await gather(7);
    expect(new Uint8Array((await found?.arrayBuffer()) ?? [])).toEqual(bytes);
    expect(found?.type).toBe("video/mp4");
    expect(asked).toEqual(["bytes=0-", "bytes=300-", "bytes=600-", "bytes=900-"]);
  });

  it("is left alone when it is too long for memory, after one look", async () => {
    const asked = serve(new Uint8Array(1000), 300);
    expect(await gather(7, undefined, 999)).toBeUndefined();
    expect(asked).toHaveLength(1);
  });

  it("is none where the answer is no piece of it", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { status: 404 })));
    expect(await gather(7)).toBeUndefined();
  });
});
