// A host without an engine: for tests and for looking at screens in any browser. It answers from fixtures that the engine's own tests
// wrote, and keeps a week of posts around the current day so that a calendar has something to show. It decides nothing: what needs an
// engine is answered with what the engine once answered.
import type {
  AccountView,
  BackupView,
  Commands,
  Composing,
  DeliveryDetail,
  DeliveryView,
  Facts,
  Glance,
  Happening,
  HouseView,
  Problem,
  Settings,
  State,
  VaultFolder,
  VaultView,
} from "$bindings";
import facts from "./fixtures/platforms.list.json";
import type { Drop, HostEvent, ShellCommands } from "./shapes";

export type { About, Drop, HostEvent, ShellCommands } from "./shapes";

const hash = new URLSearchParams(typeof location === "undefined" ? "" : location.hash.slice(1));
const day = 86_400_000;
const now = new Date();
const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const monday = midnight - ((new Date(midnight).getDay() + 6) % 7) * day;

const problem = (code: Problem["code"], message: string, fix: Problem["fix"], detail?: string): Problem => ({
  code,
  weight: "block",
  message,
  fix,
  ...(detail === undefined ? {} : { detail }),
});

function account(id: number, name: string, handle: string, more: Partial<AccountView> = {}): AccountView {
  return {
    id,
    platform: "youtube",
    platform_name: "YouTube",
    app: 1,
    way: "",
    pace_ms: null,
    remote_id: `UC${id}`,
    name,
    handle,
    url: "https://www.youtube.com/",
    state: "ok",
    scopes: ["https://www.googleapis.com/auth/youtube.force-ssl"],
    sign_in_ends: null,
    connected_at: new Date(monday - 40 * day).toISOString(),
    waits: null,
    missed: { rule: "publish_if_within", minutes: 30 },
    slots: [
      { weekday: "sat", time: "18:00:00" },
      { weekday: "sun", time: "18:00:00" },
    ],
    live: null,
    next_due: null,
    waiting: 3,
    ends_before_due: false,
    privacy_note: null,
    ...more,
  };
}

export const accounts: AccountView[] = hash.has("empty")
  ? []
  : [
      account(1, "Mira Bakes", "@mirabakes"),
      account(2, "Mira Bakes Shorts", "@mirashorts", {
        state: "sign_in",
        ends_before_due: true,
        sign_in_ends: new Date(midnight + 2 * day).toISOString(),
      }),
    ];

const titles = [
  "Starter in seven days",
  "Why your loaf is flat",
  "Oven spring, slowly",
  "Flour map of Europe",
  "Proofing baskets compared",
  "The crust nobody tells you about",
  "Saturday bake-along",
  "Ask me about hydration",
  "Knife, board, bread",
  "Rye at night",
];
const plan: [number, number, State, number][] = [
  [0, 12, "published", 0],
  [1, 18, "published", 1],
  [2, 12, "published", 2],
  [3, 11, "published", 3],
  [3, 18, "working", 4],
  [4, 18, "draft", 5],
  [5, 10, "handed_over", 6],
  [6, 12, "stuck", 7],
  [1, 10, "published", 8],
  [4, 11, "parked", 9],
  [5, 15, "due", 0],
  [6, 9, "due", 2],
  [6, 18, "due", 4],
];

function delivery(at: number, [weekday, hour, state, title]: (typeof plan)[number]): DeliveryView {
  const due = new Date(monday + weekday * day + hour * 3_600_000).toISOString();
  const late = title === 8;
  return {
    id: at + 1,
    post: at + 1,
    account: state === "stuck" ? 2 : 1,
    account_name: state === "stuck" ? "Mira Bakes Shorts" : "Mira Bakes",
    platform: "youtube",
    title: titles[title] ?? "",
    file: `${(titles[title] ?? "").toLowerCase().replaceAll(/\W+/g, "-")}.mp4`,
    state,
    stage: state === "working" ? "sending" : null,
    goes_out: "handed_over",
    wall: {
      local: `${new Date(monday + weekday * day).toLocaleDateString("sv")}T${String(hour).padStart(2, "0")}:00:00`,
      zone,
    },
    due,
    next:
      state === "published"
        ? null
        : {
            at: due,
            then: state === "stuck" ? "you" : "look",
            text: "The platform publishes it; Slipway looks whether it did.",
          },
    paused: false,
    cancelling: false,
    confirmed: state === "working" ? 1_200_000_000 : 0,
    size: 1_900_000_000,
    remote:
      state === "published" || state === "handed_over"
        ? { id: `v${at}`, url: `https://www.youtube.com/watch?v=v${at}` }
        : null,
    privacy: state === "published" ? "public" : null,
    public_at: state === "published" ? due : null,
    late_ms: state === "published" ? (late ? 120_000 : 200) : null,
    problem:
      state === "stuck"
        ? problem(
            "unsure",
            'It is not certain whether YouTube has this post. Look there, then say "it is there" or "post again".',
            { do: "decide" },
            "connection cut after the last byte",
          )
        : state === "parked"
          ? problem("quota_spent", "Today's uploads are used up. It goes on at midnight, Pacific time.", {
              do: "wait_until",
              at: new Date(midnight + day).toISOString(),
            })
          : null,
    media: at + 1,
    duration_ms: 42_000,
    moving: state === "working" ? { sent: 1_200_000_000, total: 1_900_000_000, bytes_per_s: 41_000_000 } : null,
  };
}

