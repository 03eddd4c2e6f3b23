// What goes over the border between the engine and the window. Generated from the engine's types by `./dev bindings`; a test there
// (`the_windows_bindings_are_the_engines`) fails when it is anything else. Instants are text in UTC.

export type Options = Record<string, unknown>;

export type AccessEnd =
  | { "outcome": "revoked", ended: Array<LinkedChannel> }
  | { "outcome": "kept", siblings: Array<LinkedChannel>, page: string | null }
  | { "outcome": "not_possible", page: string | null }
  | { "outcome": "unreached", page: string | null }
  | { "outcome": "unconfirmed", ended: Array<LinkedChannel>, page: string | null }
  | { "outcome": "nothing_stored", page: string | null };

export type AccountState = "ok" | "sign_in" | "gone";

export type AccountView = {
  id: number;
  platform: string;
  platform_name: string;
  app: number;
  way: string;
  pace_ms: number | null;
  remote_id: string;
  name: string;
  handle: string | null;
  url: string | null;
  state: AccountState;
  scopes: Array<string>;
  sign_in_ends: string | null;
  connected_at: string;
  waits: WaitView | null;
  missed: MissedRule;
  slots: Array<Slot>;
  live: unknown;
  next_due: string | null;
  waiting: number;
  ends_before_due: boolean;
  privacy_note: string | null;
};

export type AddApp = {
  platform: string;
  client_id: string;
  client_secret?: string | null;
  quotas?: Record<string, number> | null;
  way?: string | null;
  flags?: Record<string, boolean> | null;
  redirect?: string | null;
  config?: string | null;
};

export type AddPost = {
  path: string;
  to: Array<string>;
  words?: Words;
  words_for?: Record<string, Words>;
  options?: Record<string, Options>;
  at?: string | null;
  draft?: boolean;
  again?: boolean;
  composing?: number | null;
};

export type Added = { post: number, deliveries: Array<DeliveryView>, warnings: Array<Problem> };

export type AppFlagFact = { key: string, label: string, help: string, default: boolean };

export type AppView = {
  id: number;
  platform: string;
  client_id: string;
  way: string;
  flags: Record<string, boolean>;
  redirect: string | null;
  config: string | null;
  quotas: Array<QuotaView>;
};

export type AskLive = { account: number, what: string };

export type AskedBy = "post_form" | "get_query";

export type Attempt = {
  errand?: number;
  at: string;
  step: string;
  outcome: string;
  status?: number;
  request_id?: string;
  sent?: number;
  confirmed?: number;
  took_ms?: number;
  detail?: string;
};

export type Audio = { codec: string, channels: number | null, sample_rate: number | null, bit_rate: number | null };

export type BackupView = {
  name: string;
  at: string;
  bytes: number;
  scheduled: number | null;
  published: number | null;
  problem: Problem | null;
};

export type BandwidthRule =
  | { "rule": "unlimited" }
  | { "rule": "always", bytes_per_second: number }
  | { "rule": "daily", bytes_per_second: number, from: string, to: string, zone: string, outside: Outside };

export type Checked = { ok: boolean, media: Probe, due: string | null, channels: Array<CheckedChannel> };

export type CheckedChannel = { account: number, name: string, platform: string, goes_out: GoesOut, problems: Array<Problem> };

export type Choice = { value: string, label: string };

export type Choosable = { remote_id: string, name: string, handle: string | null, connected: boolean };

export type Choose = { id: number, platform: string, channels: Array<Choosable> };

export type Chosen = { id: number, remote_ids: Array<string> };

export type Chroma = "4:0:0" | "4:2:0" | "4:2:2" | "4:4:4";

