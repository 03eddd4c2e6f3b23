//! The access token a call goes out with, and what it means when there is none.

use super::Desk;
use crate::engine::Engine;
use crate::platform::{AnyPlatform, Fault};
use crate::problem::{Code, Fix, Problem};
use crate::sensitive::Sensitive;
use crate::sign_in::{AppCredentials, RefreshFault};
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;

pub(super) enum NoBearer {
    Fault(Fault),
    Vault(Problem),
}

/// The account's access token; refreshed by one of many callers, ahead of its end.
pub(super) async fn bearer(engine: &Engine, desk: &Desk) -> Result<Option<Arc<Sensitive<String>>>, NoBearer> {
    engine.bearer(&desk.account, &desk.app, &desk.platform).await.map(Some).map_err(|trouble| match trouble {
        BearerTrouble::Vault(problem) => NoBearer::Vault(problem),
        BearerTrouble::Refresh(RefreshFault::SignInAgain { detail }) => NoBearer::Fault(Fault::SignIn { detail }),
        BearerTrouble::Refresh(RefreshFault::AppRefused { detail }) => NoBearer::Fault(Fault::Refused(
            Problem::block(Code::AppRefused, "The platform refuses the developer app of this channel. Check it in the platform's console, then retry.")
                .fix(Fix::AddApp { platform: desk.account.platform.clone() })
                .detail(detail),
        )),
        BearerTrouble::Refresh(RefreshFault::Later { after, detail }) => NoBearer::Fault(Fault::Again { after, detail }),
        BearerTrouble::Refresh(RefreshFault::Offline) => {
            NoBearer::Fault(Fault::Again { after: Some(Duration::from_secs(5)), detail: "offline while renewing the sign-in".into() })
        }
    })
}

/// Why there is no access token.
pub(crate) enum BearerTrouble {
    Vault(Problem),
    Refresh(RefreshFault),
}

impl Engine {
    /// An access token with some life left. What a refresh brings is stored before it is used (rotating tokens).
    pub(crate) async fn bearer(
        &self,
        account: &crate::store::account::Account,
        app: &crate::store::app::App,
        platform: &Arc<dyn AnyPlatform>,
    ) -> Result<Arc<Sensitive<String>>, BearerTrouble> {
        let vault_fault = Arc::new(std::sync::Mutex::new(None));
        let (engine, slot, facts) = (self.clone(), vault_fault.clone(), platform.facts());
        let (account, app, client_id) = (account.id, app.id, app.client_id.clone());
        let fetch = move || {
            async move {
                let keep = |fault: crate::vault::VaultFault| {
                    *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(fault);
                    RefreshFault::Later { after: None, detail: "the keychain did not answer".into() }
                };
                let secrets = &engine.inner.secrets;
                let stored = secrets.account(account).await.map_err(keep)?;
                let Some(refresh) = stored.and_then(|stored| stored.refresh) else {
                    return Err(RefreshFault::SignInAgain { detail: "nothing in the keychain".into() });
                };
                let client_secret = secrets.app(app).await.map_err(keep)?;
                let credentials = AppCredentials { client_id, client_secret };
                let (wire, clock) = (&engine.inner.wire, engine.clock());
                let granted = crate::sign_in::refresh(wire, clock, facts, &credentials, &refresh).await?;
                if granted.refresh.is_some() {
                    secrets.keep_refresh(account, granted.refresh.clone()).await.map_err(keep)?;
                }
                Ok(granted)
            }
            .boxed()
        };
        let fetched = self.inner.tokens.bearer(account, fetch).await;
        fetched.map_err(|fault| {
            match vault_fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
                Some(fault) => BearerTrouble::Vault(crate::secrets::vault_problem(&fault)),
                None => BearerTrouble::Refresh(fault),
            }
        })
    }
}