export const deliveries: DeliveryView[] = hash.has("empty") ? [] : plan.map((row, at) => delivery(at, row));
export const composings: Composing[] = [];

const settings: Settings = {
  zone: hash.get("zone") ?? zone,
  parallel_uploads: 3,
  bandwidth: { rule: "unlimited" },
  paused: false,
  missed: { rule: "publish_if_within", minutes: 30 },
  measured: null,
  window: {
    theme: "system",
    language: "system",
    week_start: "system",
    notify: { published: true, needs_you: true, missed: true },
    autostart: false,
    close_to_tray: true,
    keep_awake: true,
  },
};

const glance = (): Glance => ({
  now: new Date().toISOString(),
  clock: null,
  paused: settings.paused,
  next: deliveries.find((row) => row.state === "due") ?? null,
  moving: deliveries.filter((row) => row.state === "working"),
  waiting: deliveries.filter((row) => ["due", "parked", "ready"].includes(row.state)).length,
  needs_you: deliveries.filter((row) => row.state === "stuck").length,
  last: deliveries.find((row) => row.state === "published") ?? null,
});

const house: HouseView = {
  folder: "Slipway",
  sandbox: hash.has("sandbox"),
  sandbox_page: null,
  vault: "keychain",
  tokens: accounts.length,
  version: "0.1.0",
  database_bytes: 395_000,
  backups_bytes: 1_200_000,
  posters_bytes: 84_000,
  practised_bytes: 0,
  queue_runs: true,
  now: now.toISOString(),
  problem: null,
};

const happenings = (): Happening[] =>
  deliveries.flatMap((row, at) =>
    ["videos.insert", "upload", "videos.list"].map((step, n): Happening => ({
      id: 1000 - at * 3 - n,
      at: row.due ?? "",
      delivery: row.id,
      account: row.account,
      account_name: row.account_name,
      platform: row.platform,
      title: row.title,
      step,
      outcome: "answered",
      status: 200,
      detail: null,
    })),
  );

function detail(id: number): DeliveryDetail {
  const row = deliveries.find((one) => one.id === id);
  if (!row) throw problem("not_found", "It is not there any more.", { do: "none" });
  return {
    ...row,
    words: { title: row.title, caption: "Full recipe in the comments. #rye #sourdough" },
    shared: { title: row.title, caption: "Full recipe in the comments. #rye #sourdough" },
    own_words: false,
    own_time: false,
    siblings: deliveries
      .filter((one) => one.post === row.post && one.id !== id)
      .map(({ id, account, platform, state }) => ({ id, account, platform, state, own_words: false, own_time: false })),
    options: { privacy: "public", made_for_kids: false },
    path: `/videos/${row.file}`,
    fingerprint: "b3:0f",
    tries: 3,
    began_at: row.due,
    created_at: row.due ?? "",
    extras: [],
    attempts: [
      { at: row.due ?? "", step: "videos.insert", outcome: "answered", status: 200, request_id: "a1", took_ms: 84 },
      {
        at: row.due ?? "",
        step: "upload",
        outcome: "answered",
        status: 201,
        sent: row.size,
        confirmed: row.size,
        took_ms: 46_200,
      },
    ],
  };
}

const backups: BackupView[] = [
  {
    name: "slipway-2026-11-23.db",
    at: new Date(midnight - day).toISOString(),
    bytes: 395_000,
    scheduled: 12,
    published: 34,
    problem: null,
  },
];

let vault: VaultView = {
  vault: "keychain",
  folders: [
    {
      id: "0a",
      path: "Slipway",
      place: "here",
      entries: accounts.map((account) => ({
        key: `home/0a/account/${account.id}`,
        kind: "account",
        platform: account.platform,
        id: account.name,
        name: account.name,
      })),
    },
    {
      id: "0b",
      path: "Slipway-old",
      place: "gone",
      entries: [
        { key: "home/0b/account/1", kind: "account", platform: "youtube", id: "UC0b", name: "Jonas Rides" },
        { key: "home/0b/app/1", kind: "app", platform: "youtube", id: "client", name: "client" },
      ],
    },
  ],
};