export type Code =
  | "file_missing"
  | "file_empty"
  | "file_unreadable"
  | "file_not_video"
  | "file_damaged"
  | "file_zero_length"
  | "file_changed"
  | "file_too_large"
  | "file_too_long"
  | "file_unsupported"
  | "already_there"
  | "text_missing"
  | "text_too_long"
  | "text_illegal"
  | "option_unknown"
  | "option_missing"
  | "option_invalid"
  | "time_past"
  | "time_invalid"
  | "zone_unknown"
  | "time_shifted"
  | "clock_wrong"
  | "missed"
  | "account_unknown"
  | "platform_unknown"
  | "app_missing"
  | "app_refused"
  | "sign_in_needed"
  | "wrong_channel"
  | "sign_in_denied"
  | "sign_in_scope"
  | "sign_in_state"
  | "sign_in_timeout"
  | "sign_in_failed"
  | "sign_in_ends"
  | "no_channel"
  | "permission_missing"
  | "quota_spent"
  | "account_limit"
  | "rate_limited"
  | "offline"
  | "platform_down"
  | "refused"
  | "strange"
  | "unsure"
  | "not_cancelled"
  | "restored"
  | "gave_up"
  | "privacy_differs"
  | "not_public"
  | "processing_failed"
  | "extra_failed"
  | "already_public"
  | "finish_there"
  | "finish_soon"
  | "terms_changed"
  | "not_audited"
  | "keychain_locked"
  | "keychain_absent"
  | "keychain_broken"
  | "secret_damaged"
  | "vault_damaged"
  | "wrong_vault"
  | "too_many_files"
  | "disk_full"
  | "read_only"
  | "database_newer"
  | "database_corrupt"
  | "database_missing"
  | "database_other_world"
  | "already_running"
  | "host_unknown"
  | "not_found"
  | "not_now"
  | "bad_request"
  | "internal";

export type Composing = {
  id: number;
  media: number | null;
  file: string | null;
  updated_at: string;
  due: string | null;
  path: string | null;
  to: Array<number>;
  words: Words;
  words_for: Record<string, Words>;
  options: Record<string, Options>;
  at: string | null;
  zone: string | null;
  fold: boolean;
};

export type ConfigFact = { field: string, extra: Array<[string, string]> };

export type Connect = {
  platform: string;
  app?: number | null;
  way?: string | null;
  token?: string | null;
  choose?: Array<string>;
  patience_s?: number | null;
};

export type Connection = { accounts: Array<AccountView>, choosing: Choose | null };

export type ConsentText = { when: [string, Array<string>] | null, text: string, links: Array<[string, string]> };

export type Container = "mp4" | "mov" | "webm" | "matroska" | "avi" | "mpeg_ts" | "mpeg_ps" | "flv" | "asf" | "ogg";

export type Count = { posts: number };

export type DayView = { date: string, posts: number, rows: Array<DeliveryView> };

export type Days = {
  from: string;
  days: number;
  zone: string;
  most: number;
  account?: number | null;
  state?: State | null;
  text?: string | null;
};

export type Decide = { id: number, there?: string | null };

export type DeliveryDetail = {
  words: Words;
  shared: Words;
  own_words: boolean;
  own_time: boolean;
  options: Options;
  siblings: Array<Sibling>;
  path: string;
  fingerprint: string;
  tries: number;
  began_at: string | null;
  created_at: string;
  extras: Array<ErrandView>;
  attempts: Array<Attempt>;
  id: number;
  post: number;
  account: number;
  account_name: string;
  platform: string;
  title: string;
  file: string;
  state: State;
  stage: Stage | null;
  goes_out: GoesOut;
  wall: WallTime | null;
  due: string | null;
  next: Next | null;
  paused: boolean;
  cancelling: boolean;
  confirmed: number;
  size: number;
  remote: Remote | null;
  privacy: string | null;
  public_at: string | null;
  late_ms: number | null;
  problem: Problem | null;
  media: number;
  duration_ms: number | null;
  moving: Moving | null;
};

export type DeliveryView = {
  id: number;
  post: number;
  account: number;
  account_name: string;
  platform: string;
  title: string;
  file: string;
  state: State;
  stage: Stage | null;
  goes_out: GoesOut;
  wall: WallTime | null;
  due: string | null;
  next: Next | null;
  paused: boolean;
  cancelling: boolean;
  confirmed: number;
  size: number;
  remote: Remote | null;
  privacy: string | null;
  public_at: string | null;
  late_ms: number | null;
  problem: Problem | null;
  media: number;
  duration_ms: number | null;
  moving: Moving | null;
};

