// What the whole window knows: where it is, who is connected, what moves. The engine is the truth; nothing here is written before it
// was answered.
import { SvelteMap } from "svelte/reactivity";
import type {
  AccountView,
  AppView,
  DeliveryView,
  Event,
  Facts,
  Glance,
  HouseView,
  Problem,
  SaveComposing,
  Settings,
} from "$bindings";
import type { About } from "$host";
import { call, listen, shell } from "$host";
import { speak, type Language } from "$messages";
import { asProblem } from "$words/problem";

export type Screen = "calendar" | "queue" | "channels" | "activity" | "settings" | "post" | "first-run";
/** `from`: where a post was opened. */
export type Route = { screen: Screen; post?: number; from?: Screen };
export type ComposeRequest = {
  paths?: string[];
  at?: string;
  composing?: number;
  delivery?: number;
  /** What was being written in the world that was left. */
  carried?: SaveComposing;
};
export type Toast = { id: number; text: string; undo?: () => void; problem?: Problem };
export type Moving = { sent: number; total: number; bytes_per_s: number };

const nothingYet: Glance = {
  now: new Date(0).toISOString(),
  clock: null,
  paused: false,
  next: null,
  moving: [],
  waiting: 0,
  needs_you: 0,
  last: null,
};

class App {
  about = $state<About>({ version: "", sandbox: false, platform: "", display_language: "en", start: {} });
  settings = $state<Settings | undefined>();
  accounts = $state<AccountView[]>([]);
  apps = $state<AppView[]>([]);
  facts = $state.raw<Facts[]>([]);
  glance = $state<Glance>(nothingYet);
  house = $state<HouseView | undefined>();
  route = $state<Route>({ screen: "calendar" });
  request = $state<(ComposeRequest & { serial: number }) | undefined>();
  toasts = $state<Toast[]>([]);
  /** Rises whenever something changed; screens that show rows ask again. */
  version = $state(0);
  now = $state(new Date());
  /** Set when the engine can't be asked at all. */
  broken = $state<Problem | undefined>();
  loaded = $state(false);
  consent = $state<"open" | "closed">("closed");
  /** Keeps what the composer holds where it was written, and says what of it can be written elsewhere. */
  leaveWriting: (() => Promise<SaveComposing | undefined>) | undefined;
  #begun = false;
  #moving = new SvelteMap<number, Moving>();
  #serial = 0;
  #dark = $state(false);
  #asked = 0;

