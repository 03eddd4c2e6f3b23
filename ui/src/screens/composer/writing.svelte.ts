// A post being written: what was chosen, what the engine says of it, and what can be done with it. The composer's parts show it.
import { tick } from "svelte";
import type {
  AddPost,
  Checked,
  DeliveryDetail,
  DeliveryView,
  Looked,
  Problem,
  SaveComposing,
  Sibling,
  Words,
} from "$bindings";
import { call, pickVideos, shell } from "$host";
import { m } from "$messages";
import { app, type ComposeRequest } from "$state/app.svelte";
import { dateTime, num } from "$words/format";
import { asProblem } from "$words/problem";
import { nextText } from "$words/state";
import { offsetText, soon, wallText } from "$words/zone";
import { spread, type Spread } from "./spread";
import { applies, missing, Past } from "./words";

const empty = (): SaveComposing => ({
  id: null,
  path: null,
  to: [],
  words: { title: "", caption: "" },
  words_for: {},
  options: {},
  at: null,
  zone: null,
  fold: false,
});

const titleOf = (path: string): string =>
  (path.split(/[\\/]/).pop() ?? "").replace(/\.[^.]+$/, "").replaceAll(/[-_]+/g, " ");

const changed = (now: Record<string, unknown>, was: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(now).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(was[key])));

export class Writing {
  draft = $state<SaveComposing>(empty());
  /** Set when a post that exists is edited. */
  editing = $state<DeliveryDetail | undefined>();
  /** An edit goes to every channel of the post that has no words, or no time, of its own. */
  whole = $state(false);
  /** With `whole`: to the others as well. */
  ownToo = $state(false);
  /** How several files were laid out. */
  spread = $state<Spread | undefined>();
  looked = $state<Looked | undefined>();
  lookProblem = $state<Problem | undefined>();
  checked = $state<Checked | undefined>();
  refused = $state<Problem | undefined>();
  savedAt = $state<string | undefined>();
  busy = $state(false);
  /** How the clock reads the chosen minute. */
  kind = $state<"exact" | "gap" | "overlap">("exact");
  undoable = $state(false);
  /** The instant the engine reads the chosen minute as. */
  #reads: string | undefined;
  #loaded = false;
  #turn = 0;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #checking: ReturnType<typeof setTimeout> | undefined;
  #past = new Past<SaveComposing>();
  #termsOf = new Set<number>();

  chosen = $derived(app.accounts.filter((account) => this.draft.to.includes(account.id)));
  platforms = $derived([...new Set(this.chosen.map((account) => account.platform))]);
  can = $derived(
    !this.busy &&
      (this.editing !== undefined ||
        (this.looked !== undefined && this.chosen.length > 0 && (this.checked?.ok ?? false))),
  );

  /** The zone the minute is read in. */
  get zone(): string {
    return this.draft.zone ?? app.zone;
  }

  /** The zone has to be chosen: the computer's is not known. */
  get lacksZone(): boolean {
    return app.zoneUnknown && this.draft.zone === null;
  }

  /** The edit makes a planned post go out as soon as possible. */
  get hurries(): boolean {
    return this.editing !== undefined && this.editing.wall !== null && this.draft.at === null;
  }

  /** Siblings that an edit of the whole post leaves alone. */
  get apart(): Sibling[] {
    return (this.editing?.siblings ?? []).filter((one) => one.own_words || one.own_time);
  }