type Answers = { [K in keyof Commands]?: (given: Commands[K]["given"]) => Commands[K]["answer"] };

/** Tests may answer a command their own way. */
export const answers: Answers = {
  "platforms.list": () => facts as unknown as Facts[],
  "platforms.live": () => [
    { value: "22", label: "People & Blogs" },
    { value: "26", label: "Howto & Style" },
  ],
  "accounts.list": () => accounts,
  "accounts.health": ({ id }) => accounts.find((one) => one.id === id) ?? account(id, "", ""),
  "accounts.rules": ({ id, missed, slots }) => {
    const one = accounts.find((one) => one.id === id);
    if (!one) throw problem("not_found", "It is not there any more.", { do: "none" });
    return Object.assign(one, { missed }, slots ? { slots } : {});
  },
  "apps.list": () =>
    accounts.length === 0
      ? []
      : [
          {
            id: 1,
            platform: "youtube",
            client_id: "1234-abc.apps.googleusercontent.com",
            way: "",
            flags: {},
            redirect: null,
            config: null,
            quotas: [
              {
                bucket: "uploads",
                label: "Uploads",
                used: 3,
                per_day: 100,
                resets_at: new Date(midnight + day).toISOString(),
              },
            ],
          },
        ],
  "apps.test": () => ({ ok: true, problem: null, redirect: "http://127.0.0.1" }),
  "posts.list": ({ from, to, state, account }) =>
    deliveries.filter(
      (row) =>
        (!from || (row.due ?? "") >= new Date(from).toISOString()) &&
        (!to || (row.due ?? "") < new Date(to).toISOString()) &&
        (!state || row.state === state) &&
        (!account || row.account === account),
    ),
  "posts.days": ({ zone, most, state, account, text }) => {
    const days = new Map<string, DeliveryView[]>();
    for (const row of deliveries) {
      const fits =
        row.due !== null &&
        (!state || row.state === state) &&
        (!account || row.account === account) &&
        (!text || row.title.toLowerCase().includes(text.toLowerCase()));
      if (!fits || row.due === null) continue;
      const date = new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(Date.parse(row.due));
      days.set(date, [...(days.get(date) ?? []), row]);
    }
    return [...days].sort().map(([date, rows]) => {
      const posts = [...new Set(rows.map((row) => row.post))];
      return { date, posts: posts.length, rows: rows.filter((row) => posts.indexOf(row.post) < most) };
    });
  },
  "posts.show": ({ id }) => detail(id),
  "posts.reorder": ({ id, before }) => {
    const row = deliveries.find((one) => one.id === id);
    if (!row) throw problem("not_found", "It is not there any more.", { do: "none" });
    deliveries.splice(deliveries.indexOf(row), 1);
    const at = deliveries.findIndex((one) => one.id === before);
    deliveries.splice(at < 0 ? deliveries.length : at, 0, row);
    return deliveries.filter((one) => ["due", "working", "ready"].includes(one.state));
  },
  "posts.glance": glance,
  "posts.pause": ({ id, paused }) => Object.assign(detail(id), { paused }),
  "posts.diagnose": () => ({ text: "Slipway 0.1.0" }),
  "posts.check": ({ to }) => ({
    ok: true,
    due: null,
    media: probe(),
    channels: to.map((id) => ({
      account: Number(id),
      name: "Mira Bakes",
      platform: "youtube",
      goes_out: "handed_over",
      problems: [],
    })),
  }),
  "composing.list": () => composings,
  "composing.save": (given) => {
    const saved: Composing = {
      ...given,
      id: given.id ?? composings.length + 1,
      media: given.path === null ? null : 1,
      file: given.path?.split("/").pop() ?? null,
      updated_at: new Date().toISOString(),
      due: null,
    };
    const at = composings.findIndex((one) => one.id === saved.id);
    if (at >= 0) composings[at] = saved;
    else composings.push(saved);
    return saved;
  },
  "composing.remove": ({ id }) => {
    composings.splice(0, composings.length, ...composings.filter((one) => one.id !== id));
    return {};
  },
  "media.look": ({ path }) => ({
    media: 1,
    path,
    file: path.split("/").pop() ?? path,
    fingerprint: "b3:0f",
    probe: probe(),
  }),
  "media.poster": () => ({ path: null }),
  "media.keep_poster": ({ media }) => ({ path: `/posters/${media}.jpg` }),
  "slots.free": ({ from, to }) =>
    [5, 6]
      .map((weekday) => ({
        account: 1,
        at: new Date(monday + weekday * day + 18 * 3_600_000).toISOString(),
        wall: { local: `${new Date(monday + weekday * day).toLocaleDateString("sv")}T18:00:00`, zone },
      }))
      .filter((slot) => slot.at >= from && slot.at < to),
  "activity.list": ({ query }) =>
    happenings().filter((one) => !query || one.title.toLowerCase().includes(query.toLowerCase())),
  "activity.search": ({ query }) => ({
    lines: happenings().filter((one) => !query || one.title.toLowerCase().includes(query.toLowerCase())),
    before: null,
    back_to: null,
  }),
  "house.show": () => house,
  "accounts.disconnected": () => [],
  "accounts.siblings": () => [],
  "backups.list": () => backups,
  "vault.list": () => vault,
  "vault.wipe": (given) => {
    const goes = (folder: VaultFolder) =>
      folder.id === given.folder || (given.orphans === true && folder.place === "gone");
    const gone = vault.folders.filter(goes).flatMap((folder) => folder.entries);
    vault = { ...vault, folders: vault.folders.filter((folder) => !goes(folder)) };
    return { entries: gone.length, channels: gone.flatMap((entry) => entry.name ?? []) };
  },
  "backups.make": () => backups[0] ?? { name: "", at: "", bytes: 0, scheduled: 0, published: 0, problem: null },
  "time.read": ({ at, zone: given }) => ({
    due: new Date(at).toISOString(),
    wall: { local: at, zone: given ?? zone },
    kind: "exact",
  }),
  "settings.get": () => settings,
  "settings.set": (given) => {
    Object.assign(settings, given);
    say({ kind: "engine", event: { seq: 0, what: "settings" } });
    return settings;
  },
  "settings.pause": ({ paused }) => Object.assign(settings, { paused }),
};

