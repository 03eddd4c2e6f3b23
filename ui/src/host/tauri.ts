// The one place that speaks to the shell. Everything the engine can do goes through `call`; what only a desktop can do through `shell`.
import { convertFileSrc, invoke } from "@tauri-apps/api/core";
import { listen as listenTo } from "@tauri-apps/api/event";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import type { Commands, Event } from "$bindings";
import type { About, Drop, HostEvent, ShellCommands } from "./shapes";

export type { Drop, HostEvent, ShellCommands, About } from "./shapes";

/** Asks the engine. Rejects with a Problem. */
export async function call<K extends keyof Commands>(
  name: K,
  given: Commands[K]["given"],
): Promise<Commands[K]["answer"]> {
  return invoke<Commands[K]["answer"]>("rpc", { name, given });
}

/** Asks the shell. Rejects with a Problem. */
export async function shell<K extends keyof ShellCommands>(
  name: K,
  given: ShellCommands[K]["given"],
): Promise<ShellCommands[K]["answer"]> {
  const answer = await invoke<ShellCommands[K]["answer"]>(name, given);
  if (name === "about") player = (answer as About).player;
  return answer;
}

/** Where videos are played from, where the webview plays none from the shell's own scheme. */
let player: string | undefined;

/** What the engine and the shell tell, until the returned function is called. */
export async function listen(tell: (event: HostEvent) => void): Promise<() => void> {
  const ends = await Promise.all([
    listenTo<Event | Event[]>("slipway", ({ payload }) => {
      for (const event of Array.isArray(payload) ? payload : [payload]) tell({ kind: "engine", event });
    }),
    listenTo<{ post: number }>("slipway:open", ({ payload }) => tell({ kind: "open", post: payload.post })),
    listenTo<{ paths: string[] }>("slipway:compose", ({ payload }) => tell({ kind: "compose", paths: payload.paths })),
    listenTo<{ state: "open" | "closed" }>("slipway:consent", ({ payload }) =>
      tell({ kind: "consent", state: payload.state }),
    ),
  ]);
  return () => ends.forEach((end) => end());
}

/** Files dragged over or dropped on the window. x and y are CSS pixels. */
export async function onDrop(tell: (drop: Drop) => void): Promise<() => void> {
  return getCurrentWebview().onDragDropEvent(({ payload }) => {
    const scale = window.devicePixelRatio || 1;
    if (payload.type === "leave") tell({ kind: "leave", paths: [], x: 0, y: 0 });
    else {
      const at = { x: payload.position.x / scale, y: payload.position.y / scale };
      const paths = payload.type === "over" ? [] : payload.paths;
      tell({ kind: payload.type === "drop" ? "drop" : "over", paths, ...at });
    }
  });
}

export const mediaUrl = (media: number): string =>
  player === undefined ? convertFileSrc(`file/${media}`, "media").replaceAll("%2F", "/") : `${player}${media}`;
export const posterUrl = (media: number): string => convertFileSrc(`poster/${media}`, "media").replaceAll("%2F", "/");
export const pickVideos = (): Promise<string[]> => shell("pick_videos", {});
export const pickFile = (extensions: string[]): Promise<string | null> => shell("pick_file", { extensions });
export const openUrl = (url: string): Promise<null> => shell("open_url", { url });
export const copyText = (text: string): Promise<void> => navigator.clipboard.writeText(text);