export type Disconnect = { id: number, siblings?: Siblings };

export type Disconnected = {
  account: number;
  revoked: boolean;
  access: AccessEnd;
  waiting: number;
  handed_over: number;
  data_until: string;
};

export type EditPost = {
  id: number;
  also?: Array<number>;
  whole?: boolean;
  own_too?: boolean;
  title?: string | null;
  caption?: string | null;
  at?: string | null;
  asap?: boolean;
  options?: Options;
};

export type EntryKind = "account" | "app" | "folder" | "unreadable";

export type ErrandState = "waiting" | "working" | "stuck" | "done";

export type ErrandView = {
  id: number;
  step: string;
  state: ErrandState;
  next: string | null;
  problem: Problem | null;
  done_at: string | null;
};

export type Event = { seq: number } & ({ "what": "delivery", id: number } | { "what": "account", id: number } | { "what": "app", id: number } | { "what": "media", id: number } | { "what": "composing", id: number } | { "what": "settings" } | { "what": "clock" } | { "what": "house" } | { "what": "elsewhere" } | { "what": "notice", delivery: number, kind: NoticeKind } | { "what": "moving", delivery: number, sent: number, total: number, bytes_per_s: number });

export type Exclusion = { value: string, other: string, other_value: string, why: string };

export type Facts = {
  id: string;
  name: string;
  hosts: Array<string>;
  sign_in: SignInFacts;
  also: Array<SignInFacts>;
  app_flags: Array<AppFlagFact>;
  words: Array<WordFact>;
  media: MediaFacts;
  options: Array<OptionFact>;
  quotas: Array<QuotaFact>;
  rates: Array<RateFact>;
  terms: boolean;
  preview: PreviewFact;
  ahead_s: number | null;
  privacy_note: string | null;
  processing_s_per_min: number;
  session_s: number;
  as_of: string;
  source: string;
};

export type Filter = {
  from?: string | null;
  to?: string | null;
  state?: State | null;
  account?: number | null;
  limit?: number | null;
  after?: number | null;
  current?: boolean | null;
  needs_you?: boolean | null;
};

export type Finish = { id: number, url?: string | null };

export type Fix =
  | { "do": "none" }
  | { "do": "sign_in", account: number }
  | { "do": "add_app", platform: string }
  | { "do": "edit", field: string }
  | { "do": "choose_file" }
  | { "do": "wait_until", at: string }
  | { "do": "decide" }
  | { "do": "retry" }
  | { "do": "unlock_keychain" }
  | { "do": "choose_vault" }
  | { "do": "free_space" }
  | { "do": "restore_backup" };

export type FolderPlace = "here" | "elsewhere" | "replaced" | "gone" | "unknown";

export type Forgotten = { bytes: number };

export type FreeSlot = { account: number, at: string, wall: WallTime };

export type Glance = {
  now: string;
  clock: Problem | null;
  paused: boolean;
  next: DeliveryView | null;
  moving: Array<DeliveryView>;
  waiting: number;
  needs_you: number;
  last: DeliveryView | null;
};

export type GoesOut = "now" | "handed_over" | "staged" | "at_the_minute";

export type GoneView = {
  id: number;
  platform: string;
  platform_name: string;
  name: string;
  handle: string | null;
  disconnected_at: string;
  data_until: string;
  waiting: number;
};

export type Grantee = "channel" | "asked" | "unknown";

export type Happening = {
  id: number;
  at: string;
  delivery: number;
  account: number;
  account_name: string;
  platform: string;
  title: string;
  step: string;
  outcome: string;
  status: number | null;
  detail: string | null;
};

export type Hashed = { media: number | null };

export type History = { query?: string | null, before?: number | null, limit?: number | null, account?: number | null };

export type HouseView = {
  folder: string;
  sandbox: boolean;
  sandbox_page: string | null;
  vault: VaultKind;
  tokens: number;
  version: string;
  database_bytes: number;
  backups_bytes: number;
  posters_bytes: number;
  practised_bytes: number;
  queue_runs: boolean;
  now: string;
  problem: Problem | null;
};