  /** One channel or all: what is shown are the words that are changed by it. */
  setWhole(whole: boolean): void {
    const { editing, draft } = this;
    if (!editing || whole === this.whole) return;
    const same = JSON.stringify(draft.words) === JSON.stringify(this.#words(editing));
    this.whole = whole;
    if (same) draft.words = { ...this.#words(editing) };
    this.#after();
  }

  #words(editing: DeliveryDetail): Words {
    return this.whole ? editing.shared : editing.words;
  }

  /** Does a platform still want a choice that has no usual value? */
  lacks(platform: string): boolean {
    const facts = app.factsOf(platform);
    const chosen = this.draft.options[platform] ?? {};
    return !!facts && facts.options.some((option) => applies(option, facts, chosen) && missing(option, chosen));
  }

  async open(request: ComposeRequest): Promise<void> {
    app.leaveWriting = this.#leave;
    try {
      if (request.delivery !== undefined) await this.#edit(request.delivery);
      else if (request.composing !== undefined) {
        const found = (await call("composing.list", {})).find((one) => one.id === request.composing);
        if (found) {
          const { id, path, to, words, words_for, options, at, zone, fold } = found;
          this.draft = { id, path, to, words, words_for, options, at, zone, fold: fold ?? false };
          this.savedAt = found.updated_at;
          if (found.path !== null) await this.#look(found.path);
        }
      } else {
        if (request.carried) this.draft = request.carried;
        else this.draft.at = request.at ?? null;
        this.draft.to = app.accounts.filter((account) => account.state === "ok").map((account) => account.id);
        if (request.paths?.length) await this.take(request.paths);
        else if (this.draft.path !== null) await this.#look(this.draft.path);
      }
    } catch (problem) {
      app.tell(problem);
    }
    this.#loaded = true;
    this.#check();
    await this.#readTerms();
  }

  /** What holds for the channels just now is read anew each time a post is written: it may have changed since. */
  async #readTerms(): Promise<void> {
    const asked = this.chosen.filter(
      (account) => app.factsOf(account.platform)?.terms && !this.#termsOf.has(account.id),
    );
    if (asked.length === 0) return;
    asked.forEach((account) => this.#termsOf.add(account.id));
    await Promise.all(
      asked.map((account) => call("accounts.terms", { id: account.id }).catch((problem: unknown) => app.tell(problem))),
    );
    await app.refresh();
    this.#check();
  }

  /** A post that exists stays where it is; a draft is kept there and can be written on elsewhere. */
  #leave = async (): Promise<SaveComposing | undefined> => {
    if (this.editing) return undefined;
    await this.save();
    return $state.snapshot(this.draft);
  };

  /** What is not kept yet is kept. */
  end(): void {
    if (app.leaveWriting === this.#leave) app.leaveWriting = undefined;
    clearTimeout(this.#checking);
    if (this.#saving !== undefined) void this.save();
  }

  async #edit(id: number): Promise<void> {
    const post = await call("posts.show", { id });
    this.editing = post;
    this.draft = {
      ...empty(),
      path: post.path,
      to: [post.account],
      words: { ...post.words },
      options: { [post.platform]: { ...post.options } },
      at: post.wall ? post.wall.local.slice(0, 16) : null,
      zone: post.wall?.zone ?? null,
      fold: post.wall?.fold ?? false,
    };
    await this.#look(post.path).catch(() => undefined);
  }

  /** The first file is this post's; each further one becomes a draft of its own, at a minute of its own. */
  async take(dropped: string[]): Promise<void> {
    const [first, ...others] = await shell("expand", { paths: dropped });
    if (first === undefined) return;
    await this.#look(first);
    if (others.length === 0) return;
    const laid = await this.#spread(others.length + 1);
    this.spread = laid;
    const [mine = null, ...theirs] = laid.at;
    if (mine !== this.draft.at) this.setAt(mine);
    const kept: number[] = [];
    for (const [n, path] of others.entries()) {
      const { id } = await call("composing.save", {
        ...$state.snapshot(this.draft),
        id: null,
        path,
        words: { title: titleOf(path), caption: "" },
        words_for: {},
        at: theirs[n] ?? null,
      });
      kept.push(id);
    }
    await app.refresh();
    const back = async (): Promise<void> => {
      for (const id of kept) await call("composing.remove", { id });
      this.spread = undefined;
      await app.refresh();
    };
    app.say(m.composer_kept({ n: num(others.length) }), {
      undo: () => void back().catch((problem: unknown) => app.tell(problem)),
    });
  }

  /** So many minutes for so many files: this post's own, and the free slots or days after it. */
  async #spread(n: number): Promise<Spread> {
    const now = Date.now();
    const range = { from: new Date(now).toISOString(), to: new Date(now + 60 * 86_400_000).toISOString() };
    const [free, drafts] = await Promise.all([call("slots.free", range), call("composing.list", {})]);
    const taken = drafts.flatMap((one) => (one.due === null || one.id === this.draft.id ? [] : [one.due]));
    return spread(n, this.draft.at, this.zone, free, this.draft.to, taken);
  }

  async #look(path: string): Promise<void> {
    this.lookProblem = undefined;
    try {
      this.looked = await call("media.look", { path });
      this.change(() => {
        const { path: before, words } = this.draft;
        this.draft.path = path;
        // A title that nobody wrote goes with its file.
        if (words.title === "" || (before !== null && words.title === titleOf(before))) words.title = titleOf(path);
      });
    } catch (problem) {
      this.lookProblem = asProblem(problem);
    }
  }

