//! `sandbox`: simulated platforms on this computer, up until ended.

use crate::args::{Global, SandboxArgs};
use crate::host::until_interrupted;
use crate::out::Out;
use crate::words::Exit;
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_sandbox::{Config, Sandbox};

pub async fn run(global: &Global, args: SandboxArgs, out: Out) -> Outcome<Exit> {
    if args.forget {
        return forget(global, out);
    }
    let sandbox = start(config(global, &args)).await?;
    let announcement = sandbox.announcement().clone();
    if let Some(file) = &args.announce {
        let text = serde_json::to_string(&announcement).unwrap_or_default() + "\n";
        if let Err(error) = std::fs::write(file, text) {
            sandbox.stop().await;
            return Err(Problem::block(
                Code::ReadOnly,
                format!("The announcement {} can't be written.", file.display()),
            )
            .detail(error));
        }
    }
    let ended = until_interrupted();
    out.answer(&announcement, |out| {
        out.line("A sandbox is up: everything in it is simulated, nothing leaves this computer.");
        out.line(&format!("Its page: {}", out.strong(&announcement.page)));
        match &args.announce {
            Some(file) => out.aside(&format!(
                "Speak to it: slipway --hosts {0} connect youtube, then slipway --hosts {0} post …",
                file.display()
            )),
            None => {
                out.aside("To speak to it, start it with --announce FILE and say --hosts FILE to the others.")
            }
        }
        out.aside("Ctrl-C ends it.");
    });
    ended.cancelled().await;
    // Practice is over: no copy of a video stays.
    sandbox.forget_bytes();
    sandbox.stop().await;
    Ok(Exit::Done)
}

/// Deletes the copies of videos that a sandbox of this home kept.
fn forget(global: &Global, out: Out) -> Outcome<Exit> {
    let home = global.home.clone().or_else(slipway_core::home::default_home).ok_or_else(|| {
        Problem::block(Code::BadRequest, "This system names no place for data. Say one with --home.")
    })?;
    let folder = slipway_core::home::practice(&home);
    let bytes = slipway_sandbox::kept_bytes(&folder);
    slipway_sandbox::forget_kept_bytes(&folder).map_err(|error| {
        Problem::block(Code::ReadOnly, "A copy of a video you practised with could not be deleted.")
            .detail(error)
    })?;
    out.answer(&serde_json::json!({ "bytes": bytes }), |out| {
        out.line(&format!("Deleted {} of videos you practised with.", slipway_core::check::bytes(bytes)));
    });
    Ok(Exit::Done)
}

/// Starts one, or says why not in plain words.
pub async fn start(config: Config) -> Outcome<Sandbox> {
    Sandbox::start(config).await.map_err(|error| {
        Problem::block(Code::ReadOnly, "The sandbox could not start: a folder or a port is not to be had.")
            .detail(format!("{error:#}"))
    })
}

fn config(global: &Global, args: &SandboxArgs) -> Config {
    // Only a home that was named is kept; without one all is gone at the end.
    let home = global.home.as_ref().map(|home| home.join("simulated"));
    let mut config =
        Config { home, discard_bytes: args.discard_bytes, port_page: args.port_page, ..Config::default() };
    let settings = &mut config.settings;
    settings.delay_ms = args.delay_ms.unwrap_or(settings.delay_ms);
    settings.processing_ms = args.processing_ms.unwrap_or(settings.processing_ms);
    settings.access_token_s = args.access_token_s.unwrap_or(settings.access_token_s);
    settings.testing_mode = args.testing_mode;
    config
}
