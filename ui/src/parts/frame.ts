// A small picture of a video, drawn by the window's own player where nothing else makes one. A picture that can't be had is no error:
// a player that can't decode, a frame that may not be read and an engine that says no all end in "none".
import { call, mediaUrl } from "$host";

const widest = 640;
/** What the engine keeps of a picture, in letters of base64. */
const most = 266_000;
const patience = 10_000;

/** As large as a small picture may be, in the shape of the video. Never larger than the video. */
export function fit(width: number, height: number): { width: number; height: number } {
  const by = Math.min(1, widest / width);
  return { width: Math.max(1, Math.round(width * by)), height: Math.max(1, Math.round(height * by)) };
}

/** The first that is small enough, as the letters alone. */
export function smallest(draw: (quality: number) => string): string | undefined {
  for (const quality of [0.85, 0.7, 0.5, 0.3]) {
    const [kind, letters] = draw(quality).split(",");
    if (kind !== "data:image/jpeg;base64" || !letters) return undefined;
    if (letters.length <= most) return letters;
  }
  return undefined;
}

function happens(video: HTMLVideoElement, what: string): Promise<void> {
  return new Promise((yes, no) => {
    const late = setTimeout(() => no(new Error(`no ${what}`)), patience);
    const end = (then: () => void) => (): void => {
      clearTimeout(late);
      then();
    };
    video.addEventListener(what, end(yes), { once: true });
    video.addEventListener(
      "error",
      end(() => no(video.error ?? new Error("no video"))),
      { once: true },
    );
  });
}

/** One frame of the first second. */
async function frameOf(media: number): Promise<string | undefined> {
  const video = document.createElement("video");
  try {
    // Without this the canvas may not be read again.
    video.crossOrigin = "anonymous";
    video.muted = true;
    video.preload = "auto";
    const loaded = happens(video, "loadeddata");
    video.src = mediaUrl(media);
    await loaded;
    const sought = happens(video, "seeked");
    video.currentTime = Number.isFinite(video.duration) ? Math.min(0.5, video.duration / 2) : 0.1;
    await sought;
    if (video.videoWidth === 0 || video.videoHeight === 0) return undefined;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, fit(video.videoWidth, video.videoHeight));
    const pen = canvas.getContext("2d");
    if (!pen) return undefined;
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    return smallest((quality) => canvas.toDataURL("image/jpeg", quality));
  } finally {
    // Lets go of the file.
    video.removeAttribute("src");
    video.load();
  }
}

const tried = new Map<string, Promise<boolean>>();
let turn: Promise<unknown> = Promise.resolve();

/** Is there a picture now? One video at a time, and each once; `world` tells videos of the sandbox from real ones. */
export function keepPoster(media: number, world: string, frame = frameOf): Promise<boolean> {
  const key = `${world} ${media}`;
  const known = tried.get(key);
  if (known) return known;
  const asked = turn.then(async () => {
    try {
      if ((await call("media.poster", { media })).path !== null) return true;
      const jpeg_base64 = await frame(media);
      if (jpeg_base64 === undefined) return false;
      await call("media.keep_poster", { media, jpeg_base64 });
      return true;
    } catch {
      return false;
    }
  });
  turn = asked;
  tried.set(key, asked);
  return asked;
}
