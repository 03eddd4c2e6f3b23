// What the shell itself answers and tells; the engine's shapes are in `$bindings`.
import type { BackupView, Event } from "$bindings";

export type Nothing = Record<string, never>;
export type About = {
  version: string;
  sandbox: boolean;
  /** "linux", "windows", "macos" */
  platform: string;
  /** BCP 47, of the system */
  display_language: string;
  /** What the number of a video is put behind for the player, where that is not the shell's own scheme. */
  player?: string;
  start: { compose?: string[]; post?: number };
};

export interface ShellCommands {
  world: { given: { to: "sandbox" | "real" }; answer: null };
  consent_cancel: { given: Nothing; answer: null };
  open_folder: { given: Nothing; answer: null };
  open_url: { given: { url: string }; answer: null };
  reveal: { given: { media: number }; answer: null };
  /** The copies of the queue, also where it can't be opened. */
  backups: { given: Nothing; answer: BackupView[] };
  /** Without a name a new, empty queue begins. */
  restore_backup: { given: { name: string | null }; answer: null };
  autostart: { given: { on: boolean }; answer: boolean };
  quit: { given: Nothing; answer: null };
  ready: { given: Nothing; answer: null };
  about: { given: Nothing; answer: About };
  pick_videos: { given: Nothing; answer: string[] };
  /** One file with one of these endings; any file where there are none. Nothing when the person chose none. */
  pick_file: { given: { extensions: string[] }; answer: string | null };
  expand: { given: { paths: string[] }; answer: string[] };
}

export type HostEvent =
  | { kind: "engine"; event: Event }
  | { kind: "open"; post: number }
  | { kind: "compose"; paths: string[] }
  | { kind: "consent"; state: "open" | "closed" };

export type Drop = { kind: "over" | "drop" | "leave"; paths: string[]; x: number; y: number };
