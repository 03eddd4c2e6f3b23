import { describe, expect, it } from "vitest";
import { nameAmong } from "./channel";

const of = (name: string, platform: string, platform_name: string) => ({ name, platform, platform_name });

describe("the name of a channel among others", () => {
  const [video, short, second] = [
    of("Mira", "youtube", "YouTube"),
    of("Mira", "tiktok", "TikTok"),
    of("Leo", "tiktok", "TikTok"),
  ];

  it("is its own where nobody else has it", () => {
    expect(nameAmong(second, [video, short, second])).toBe("Leo");
    expect(nameAmong(video, [video])).toBe("Mira");
  });

  it("is its platform's where the same name is on several", () => {
    expect([video, short].map((one) => nameAmong(one, [video, short, second]))).toEqual(["YouTube", "TikTok"]);
  });

  it("is both where one platform has the same name twice", () => {
    const twin = of("Mira", "tiktok", "TikTok");
    expect(nameAmong(short, [short, twin])).toBe("Mira (TikTok)");
  });
});