  async pick(): Promise<void> {
    try {
      const paths = await pickVideos();
      if (paths.length > 0) await this.take(paths);
    } catch (problem) {
      app.tell(problem);
    }
  }

  /** Every change goes through here: kept for undo, saved soon, checked soon. */
  change(act: () => void, what = ""): void {
    this.#past.keep($state.snapshot(this.draft), Date.now(), what);
    this.undoable = this.#past.some;
    act();
    this.#after();
  }

  #after(): void {
    this.refused = undefined;
    if (!this.editing) {
      clearTimeout(this.#saving);
      this.#saving = setTimeout(() => void this.save(), 500);
    }
    this.#check();
  }

  undo(forth: boolean): boolean {
    const now = $state.snapshot(this.draft);
    const then = forth ? this.#past.forth(now) : this.#past.back(now);
    this.undoable = this.#past.some;
    if (!then) return false;
    this.draft = { ...then, id: this.draft.id };
    this.#after();
    return true;
  }

  toggle(account: number): void {
    const { to } = this.draft;
    this.change(() => (this.draft.to = to.includes(account) ? to.filter((id) => id !== account) : [...to, account]));
    void this.#readTerms();
  }

  setWords(platform: string | undefined, words: Words): void {
    this.change(
      () => {
        if (platform !== undefined && this.draft.words_for[platform])
          this.draft.words_for = { ...this.draft.words_for, [platform]: words };
        else this.draft.words = words;
      },
      `words ${platform ?? ""}`,
    );
  }

  setOwn(platform: string, own: boolean): void {
    this.change(() => {
      const others = Object.fromEntries(Object.entries(this.draft.words_for).filter(([one]) => one !== platform));
      this.draft.words_for = own ? { ...others, [platform]: { ...this.draft.words } } : others;
    });
  }

  setOption(platform: string, key: string, value: unknown): void {
    this.change(
      () =>
        (this.draft.options = {
          ...this.draft.options,
          [platform]: { ...(this.draft.options[platform] ?? {}), [key]: value },
        }),
    );
  }

  /** 2026-11-24T18:00, or as soon as possible. */
  setAt(at: string | null): void {
    this.change(() => ([this.draft.at, this.draft.fold] = [at, false]));
  }

  /** The same minute on another clock. */
  setZone(zone: string): void {
    this.change(
      () => ([this.draft.zone, this.draft.fold] = [zone === app.zone && !app.zoneUnknown ? null : zone, false]),
    );
  }

  /** Of an hour that happens twice: the second one. */
  setFold(fold: boolean): void {
    this.change(() => (this.draft.fold = fold));
  }