export type Id = { id: number };

export type KeepPoster = { media: number, jpeg_base64: string };

export type LinkedChannel = { account: number, platform: string, name: string };

export type Look = { path: string };

export type Looked = { media: number, path: string, file: string, probe: Probe, fingerprint: string };

export type Media = { media: number };

export type MediaFacts = {
  mimes: Array<string>;
  max_size: number;
  max_duration_ms: number | null;
  max_duration_live: string | null;
  min_duration_ms: number;
  side: [number, number] | null;
  max_width: number | null;
  frame_rate: [number, number] | null;
  aspect: [number, number] | null;
  as_of: string;
};

export type MissedRule =
  | { "rule": "ask" }
  | { "rule": "publish_if_within", minutes: number }
  | { "rule": "next_free_slot" }
  | { "rule": "skip" };

export type Moov = "front" | "end";

export type Moving = { sent: number, total: number, bytes_per_s: number };

export type Next = { at: string | null, then: NextStep, text: string };

export type NextStep = "begin" | "publish" | "look" | "ask" | "you";

export type Note =
  | "recognised_only"
  | "encrypted"
  | "edit_list"
  | "duration_unknown"
  | "read_in_part"
  | "trailing_bytes"
  | "dolby_vision"
  | "odd_matrix";

export type Nothing = Record<string, never>;

export type NoticeKind = "published" | "needs_you" | "missed" | "finish_there";

export type Notify = { published: boolean, needs_you: boolean, missed: boolean };

export type OAuthErrors =
  | { "shape": "flat" }
  | { "shape": "coded", grant: Array<number>, app: Array<number>, app_said: Array<[number, string]>, passing: Array<number> };

export type OptionFact = {
  key: string;
  label: string;
  help: string;
  kind: OptionKind;
  required: boolean;
  default: string | null;
  depends_on: [string, Array<string>] | null;
  allowed: string | null;
  off_when: [string, string] | null;
  excludes: Array<Exclusion>;
  amendable: boolean;
  in_view: boolean;
  as_of: string;
};

export type OptionKind =
  | { "is": "flag" }
  | { "is": "one_of", choices: Array<[string, string]> }
  | { "is": "live", what: string }
  | { "is": "text", max: number, unit: Unit }
  | { "is": "tags", max_total: number }
  | { "is": "date" }
  | { "is": "language" }
  | { "is": "file", mimes: Array<string>, max_size: number }
  | { "is": "videos", mimes: Array<string>, max_size: number, most: number }
  | { "is": "number", min: number, max: number, unit: string }
  | { "is": "names", most: number }
  | { "is": "consent", says: Array<ConsentText> };

export type Outside = "unlimited" | "paused";

export type Pause = { id: number, paused: boolean };

export type PauseAll = { paused: boolean };

export type Pkce = "s256" | "s256_hex" | "none";

export type Poster = { path: string | null };

export type PreviewFact = {
  frame: [number, number];
  covered: [number, number, number, number];
  caption_cut: number | null;
  as_of: string;
};

export type Probe = {
  size: number;
  mime: string;
  container: Container;
  brands: Array<string>;
  duration_ms: number | null;
  bit_rate: number | null;
  video: Video | null;
  audio: Audio | null;
  moov: Moov | null;
  fragmented: boolean;
  notes: Array<Note>;
};

export type Problem = { code: Code, weight: Weight, message: string, fix: Fix, detail?: string, also?: Array<Problem> };

export type Purged = { removed: number, kept: number, copies: number };

export type QuotaFact = { bucket: string, label: string, per_day: number, resets_in: string, as_of: string };

export type QuotaView = { bucket: string, label: string, used: number, per_day: number, resets_at: string | null };

export type Range = { from: string, to: string, account?: number | null };

export type RateFact = { calls: Array<string>, per_minute: number, as_of: string };

export type ReadTime = { at: string, zone?: string | null, fold?: boolean };

export type RedirectKind = "fixed_port" | "https_page";

export type RedirectPage = { name: string, text: string };

export type Refile = { id: number, path: string };

