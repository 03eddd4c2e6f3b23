// What goes over the border between the engine and the window. Checked against the engine's list of commands by a test there
// (`the_windows_list_of_commands_is_the_engines`); shapes follow crates/core/src/view.rs, api.rs and facts.rs.

export type Timestamp = string;
export type State = "draft" | "due" | "working" | "ready" | "handed_over" | "parked" | "stuck" | "published" | "cancelled";
export type Stage = "opening" | "sending" | "processing" | "publishing" | "checking" | "editing" | "removing";
export type GoesOut = "now" | "handed_over" | "staged" | "at_the_minute";
export type WallTime = { local: string; zone: string; fold?: boolean };
export type Words = { title: string; caption: string };
export type Options = Record<string, unknown>;
export type Weight = "block" | "warn";
export type Fix =
  | { do: "none" } | { do: "sign_in"; account: number } | { do: "add_app"; platform: string } | { do: "edit"; field: string }
  | { do: "choose_file" } | { do: "wait_until"; at: Timestamp } | { do: "decide" } | { do: "retry" } | { do: "unlock_keychain" }
  | { do: "choose_vault" } | { do: "free_space" } | { do: "restore_backup" };
export type Problem = { code: string; weight: Weight; message: string; fix: Fix; detail?: string; also?: Problem[] };
export type Remote = { id: string; url: string };
export type NextStep = "begin" | "publish" | "look" | "ask" | "you";
export type Next = { at: Timestamp | null; then: NextStep; text: string };
export type Moving = { sent: number; total: number; bytes_per_s: number };
export type DeliveryView = {
  id: number; post: number; account: number; account_name: string; platform: string; title: string; file: string; state: State;
  stage: Stage | null; goes_out: GoesOut; wall: WallTime | null; due: Timestamp | null; next: Next | null; paused: boolean;
  cancelling: boolean; confirmed: number; size: number; remote: Remote | null; privacy: string | null; public_at: Timestamp | null;
  late_ms: number | null; problem: Problem | null; media: number; duration_ms: number | null; moving: Moving | null;
};
export type ErrandState = "waiting" | "working" | "stuck" | "done";
export type ErrandView = { id: number; step: string; state: ErrandState; next: Timestamp | null; problem: Problem | null; done_at: Timestamp | null };
export type Attempt = {
  errand?: number; at: Timestamp; step: string; outcome: string; status?: number; request_id?: string; sent?: number; confirmed?: number;
  took_ms?: number; detail?: string;
};
export type DeliveryDetail = DeliveryView & {
  words: Words; options: Options; path: string; fingerprint: string; tries: number; began_at: Timestamp | null; created_at: Timestamp;
  extras: ErrandView[]; attempts: Attempt[];
};
export type QuotaView = { bucket: string; label: string; used: number; per_day: number; resets_at: Timestamp | null };
export type AppView = { id: number; platform: string; client_id: string; quotas: QuotaView[] };
export type AccountState = "ok" | "sign_in" | "gone";
export type WaitView = { until: Timestamp; problem: Problem };
export type MissedRule = { rule: "ask" } | { rule: "publish_if_within"; minutes: number } | { rule: "next_free_slot" } | { rule: "skip" };
export type Weekday = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
export type Slot = { weekday: Weekday; time: string };
export type AccountView = {
  id: number; platform: string; platform_name: string; app: number; remote_id: string; name: string; handle: string | null;
  url: string | null; state: AccountState; scopes: string[]; sign_in_ends: Timestamp | null; connected_at: Timestamp;
  waits: WaitView | null; missed: MissedRule; slots: Slot[]; live: unknown; next_due: Timestamp | null; waiting: number;
  ends_before_due: boolean; privacy_note: string | null;
};
export type Unit = "chars" | "utf16" | "bytes";
export type WordField = "title" | "caption";
export type WordFact = { field: WordField; label: string; required: boolean; max: number; unit: Unit; forbidden: string[]; as_of: string };
export type OptionKind =
  | { is: "flag" } | { is: "one_of"; choices: [string, string][] } | { is: "live"; what: string } | { is: "text"; max: number; unit: Unit }
  | { is: "tags"; max_total: number } | { is: "date" } | { is: "language" } | { is: "file"; mimes: string[]; max_size: number };
