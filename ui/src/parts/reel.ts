// The bytes of a video, gathered for a player that takes none from a scheme of the app's own: WebKitGTK hands such an address to a media
// library that knows http alone. Few bytes only: they lie in memory for as long as somebody watches.
import { mediaUrl } from "$host";

/** As many bytes as are gathered. */
const most = 256 * 1024 * 1024;

/** Nothing where there are too many, or none to be had. */
export async function gather(media: number, signal?: AbortSignal, limit = most): Promise<Blob | undefined> {
  const parts: Blob[] = [];
  let [at, total] = [0, 1];
  while (at < total) {
    const answer = await fetch(mediaUrl(media), { headers: { range: `bytes=${at}-` }, signal: signal ?? null });
    const all = /\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1];
    if (answer.status !== 206 || all === undefined) return undefined;
    total = Number(all);
    if (total > limit) return undefined;
    const part = await answer.blob();
    if (part.size === 0) return undefined;
    parts.push(part);
    at += part.size;
  }
  return new Blob(parts, { type: parts[0]?.type ?? "" });
}