  /** The chosen minute as the engine takes it. */
  #when(): string | null {
    const { at, zone, fold } = this.draft;
    if (at === null || (zone === null && !fold)) return at;
    const second = fold && this.kind === "overlap" && this.#reads !== undefined;
    return `${at}${second ? offsetText(at, this.#reads ?? "") : ""}[${this.zone}]`;
  }

  soon(): string {
    return wallText(soon(Date.now(), this.zone));
  }

  async save(): Promise<void> {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    const { draft } = this;
    const nothing = draft.path === null && draft.words.title === "" && draft.words.caption === "";
    if (this.editing || (draft.id === null && nothing)) return;
    try {
      const kept = await call("composing.save", $state.snapshot(draft));
      this.draft.id = kept.id;
      this.savedAt = kept.updated_at;
    } catch (problem) {
      app.tell(problem);
    }
  }

  #asked(): AddPost {
    const own = <T>(all: Record<string, T>): Record<string, T> =>
      Object.fromEntries(Object.entries(all).filter(([platform]) => this.platforms.includes(platform)));
    const draft = $state.snapshot(this.draft);
    return {
      path: draft.path ?? "",
      to: draft.to.map(String),
      words: draft.words,
      words_for: own(draft.words_for),
      options: own(draft.options),
      at: this.#when(),
    };
  }

  #check(): void {
    clearTimeout(this.#checking);
    if (!this.#loaded) return;
    const mine = ++this.#turn;
    this.#checking = setTimeout(async () => {
      if (this.draft.at !== null)
        await call("time.read", { at: this.draft.at, zone: this.draft.zone, fold: this.draft.fold }).then(
          (read) => ([this.kind, this.#reads] = [read.kind, read.due]),
          () => (this.kind = "exact"),
        );
      if (this.draft.path === null || this.chosen.length === 0 || this.editing) return void (this.checked = undefined);
      try {
        const answer = await call("posts.check", this.#asked());
        // Overtaken by a later change: that one's answer counts.
        if (mine === this.#turn) [this.checked, this.refused] = [answer, undefined];
      } catch (problem) {
        if (mine === this.#turn) [this.checked, this.refused] = [undefined, asProblem(problem)];
      }
    }, 350);
  }

  #moved(post: DeliveryDetail): boolean {
    const { at, fold } = this.draft;
    const was = post.wall;
    if (at === null || was === null) return at !== null;
    return at !== was?.local.slice(0, 16) || this.zone !== was.zone || fold !== (was.fold ?? false);
  }

  async submit(again = false): Promise<void> {
    const { draft, editing } = this;
    this.busy = true;
    clearTimeout(this.#saving);
    this.#saving = undefined;
    try {
      if (editing) {
        const options = $state.snapshot(draft.options)[editing.platform] ?? {};
        const was = this.#words(editing);
        const { title, caption } = draft.words;
        const [row] = await call("posts.edit", {
          id: editing.id,
          whole: this.whole,
          own_too: this.whole && this.ownToo,
          title: title === was.title ? null : title,
          caption: caption === was.caption ? null : caption,
          at: this.#moved(editing) ? this.#when() : null,
          asap: this.hurries,
          options: changed(options, editing.options),
        });
        app.say(this.hurries && row?.state !== "draft" ? this.#hurried(row) : m.composer_saved_edit());
      } else {
        const added = await call("posts.add", { ...this.#asked(), again, composing: draft.id });
        const due = added.deliveries[0]?.due;
        app.say(draft.at !== null && due ? m.composer_scheduled({ when: dateTime(due) }) : m.composer_sent());
      }
      app.closeComposer();
    } catch (problem) {
      this.refused = asProblem(problem);
      // It may stand where nobody looks.
      await tick();
      document.querySelector("[data-refused]")?.scrollIntoView?.({ block: "nearest" });
    } finally {
      this.busy = false;
    }
  }

  /** It goes out now, or as soon as what holds it is over. */
  #hurried(row: DeliveryView | undefined): string {
    const held = row !== undefined && (row.paused || row.state === "stuck" || row.state === "parked");
    return (held ? nextText(row) : undefined) ?? m.composer_sent();
  }

  async close(): Promise<void> {
    await this.save();
    app.closeComposer();
  }

  async discard(): Promise<void> {
    const kept = $state.snapshot(this.draft);
    clearTimeout(this.#saving);
    this.#saving = undefined;
    if (kept.id !== null)
      await call("composing.remove", { id: kept.id }).catch((problem: unknown) => app.tell(problem));
    app.closeComposer();
    const back = async (): Promise<void> => {
      const again = await call("composing.save", { ...kept, id: null });
      app.compose({ composing: again.id });
    };
    app.say(m.composer_discarded(), { undo: () => void back().catch((problem: unknown) => app.tell(problem)) });
  }

  /** Does what a problem offers. */
  mend(problem: Problem): void {
    if (problem.code === "already_there") return void this.submit(true);
    if (problem.fix.do === "choose_file") void this.pick();
    else if (problem.fix.do === "sign_in" || problem.fix.do === "add_app") app.go("channels");
    else if (problem.fix.do === "edit")
      document
        .querySelector<HTMLElement>(
          `[data-field="${CSS.escape(problem.fix.field)}"] :is(input, textarea, select, button)`,
        )
        ?.focus();
  }
}