export type OptionFact = {
  key: string; label: string; help: string; kind: OptionKind; required: boolean; default: string | null;
  depends_on: [string, string[]] | null; amendable: boolean; as_of: string;
};
export type ScopeFact = { scope: string; required: boolean; why: string };
export type SignInFacts = { scopes: ScopeFact[]; secret: boolean; redirect_host: string; redirect_path: string; revokes_all: boolean };
export type MediaFacts = { mimes: string[]; max_size: number; max_duration_ms: number | null; min_duration_ms: number; as_of: string };
export type QuotaFact = { bucket: string; label: string; per_day: number; resets_in: string; as_of: string };
export type Facts = {
  id: string; name: string; hosts: string[]; sign_in: SignInFacts; words: WordFact[]; media: MediaFacts; options: OptionFact[];
  quotas: QuotaFact[]; processing_s_per_min: number; session_s: number; as_of: string; source: string;
};
export type Probe = {
  size: number; mime: string; container: string; brands: string[]; duration_ms: number | null; bit_rate: number | null;
  video: { codec: string; width: number; height: number; frame_rate?: number | null } | null;
  audio: { codec: string } | null; fragmented: boolean; notes: unknown[];
};
export type Settings = {
  zone: string; parallel_uploads: number; bandwidth: BandwidthRule; paused: boolean; missed: MissedRule; measured: number | null;
  window: WindowSettings;
};
export type BandwidthRule = { rule: "unlimited" } | { rule: "always"; bytes_per_second: number } | DailyLimit;
/** `from` and `to` are times of day; across midnight where `to` is not after `from`. */
export type DailyLimit = {
  rule: "daily"; bytes_per_second: number; from: string; to: string; zone: string; outside: "unlimited" | "paused";
};
export type WindowSettings = {
  theme: "system" | "light" | "dark"; language: "system" | "en" | "ja" | "ru"; week_start: "system" | "mon" | "sun" | "sat";
  notify: { published: boolean; needs_you: boolean; missed: boolean }; autostart: boolean; close_to_tray: boolean; keep_awake: boolean;
};
export type Composing = {
  id: number; path: string | null; media: number | null; file: string | null; to: number[]; words: Words; words_for: Record<string, Words>;
  options: Record<string, Options>; at: string | null; zone: string | null; fold?: boolean; updated_at: Timestamp; due: Timestamp | null;
};
export type SaveComposing = {
  id: number | null; path: string | null; to: number[]; words: Words; words_for: Record<string, Words>; options: Record<string, Options>;
  at: string | null; zone: string | null; fold?: boolean;
};
export type Looked = { media: number; path: string; file: string; probe: Probe; fingerprint: string };
export type Happening = {
  id: number; at: Timestamp; delivery: number; account: number; account_name: string; platform: string; title: string; step: string;
  outcome: string; status: number | null; detail: string | null;
};
export type FreeSlot = { account: number; at: Timestamp; wall: WallTime };
export type HouseView = {
  folder: string; sandbox: boolean; sandbox_page: string | null; vault: "keychain" | "file" | "memory"; tokens: number; version: string;
  database_bytes: number; backups_bytes: number; posters_bytes: number; queue_runs: boolean; now: Timestamp;
};
export type BackupView = { name: string; at: Timestamp; bytes: number };
export type Glance = {
  now: Timestamp; paused: boolean; next: DeliveryView | null; moving: DeliveryView[]; waiting: number; needs_you: number;
  last: DeliveryView | null;
};
export type Choice = { value: string; label: string };
export type AddPost = {
  path: string; to: string[]; words?: Words; words_for?: Record<string, Words>; options?: Record<string, Options>; at?: string | null;
  draft?: boolean; again?: boolean; composing?: number | null;
};
export type CheckedChannel = { account: number; name: string; platform: string; goes_out: GoesOut; problems: Problem[] };
export type Checked = { ok: boolean; media: Probe; due: Timestamp | null; channels: CheckedChannel[] };
export type Added = { post: number; deliveries: DeliveryView[]; warnings: Problem[] };
export type EditPost = {
  id: number; title?: string | null; caption?: string | null; at?: string | null; options?: Options; words_for?: Record<string, Words | null>;
};
export type Filter = { from?: Timestamp | null; to?: Timestamp | null; state?: State | null; account?: number | null; limit?: number | null };
export type Nothing = Record<string, never>;
export type Id = { id: number };
export type NoticeKind = "published" | "needs_you" | "missed";
export type Event = { seq: number } & (
  | { what: "delivery"; id: number } | { what: "account"; id: number } | { what: "app"; id: number } | { what: "media"; id: number }
  | { what: "composing"; id: number } | { what: "settings" } | { what: "elsewhere" } | { what: "notice"; delivery: number; kind: NoticeKind }
  | { what: "moving"; delivery: number; sent: number; total: number; bytes_per_s: number }
);
export interface Commands {
  "platforms.list": { given: Nothing; answer: Facts[] };
  "platforms.live": { given: { account: number; what: string }; answer: Choice[] };
  "apps.add": { given: { platform: string; client_id: string; client_secret?: string | null; quotas?: Record<string, number> }; answer: AppView };
  "apps.list": { given: Nothing; answer: AppView[] };
  "apps.remove": { given: Id; answer: Nothing };
  "apps.test": { given: Id; answer: { ok: boolean; problem: Problem | null; redirect: string } };
  "accounts.connect": { given: { platform: string; app?: number | null; patience_s?: number | null }; answer: AccountView };
  "accounts.list": { given: Nothing; answer: AccountView[] };
  "accounts.disconnect": { given: Id; answer: { account: number; revoked: boolean; waiting: number; handed_over: number } };
  "accounts.rules": { given: { id: number; missed: MissedRule; slots?: Slot[] }; answer: AccountView };
  "accounts.health": { given: Id; answer: AccountView };
  "posts.check": { given: AddPost; answer: Checked };
  "posts.add": { given: AddPost; answer: Added };
  "posts.list": { given: Filter; answer: DeliveryView[] };
  "posts.show": { given: Id; answer: DeliveryDetail };
  "posts.edit": { given: EditPost; answer: DeliveryView[] };
  "posts.schedule": { given: { id: number; again?: boolean }; answer: DeliveryView };
  "posts.cancel": { given: Id; answer: DeliveryView };
  "posts.retry": { given: { id?: number | null }; answer: DeliveryView[] };
  "posts.decide": { given: { id: number; there?: string | null }; answer: DeliveryView };
  "posts.pause": { given: { id: number; paused: boolean }; answer: DeliveryView };
  "posts.reorder": { given: { id: number; before: number | null }; answer: DeliveryView[] };
  "posts.glance": { given: Nothing; answer: Glance };
  "posts.diagnose": { given: Id; answer: { text: string } };
  "composing.list": { given: Nothing; answer: Composing[] };
  "composing.save": { given: SaveComposing; answer: Composing };
  "composing.remove": { given: Id; answer: Nothing };
  "media.look": { given: { path: string }; answer: Looked };
  "media.poster": { given: { media: number }; answer: { path: string | null } };
  "media.keep_poster": { given: { media: number; jpeg_base64: string }; answer: { path: string } };
  "media.hash": { given: Nothing; answer: { media: number | null } };
  "slots.free": { given: { from: Timestamp; to: Timestamp; account?: number | null }; answer: FreeSlot[] };
  "activity.list": { given: { query?: string | null; before?: number | null; limit?: number | null; account?: number | null }; answer: Happening[] };
  "house.show": { given: Nothing; answer: HouseView };
  "backups.list": { given: Nothing; answer: BackupView[] };
  "backups.make": { given: Nothing; answer: BackupView };
  "time.read": { given: { at: string; zone?: string | null; fold?: boolean }; answer: { due: Timestamp; wall: WallTime; kind: "exact" | "gap" | "overlap" } };
  "settings.get": { given: Nothing; answer: Settings };
  "settings.set": { given: Settings; answer: Settings };
  "settings.pause": { given: { paused: boolean }; answer: Settings };
}