export type Remote = { id: string, url: string };

export type Renew = { "by": "refresh_token" } | { "by": "exchange", long: TradeFact, again: TradeFact, days: number };

export type Reorder = { id: number, before: number | null };

export type Report = { text: string };

export type RevokeFact =
  | { "by": "refresh_token", at: [string, string] }
  | { "by": "access_token", at: [string, string] }
  | { "by": "delete", at: [string, string] };

export type Rules = { id: number, missed: MissedRule, slots?: Array<Slot> };

export type SaveComposing = {
  id: number | null;
  path: string | null;
  to: Array<number>;
  words: Words;
  words_for: Record<string, Words>;
  options: Record<string, Options>;
  at: string | null;
  zone: string | null;
  fold: boolean;
};

export type Schedule = { id: number, again?: boolean };

export type ScopeFact = { scope: string, required: boolean, when: [string, boolean] | null, why: string };

export type Searched = { lines: Array<Happening>, before: number | null, back_to: string | null };

export type Settings = {
  zone: string;
  parallel_uploads: number;
  bandwidth: BandwidthRule;
  paused: boolean;
  missed: MissedRule;
  measured: number | null;
  window: WindowSettings;
};

export type Sibling = { id: number, account: number, platform: string, state: State, own_words: boolean, own_time: boolean };

export type Siblings = "keep" | "end";

export type SignInFacts = {
  way: string;
  label: string;
  note: string | null;
  console: string;
  steps: Array<StepFact>;
  authorize: [string, string];
  token: [string, string];
  asked_by: AskedBy;
  errors: OAuthErrors;
  renew: Renew;
  revoke: RevokeFact | null;
  pkce: Pkce;
  secret: boolean;
  client_id_field: string;
  scope_separator: string;
  scopes: Array<ScopeFact>;
  config: ConfigFact | null;
  proof: string | null;
  extra: Array<[string, string]>;
  redirect_path: string;
  redirect_host: string;
  redirects: Array<RedirectKind>;
  paste: string | null;
  account_tokens: boolean;
  asks_scopes: boolean;
  rotates: boolean;
  revokes_all: boolean;
  grantee: Grantee;
  project_until: string | null;
  access_page: string | null;
};

export type Slot = { weekday: "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun", time: string };

export type Stage = "opening" | "sending" | "processing" | "publishing" | "checking" | "editing" | "removing";

export type State =
  | "draft"
  | "due"
  | "working"
  | "ready"
  | "handed_over"
  | "to_finish"
  | "parked"
  | "stuck"
  | "published"
  | "cancelled";

export type StepFact = { text: string, copy: string | null };

export type Tested = { ok: boolean, problem: Problem | null, redirect: string };

export type TimeRead = { due: string, wall: WallTime, kind: "exact" | "gap" | "overlap" };

export type TradeFact = {
  at: [string, string];
  grant_type: string;
  token_field: string;
  client_id: boolean;
  client_secret: boolean;
};

export type Transfer = "sdr" | "pq" | "hlg" | "other";

export type Unit = "chars" | "utf16" | "bytes";

export type VaultEntry = { key: string, kind: EntryKind, platform: string | null, id: string | null, name: string | null };

export type VaultFolder = { id: string | null, path: string | null, place: FolderPlace, entries: Array<VaultEntry> };

export type VaultKind = "keychain" | "file" | "memory";

export type VaultView = { vault: VaultKind, folders: Array<VaultFolder> };

export type Video = {
  codec: string;
  profile: number | null;
  level: number | null;
  coded_width: number;
  coded_height: number;
  width: number;
  height: number;
  rotation: number;
  frame_rate: number | null;
  variable_frame_rate: boolean;
  bit_depth: number | null;
  chroma: Chroma | null;
  transfer: Transfer | null;
};

export type WaitView = { until: string, problem: Problem };

export type WallTime = { local: string, zone: string, fold?: boolean };

export type Weight = "block" | "warn";

export type Which = { id?: number | null };

