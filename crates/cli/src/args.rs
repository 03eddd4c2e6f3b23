//! What can be said on the command line, as data. Help texts and the man page are made from here.
//!
//! Not here: what any of it does (`cmd`), and what is wrong with a value (the engine says so, or `times` and `cmd` do).

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Said at the end of `--help` and in the man page.
pub const AFTER_HELP: &str = "\
Exit codes:
  0    done
  1    refused: something only you can mend (the message says what)
  2    the command line was not understood
  3    a sign-in, a permission or a developer app is needed
  4    not now: another Slipway runs this queue, a limit is spent, too many files are open,
       or the post's state forbids it
  5    offline, or the platform is down
  6    the keychain or the vault is locked, absent, broken or another one, or a secret in it is damaged
  7    the disk or the queue's file
  130  interrupted

Times are written like 2026-11-22T18:00 (your zone), 2026-11-22T18:00[Europe/Berlin], 2026-11-22T18:00+01:00 or +2h.
With --json every answer is one line of JSON on standard output; a failure is {\"error\": {\"code\", \"message\", \"fix\", …}}.";

/// Sends your videos from your own disk to your channels at the minute you planned.
#[derive(Debug, Parser)]
#[command(name = "slipway", version, after_help = AFTER_HELP, disable_help_subcommand = true, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Data folder; by default the system's place for application data.
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "DIR", env = "SLIPWAY_HOME")]
    pub home: Option<PathBuf>,
    /// Answer in JSON, one line an answer.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// Speak to a sandbox: the JSON that `slipway sandbox --json` prints, as a file.
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub hosts: Option<PathBuf>,
    /// Where secrets lie: where this data folder keeps them already, else in the keychain. There is no fallback from one to another.
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "KIND", env = "SLIPWAY_VAULT")]
    pub vault: Option<VaultArg>,
    /// File whose first line is the passphrase of the vault file (else SLIPWAY_PASSPHRASE, else you are asked).
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Tell on standard error what happens inside; twice: more.
    #[arg(short, long, global = true, help_heading = "Everywhere", action = ArgAction::Count)]
    pub verbose: u8,
    /// Say only what was asked for.
    #[arg(short, long, global = true, help_heading = "Everywhere", conflicts_with = "verbose")]
    pub quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VaultArg {
    /// The system's keychain.
    Keychain,
    /// One file in the data folder, encrypted with a passphrase.
    File,
    /// Nowhere: gone with the process. For trials.
    Memory,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Developer apps of your own: what the platforms know Slipway by.
    #[command(subcommand)]
    Apps(Apps),
    /// Sign a channel in through the browser.
    Connect(Connect),
    /// List the channels: connected ones, and disconnected ones until their data is deleted.
    Accounts {
        #[command(subcommand)]
        what: Option<Accounts>,
    },
    /// Revoke a channel's sign-in and forget its secrets. Its data is deleted 30 days later.
    Disconnect {
        /// Number, handle or name; or the platform when it has one channel.
        account: String,
        /// Where the platform can end the access only for all channels of one sign-in: end it for all. Without this it is kept for the
        /// others.
        #[arg(long)]
        siblings: bool,
    },
    /// Queue a video.
    Post(Post),
    /// Hold a video against the platforms' rules; queue nothing.
    Check(Check),
    /// List posts: what is not over and what ended in the last week, or what the filters say.
    List(List),
    /// Show everything about one post.
    Show { id: i64 },
    /// Change words, time or options of a post on one channel, or with --whole on all.
    Edit(Edit),
    /// Schedule a draft as it stands.
    Schedule {
        id: i64,
        /// Although this exact file is already on the channel.
        #[arg(long)]
        again: bool,
    },
    /// Take a post back, at the platform too.
    Cancel { id: i64 },
    /// Try a stuck post again; without a number all of them.
    Retry { id: Option<i64> },
    /// Say what you saw at the platform when Slipway could not tell.
    Decide(Decide),
    /// Say that a draft was posted at the platform.
    Finish {
        id: i64,
        /// Where it is; by default the channel's own page.
        #[arg(long)]
        url: Option<String>,
    },
    /// Let a post, or everything, wait.
    Pause(PauseArgs),
    /// Let a post, or everything, go on.
    Resume(PauseArgs),
    /// Show or change settings.
    #[command(subcommand)]
    Settings(SettingsCommand),
    /// List a platform's options.
    Options {
        /// Such as youtube.
        platform: String,
    },
    /// Call a command of the engine by name with JSON, as the window does; the answer is JSON.
    Call(CallArgs),
    /// List the backups of the queue with what they hold, or put one in its place.
    Restore {
        /// Put this backup in place; the list has the names.
        #[arg(long, value_name = "NAME", conflicts_with_all = ["newest", "empty"])]
        from: Option<String>,
        /// Put the newest backup in place that is whole.
        #[arg(long, conflicts_with = "empty")]
        newest: bool,
        /// Begin a new, empty queue instead.
        #[arg(long)]
        empty: bool,
    },
    /// List or wipe what Slipway keeps in the keychain, also for data folders that are gone.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Run the queue in the foreground until stopped; with --until-idle it ends with 1 while any post needs you.
    Run {
        /// End when nothing is left that this computer must be awake for.
        #[arg(long)]
        until_idle: bool,
    },
    /// Simulated platforms on this computer, to practise and to test; with --home what is in them is kept.
    Sandbox(SandboxArgs),
    /// See it work: a sandbox, a channel, one video at its minute.
    Demo(DemoArgs),
    /// Print completions for a shell.
    Completions { shell: clap_complete::Shell },
    /// Print the man page, or write one for each command.
    Man {
        /// Write all pages into this folder.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// Delete the data of a disconnected channel now: name, words, links and paths of its posts, in backups too.
    Purge {
        /// Number, handle or name; or the platform when just one of its channels is disconnected.
        account: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Apps {
    /// How to get a developer app of your own, step by step.
    Steps {
        /// Such as youtube.
        platform: String,
        /// Which of the platform's ways to sign in, where it has several.
        #[arg(long)]
        way: Option<String>,
    },
    /// Print the page that sends a browser on to this computer, for a web space of yours.
    Page,
    /// Add a developer app, or change its secret.
    Add(AddApp),
    /// List developer apps and what is left of their quotas today.
    List,
    /// Remove a developer app and forget its secret.
    Remove { id: i64 },
}

#[derive(Args, Debug)]
pub struct AddApp {
    /// Such as youtube.
    pub platform: String,
    #[arg(long, value_name = "ID", required_unless_present = "from_json")]
    pub client_id: Option<String>,
    /// The secret. Other programs can see command lines: prefer --secret-stdin or SLIPWAY_CLIENT_SECRET.
    #[arg(long, value_name = "SECRET")]
    pub client_secret: Option<String>,
    /// Read the secret from standard input.
    #[arg(long, conflicts_with_all = ["client_secret", "from_json"])]
    pub secret_stdin: bool,
    /// The JSON file that the developer console offers for download.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["client_id", "client_secret"])]
    pub from_json: Option<PathBuf>,
    /// Units a day, where the platform granted more, such as uploads=200.
    #[arg(long, value_name = "BUCKET=N")]
    pub quota: Vec<String>,
    /// Which of the platform's ways to sign in it is for, where it has several.
    #[arg(long)]
    pub way: Option<String>,
    /// Something that is true of it, such as audited; audited=no takes it back.
    #[arg(long, value_name = "FLAG")]
    pub is: Vec<String>,
    /// The number of its configuration at Meta, where the sign-in's page wants one in the place of permissions; empty for none.
    #[arg(long, value_name = "ID")]
    pub config_id: Option<String>,
    /// The address you registered for sign-ins, where it is not any port of this computer; empty for none.
    #[arg(long, value_name = "ADDRESS")]
    pub redirect: Option<String>,
}

#[derive(Args, Debug)]
pub struct Connect {
    /// Such as youtube.
    pub platform: String,
    /// Print the address instead of opening a browser.
    #[arg(long)]
    pub no_browser: bool,
    /// Which developer app, by number.
    #[arg(long, value_name = "ID")]
    pub app: Option<i64>,
    /// Which of the platform's ways to sign in, where it has several.
    #[arg(long)]
    pub way: Option<String>,
    /// Which channel, by id or name, where the sign-in speaks for several. May be said more than once.
    #[arg(long, value_name = "CHANNEL")]
    pub choose: Vec<String>,
    /// Read a token that you made in the platform's own console from standard input, in place of the browser.
    #[arg(long)]
    pub token_stdin: bool,
    /// Seconds to wait for the browser.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: Option<u64>,
}

#[derive(Args, Debug)]
pub struct Draft {
    /// The video file. It is read where it is; no copy is made.
    pub video: PathBuf,
    /// Channels: number, handle or name; or the platform when it has one channel.
    #[arg(long, required = true, value_name = "ACCOUNT", num_args = 1..)]
    pub to: Vec<String>,
    /// What it is called; some platforms have none.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub title: String,
    /// The text below it; some platforms call it a description.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub caption: String,
    /// Read the caption from a UTF-8 file.
    #[arg(long, value_name = "FILE", conflicts_with = "caption")]
    pub caption_file: Option<PathBuf>,
    /// When it is to be public.
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
    /// An option of a platform; `slipway options PLATFORM` lists them.
    #[arg(short, long = "option", value_name = "PLATFORM.OPTION=VALUE")]
    pub option: Vec<String>,
    /// Post although this exact file is on the channel already.
    #[arg(long)]
    pub again: bool,
}

#[derive(Args, Debug)]
pub struct Post {
    #[command(flatten)]
    pub draft: Draft,
    /// As soon as possible; so it is too when no time is said.
    #[arg(long, conflicts_with_all = ["at", "as_draft"])]
    pub now: bool,
    /// Keep it as a draft; nothing is sent before `slipway schedule`.
    #[arg(long = "draft")]
    pub as_draft: bool,
}

#[derive(Args, Debug)]
pub struct Check {
    #[command(flatten)]
    pub draft: Draft,
}

#[derive(Args, Debug)]
pub struct List {
    /// Due at or after.
    #[arg(long, value_name = "WHEN")]
    pub from: Option<String>,
    /// Due before.
    #[arg(long, value_name = "WHEN")]
    pub to: Option<String>,
    /// draft, due, working, ready, handed_over, to_finish, parked, stuck, published or cancelled.
    #[arg(long)]
    pub state: Option<String>,
    #[arg(long)]
    pub account: Option<String>,
    /// At most this many; without it a table has 100 lines, and JSON has all posts.
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Go on after this post of the list.
    #[arg(long, value_name = "ID")]
    pub after: Option<i64>,
    /// All posts, however many and however old.
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

#[derive(Args, Debug)]
pub struct Edit {
    pub id: i64,
    #[arg(long)]
    pub title: Option<String>,
    #[arg(long)]
    pub caption: Option<String>,
    /// Read the caption from a UTF-8 file.
    #[arg(long, value_name = "FILE", conflicts_with = "caption")]
    pub caption_file: Option<PathBuf>,
    /// The new time.
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
    /// As soon as possible, in place of a time.
    #[arg(long, conflicts_with = "at")]
    pub now: bool,
    /// Change the words and the time of the whole post: its other channels follow, except those that have their own.
    #[arg(long)]
    pub whole: bool,
    /// With --whole: channels that have words or a time of their own follow, too.
    #[arg(long, requires = "whole")]
    pub own_too: bool,
    /// An option; nothing after the = takes it back.
    #[arg(short, long = "option", value_name = "OPTION=VALUE")]
    pub option: Vec<String>,
}

#[derive(Args, Debug)]
#[group(id = "verdict", required = true, multiple = false)]
pub struct Verdict {
    /// It is there, under this address.
    #[arg(long, value_name = "URL")]
    pub there: Option<String>,
    /// It is not there: post again.
    #[arg(long)]
    pub again: bool,
}

#[derive(Args, Debug)]
pub struct Decide {
    pub id: i64,
    #[command(flatten)]
    pub verdict: Verdict,
}

#[derive(Args, Debug)]
pub struct PauseArgs {
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub id: Option<i64>,
    /// Everything.
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Subcommand)]
pub enum SettingsCommand {
    /// Show the settings.
    Get,
    /// Change settings, such as zone=Europe/Berlin parallel_uploads=2 bandwidth=2MB/s missed=ask.
    Set {
        #[arg(required = true, value_name = "KEY=VALUE")]
        pairs: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// List the stored sign-ins and secrets by data folder; no secret is shown.
    List,
    /// Wipe stored sign-ins and secrets. The platforms still know the sign-ins: remove Slipway in your settings there.
    Wipe(VaultWipe),
    /// With --vault file: begin a new vault file in the place of a damaged one, which is kept beside it.
    New,
}

#[derive(Args, Debug)]
pub struct VaultWipe {
    #[command(flatten)]
    pub which: Wiping,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Args, Debug)]
#[group(id = "wiping", required = true, multiple = false)]
pub struct Wiping {
    /// Of all data folders that are gone.
    #[arg(long)]
    pub orphans: bool,
    /// Of the data folder with this id.
    #[arg(long, value_name = "ID")]
    pub folder: Option<String>,
    /// One entry, by its key.
    #[arg(long, value_name = "KEY")]
    pub entry: Option<String>,
}

#[derive(Args, Debug)]
pub struct CallArgs {
    /// Such as posts.glance; --list lists them.
    #[arg(required_unless_present = "list", conflicts_with = "list")]
    pub name: Option<String>,
    /// What it is given, as JSON; - reads it from standard input. Without it, nothing.
    #[arg(value_name = "JSON")]
    pub given: Option<String>,
    /// List the names of all commands.
    #[arg(long)]
    pub list: bool,
}

#[derive(Args, Debug)]
pub struct SandboxArgs {
    /// Delete the copies of videos that were practised with, and start nothing.
    #[arg(long)]
    pub forget: bool,
    /// Write the announcement to this file too, for --hosts.
    #[arg(long, value_name = "FILE")]
    pub announce: Option<PathBuf>,
    /// Keep length and hash of what is uploaded, not the bytes.
    #[arg(long)]
    pub discard_bytes: bool,
    /// Milliseconds before every answer.
    #[arg(long, value_name = "N")]
    pub delay_ms: Option<u64>,
    /// Milliseconds that processing a video takes.
    #[arg(long, value_name = "N")]
    pub processing_ms: Option<u64>,
    /// Port of the page.
    #[arg(long, value_name = "PORT")]
    pub port_page: Option<u16>,
    /// Sign-ins end after seven days, as with an app that is in testing.
    #[arg(long)]
    pub testing_mode: bool,
    /// Seconds an access token lives.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=86_400))]
    pub access_token_s: Option<i64>,
}

#[derive(Args, Debug)]
pub struct DemoArgs {
    /// A video of your own; it never leaves this computer. Without one, a test picture is made.
    pub video: Option<PathBuf>,
    /// Where to post: `youtube`, `tiktok`, `instagram`, `facebook`, or `all` of them at once.
    #[arg(long, default_value = "youtube")]
    pub platform: String,
    /// Keep the demo's folder afterwards.
    #[arg(long)]
    pub keep: bool,
}