  get zone(): string {
    return this.settings?.zone || Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** Nobody could find out the computer's zone, and none was chosen: the engine reads no time without one. */
  get zoneUnknown(): boolean {
    return this.settings?.zone === "";
  }

  get language(): Language {
    const wanted = forced("lang") ?? this.settings?.window.language ?? "system";
    const name = wanted === "system" ? this.about.display_language : wanted;
    if (name === "en-XA") return name;
    const short = name.slice(0, 2).toLowerCase();
    return short === "ja" || short === "ru" ? short : "en";
  }

  /** 1 when the person's weeks begin on Monday, 0 on Sunday, 6 on Saturday. */
  get weekStart(): number {
    const system = this.locale === "ja" ? 0 : 1;
    return { mon: 1, sun: 0, sat: 6, system }[this.settings?.window.week_start ?? "system"];
  }

  /** For Intl. The pseudo language is English to it; English keeps the region of the system. */
  get locale(): string {
    if (this.language === "ja" || this.language === "ru") return this.language;
    return this.about.display_language.startsWith("en-") ? this.about.display_language : "en-GB";
  }

  get theme(): "light" | "dark" {
    const wanted = forced("theme") ?? this.settings?.window.theme ?? "system";
    if (wanted === "light" || wanted === "dark") return wanted;
    return this.#dark ? "dark" : "light";
  }

  go(screen: Screen, more: { post?: number } = {}): void {
    const { screen: here, from } = this.route;
    const before = here === "post" ? from : here === "first-run" ? undefined : here;
    this.route = { screen, ...more, ...(screen === "post" && before ? { from: before } : {}) };
  }

  compose(request: ComposeRequest): void {
    this.#serial += 1;
    this.request = { ...request, serial: this.#serial };
  }

  closeComposer(): void {
    this.request = undefined;
  }

  say(text: string, more: { undo?: () => void; problem?: Problem } = {}): void {
    this.#serial += 1;
    const id = this.#serial;
    this.toasts = [...this.toasts.slice(-2), { id, text, ...more }];
    setTimeout(() => this.unsay(id), more.problem ? 12_000 : 7_000);
  }

  unsay(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  /** What the engine refused, told where the person looks. */
  tell(what: unknown): void {
    const problem = asProblem(what);
    this.say(problem.message, { problem });
  }

  movingOf(delivery: number): Moving | undefined {
    return this.#moving.get(delivery);
  }

  get moves(): [number, Moving][] {
    return [...this.#moving.entries()];
  }

  account(id: number): AccountView | undefined {
    return this.accounts.find((account) => account.id === id);
  }

  factsOf(platform: string): Facts | undefined {
    return this.facts.find((facts) => facts.id === platform);
  }

  /** Asks everything the frame shows, and begins to listen. Returns what ends it. */
  async start(): Promise<() => void> {
    const scheme = window.matchMedia?.("(prefers-color-scheme: dark)");
    const shade = () => (this.#dark = scheme?.matches ?? false);
    shade();
    scheme?.addEventListener("change", shade);
    const tick = setInterval(() => (this.now = new Date()), 30_000);
    const end = await listen((event) => {
      if (event.kind === "engine") this.#hear(event.event);
      else if (event.kind === "open") this.go("post", { post: event.post });
      else if (event.kind === "compose") this.compose({ paths: event.paths });
      else this.consent = event.state;
    });
    await this.reload();
    return () => {
      end();
      clearInterval(tick);
      scheme?.removeEventListener("change", shade);
    };
  }

  /** Settings as the engine has them now. The language is spoken before anything is drawn anew in it. */
  take(settings: Settings): void {
    this.settings = settings;
    speak(this.language);
  }

  async reload(): Promise<void> {
    try {
      // First: it opens the queue where that failed at the start, which the others can't do without.
      const about = await shell("about", {});
      this.#asked += 1;
      const [settings, facts, found] = await Promise.all([
        call("settings.get", {}),
        call("platforms.list", {}),
        this.#look(),
      ]);
      this.about = about;
      this.take(settings);
      this.facts = facts;
      this.#show(found);
      this.broken = undefined;
      if (!this.loaded) {
        this.loaded = true;
        const first = !this.#begun;
        this.#begun = true;
        if (first && about.start.post !== undefined) this.go("post", { post: about.start.post });
        else if (this.accounts.length === 0) this.go("first-run");
        if (first && about.start.compose?.length) this.compose({ paths: about.start.compose });
      }
    } catch (problem) {
      this.broken = asProblem(problem);
    }
  }

  /** Changes the world. Numbers of one world mean nothing in another: what is being written comes along as words, file and minute. */
  async enter(to: "sandbox" | "real", settle?: () => Promise<void>): Promise<void> {
    const writing = await this.leaveWriting?.();
    const old = this.request;
    this.closeComposer();
    let there = false;
    try {
      await shell("world", { to });
      there = true;
      await this.reload();
      await settle?.();
    } finally {
      if (there && writing !== undefined) this.compose({ carried: { ...writing, id: null, to: [] } });
      else if (!there && writing?.id != null) this.compose({ composing: writing.id });
      else if (!there && old !== undefined) this.compose(old);
    }
  }

  /** What changes with the queue. */
  async refresh(): Promise<void> {
    const turn = ++this.#asked;
    const found = await this.#look();
    // An answer that was overtaken says what was.
    if (turn === this.#asked) this.#show(found);
  }

  /** A queue that can't be read still says what is wrong with it. */
  async #afterTrouble(problem: unknown): Promise<void> {
    try {
      this.house = await call("house.show", {});
    } catch {
      // Told below.
    }
    if (!this.house?.problem) this.tell(problem);
  }

  #look(): Promise<[AccountView[], AppView[], Glance, HouseView]> {
    return Promise.all([
      call("accounts.list", {}),
      call("apps.list", {}),
      call("posts.glance", {}),
      call("house.show", {}),
    ]);
  }

  #show([accounts, apps, glance, house]: [AccountView[], AppView[], Glance, HouseView]): void {
    this.accounts = accounts.filter((account) => account.state !== "gone");
    this.apps = apps;
    this.glance = glance;
    this.house = house;
    const live = new Set(glance.moving.map((row: DeliveryView) => row.id));
    for (const id of this.#moving.keys()) if (!live.has(id)) this.#moving.delete(id);
    this.version += 1;
  }

  #pending: ReturnType<typeof setTimeout> | undefined;

  #hear(event: Event): void {
    if (event.what === "moving") {
      this.#moving.set(event.delivery, { sent: event.sent, total: event.total, bytes_per_s: event.bytes_per_s });
      return;
    }
    if (event.what === "settings" || event.what === "elsewhere") {
      void call("settings.get", {}).then(
        (settings) => this.take(settings),
        () => undefined,
      );
    }
    // Many rows change together; one question answers all.
    this.#pending ??= setTimeout(() => {
      this.#pending = undefined;
      this.refresh().catch((problem: unknown) => this.#afterTrouble(problem));
    }, 60);
  }
}

/** `#theme=dark&lang=ja` in the address, for looking at screens. */
function forced(name: string): string | undefined {
  if (typeof location === "undefined") return undefined;
  return new URLSearchParams(location.hash.slice(1)).get(name) ?? undefined;
}

export const app = new App();