export type WindowSettings = {
  theme: "system" | "light" | "dark";
  language: "system" | "en" | "ja" | "ru";
  week_start: "system" | "mon" | "sun" | "sat";
  notify: Notify;
  autostart: boolean;
  close_to_tray: boolean;
  keep_awake: boolean;
};

export type Wipe = { orphans?: boolean, folder?: string | null, entry?: string | null, sure?: boolean };

export type Wiped = { entries: number, channels: Array<string> };

export type WordFact = {
  field: WordField;
  label: string;
  required: boolean;
  max: number;
  unit: Unit;
  forbidden: Array<string>;
  as_of: string;
};

export type WordField = "title" | "caption";

export type Words = { title: string, caption: string };

export interface Commands {
  "platforms.list": { given: Nothing; answer: Array<Facts> };
  "apps.add": { given: AddApp; answer: AppView };
  "apps.list": { given: Nothing; answer: Array<AppView> };
  "apps.remove": { given: Id; answer: Nothing };
  "apps.page": { given: Nothing; answer: RedirectPage };
  "accounts.connect": { given: Connect; answer: Connection };
  "accounts.choose": { given: Chosen; answer: Array<AccountView> };
  "accounts.list": { given: Nothing; answer: Array<AccountView> };
  "accounts.siblings": { given: Id; answer: Array<LinkedChannel> };
  "accounts.disconnect": { given: Disconnect; answer: Disconnected };
  "accounts.disconnected": { given: Nothing; answer: Array<GoneView> };
  "accounts.purge": { given: Id; answer: Purged };
  "accounts.rules": { given: Rules; answer: AccountView };
  "posts.check": { given: AddPost; answer: Checked };
  "posts.add": { given: AddPost; answer: Added };
  "posts.list": { given: Filter; answer: Array<DeliveryView> };
  "posts.count": { given: Filter; answer: Count };
  "posts.days": { given: Days; answer: Array<DayView> };
  "posts.show": { given: Id; answer: DeliveryDetail };
  "posts.edit": { given: EditPost; answer: Array<DeliveryView> };
  "posts.refile": { given: Refile; answer: Array<DeliveryView> };
  "posts.reorder": { given: Reorder; answer: Array<DeliveryView> };
  "posts.schedule": { given: Schedule; answer: DeliveryView };
  "posts.cancel": { given: Id; answer: DeliveryView };
  "posts.retry": { given: Which; answer: Array<DeliveryView> };
  "posts.decide": { given: Decide; answer: DeliveryView };
  "posts.finish": { given: Finish; answer: DeliveryView };
  "posts.pause": { given: Pause; answer: DeliveryView };
  "settings.get": { given: Nothing; answer: Settings };
  "settings.set": { given: Settings; answer: Settings };
  "settings.pause": { given: PauseAll; answer: Settings };
  "media.hash": { given: Nothing; answer: Hashed };
  "media.look": { given: Look; answer: Looked };
  "media.poster": { given: Media; answer: Poster };
  "media.keep_poster": { given: KeepPoster; answer: Poster };
  "composing.list": { given: Nothing; answer: Array<Composing> };
  "composing.save": { given: SaveComposing; answer: Composing };
  "composing.remove": { given: Id; answer: Nothing };
  "posts.glance": { given: Nothing; answer: Glance };
  "posts.diagnose": { given: Id; answer: Report };
  "time.read": { given: ReadTime; answer: TimeRead };
  "slots.free": { given: Range; answer: Array<FreeSlot> };
  "activity.list": { given: History; answer: Array<Happening> };
  "activity.search": { given: History; answer: Searched };
  "house.show": { given: Nothing; answer: HouseView };
  "practice.forget": { given: Nothing; answer: Forgotten };
  "backups.list": { given: Nothing; answer: Array<BackupView> };
  "backups.make": { given: Nothing; answer: BackupView };
  "vault.list": { given: Nothing; answer: VaultView };
  "vault.wipe": { given: Wipe; answer: Wiped };
  "platforms.live": { given: AskLive; answer: Array<Choice> };
  "apps.test": { given: Id; answer: Tested };
  "accounts.health": { given: Id; answer: AccountView };
  "accounts.terms": { given: Id; answer: AccountView };
}