function probe(): Commands["media.look"]["answer"]["probe"] {
  return {
    size: 184_000_000,
    mime: "video/mp4",
    container: "mp4",
    brands: ["isom"],
    duration_ms: 42_000,
    bit_rate: 35_000_000,
    video: {
      codec: "h264",
      profile: 100,
      level: 42,
      coded_width: 1080,
      coded_height: 1920,
      width: 1080,
      height: 1920,
      rotation: 0,
      frame_rate: 30,
      variable_frame_rate: false,
      bit_depth: 8,
      chroma: "4:2:0",
      transfer: "sdr",
    },
    audio: { codec: "aac", channels: 2, sample_rate: 48_000, bit_rate: 192_000 },
    moov: "front",
    fragmented: false,
    notes: [],
  };
}

/** What was asked, in order; for tests. */
export const asked: { name: string; given: unknown }[] = [];

export async function call<K extends keyof Commands>(
  name: K,
  given: Commands[K]["given"],
): Promise<Commands[K]["answer"]> {
  asked.push({ name, given });
  const answer = answers[name];
  if (!answer) throw problem("not_now", `${name} needs an engine.`, { do: "none" });
  return structuredClone(answer(given));
}

/** What the shell is to refuse, for tests. */
export const refuse = new Set<keyof ShellCommands>();

export async function shell<K extends keyof ShellCommands>(
  name: K,
  given: ShellCommands[K]["given"],
): Promise<ShellCommands[K]["answer"]> {
  asked.push({ name, given });
  if (refuse.has(name)) throw problem("not_now", `${name} is refused.`, { do: "none" });
  const known: { [K in keyof ShellCommands]?: ShellCommands[K]["answer"] } = {
    about: {
      version: "0.1.0",
      sandbox: house.sandbox,
      platform: "linux",
      display_language: typeof navigator === "undefined" ? "en" : navigator.language,
      start: {},
    },
    pick_videos: ["/videos/rye-crust-final.mp4"],
    pick_file: "/pictures/rye-crust.jpg",
    expand: "paths" in given ? given.paths : [],
    autostart: true,
  };
  return (known[name] ?? null) as ShellCommands[K]["answer"];
}

const listeners = new Set<(event: HostEvent) => void>();
const droppers = new Set<(drop: Drop) => void>();

/** Plays the engine or the shell. */
export const say = (event: HostEvent): void => listeners.forEach((tell) => tell(event));
export const drop = (what: Drop): void => droppers.forEach((tell) => tell(what));

export async function listen(tell: (event: HostEvent) => void): Promise<() => void> {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

export async function onDrop(tell: (drop: Drop) => void): Promise<() => void> {
  droppers.add(tell);
  return () => droppers.delete(tell);
}

export const mediaUrl = (media: number): string => `media/${media}`;
export const posterUrl = (media: number): string => `poster/${media}`;
export const pickVideos = (): Promise<string[]> => shell("pick_videos", {});
export const pickFile = (extensions: string[]): Promise<string | null> => shell("pick_file", { extensions });
export const openUrl = (url: string): Promise<null> => shell("open_url", { url });
export const copyText = async (text: string): Promise<void> => void asked.push({ name: "copy", given: { text } });
