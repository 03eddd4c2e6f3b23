import { describe, expect, it } from "vitest";
import { answers, asked } from "../host/fake";
import { fit, keepPoster, smallest } from "./frame";

const kept = () => asked.filter((one) => one.name === "media.keep_poster").map((one) => one.given);

describe("a picture from the player", () => {
  it("has the video's shape, is at most 640 wide, and never grows", () => {
    expect(fit(1080, 1920)).toEqual({ width: 640, height: 1138 });
    expect(fit(3840, 2160)).toEqual({ width: 640, height: 360 });
    expect(fit(320, 180)).toEqual({ width: 320, height: 180 });
    expect(fit(100_000, 10).height).toBe(1);
  });

  it("is drawn worse until it is small, and is a JPEG or nothing", () => {
    const of = (letters: number) => `data:image/jpeg;base64,${"A".repeat(letters)}`;
    expect(smallest((quality) => of(quality > 0.6 ? 300_000 : 1_000))).toHaveLength(1_000);
    expect(smallest(() => of(300_000))).toBeUndefined();
    expect(smallest(() => "data:image/png;base64,AAAA")).toBeUndefined();
    expect(smallest(() => "data:,")).toBeUndefined();
  });

  it("is made once for each video, one after the other, and kept by the engine", async () => {
    answers["media.keep_poster"] = ({ media }) => ({ path: `/posters/${media}.jpg` });
    let running = 0;
    let made = 0;
    const frame = async (): Promise<string> => {
      expect(++running).toBe(1);
      await Promise.resolve();
      running -= 1;
      made += 1;
      return "/9j/";
    };
    expect(await Promise.all([1, 2, 1].map((media) => keepPoster(media, "real", frame)))).toEqual([true, true, true]);
    expect(made).toBe(2);
    expect(kept()).toEqual([1, 2].map((media) => ({ media, jpeg_base64: "/9j/" })));
    // The sandbox counts its videos from one, too.
    await keepPoster(1, "sandbox", frame);
    expect(made).toBe(3);
  });

  it("is not made where there is one, and never an error", async () => {
    answers["media.poster"] = () => ({ path: "/posters/8.jpg" });
    const before = kept().length;
    expect(await keepPoster(8, "real", () => Promise.reject(new Error("not asked")))).toBe(true);
    answers["media.poster"] = () => ({ path: null });
    expect(await keepPoster(9, "real", () => Promise.reject(new Error("no codec")))).toBe(false);
    expect(await keepPoster(10, "real", () => Promise.resolve(undefined))).toBe(false);
    expect(kept()).toHaveLength(before);
  });
});
