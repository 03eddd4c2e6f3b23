//! One loopback listener for each real host name (and one for the page), the connections on them, and real cuts: a cut drops the TCP
//! connection with a reset. A request is served in a task of its own, so what it does is done whole even when the client hangs up.

use crate::exchange::{Answer, AnswerBody, Ask, Ending};
use crate::world::World;
use crate::{google, meta, page, tiktok};
use anyhow::Context;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

/// The name the page's listener goes by; it stands for no real host.
pub(crate) const PAGE: &str = "page";

/// Every real host name that is imitated. A new platform adds its names here, and itself to `serve`.
pub(crate) fn real() -> impl Iterator<Item = &'static str> {
    google::HOSTS.into_iter().chain(tiktok::HOSTS).chain(meta::HOSTS)
}

async fn serve(world: &Arc<World>, ask: Ask) -> Ending {
    match ask.host {
        PAGE => page::serve(world, ask).await,
        host if tiktok::HOSTS.contains(&host) => tiktok::serve(world, ask).await,
        host if meta::HOSTS.contains(&host) => meta::serve(world, ask).await,
        _ => google::serve(world, ask).await,
    }
}

/// The bound listeners.
pub(crate) struct Hosts {
    listening: JoinSet<()>,
    stop: watch::Sender<bool>,
    /// Yields nothing more once every request being served has ended.
    busy: mpsc::Receiver<()>,
}

impl Hosts {
    pub(crate) async fn start(world: &Arc<World>, port_page: Option<u16>) -> anyhow::Result<Hosts> {
        let (stop, stopping) = watch::channel(false);
        let (alive, busy) = mpsc::channel(1);
        let (mut bases, mut ports, mut bound) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for host in real().chain([PAGE]) {
            let wanted = if host == PAGE && port_page.is_some() { port_page } else { world.last_port(host) };
            let listener = match TcpListener::bind(("127.0.0.1", wanted.unwrap_or(0))).await {
                Ok(listener) => listener,
                // The port of last time may be taken by now; one that was asked for must be had.
                Err(_) if host != PAGE || port_page.is_none() => TcpListener::bind("127.0.0.1:0").await?,
                Err(error) => return Err(error).context("binding the port asked for the page"),
            };
            let port = listener.local_addr()?.port();
            bases.insert(host.to_string(), format!("http://127.0.0.1:{port}"));
            ports.insert(host.to_string(), port);
            bound.push((host, listener));
        }
        world.set_bases(bases, ports);
        let mut listening = JoinSet::new();
        for (host, listener) in bound {
            let here = Here { world: world.clone(), host, stopping: stopping.clone(), alive: alive.clone() };
            listening.spawn(here.accept(listener));
        }
        Ok(Hosts { listening, stop, busy })
    }

    /// Ends all listeners and connections, and waits for what is being served (but not for a planned stall).
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.listening.join_next().await.is_some() {}
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), self.busy.recv()).await;
    }
}

#[derive(Clone)]
struct Here {
    world: Arc<World>,
    host: &'static str,
    stopping: watch::Receiver<bool>,
    alive: mpsc::Sender<()>,
}

impl Here {
    async fn accept(mut self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = self.stopping.changed() => break,
                Some(_) = connections.join_next() => {}
                arrived = listener.accept() => match arrived {
                    Ok((stream, _)) => {
                        connections.spawn(self.clone().connection(stream));
                    }
                    // Out of descriptors, most likely: give others time to close.
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                },
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    async fn connection(self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let cut = Arc::new(Notify::new());
        let mut stopping = self.stopping.clone();
        let serve = {
            let cut = cut.clone();
            hyper::service::service_fn(move |request| self.clone().request(request, cut.clone()))
        };
        let mut connection = hyper::server::conn::http1::Builder::new()
            .max_buf_size(READ_BUFFER)
            .serve_connection(TokioIo::new(stream), serve);
        let ended = tokio::select! {
            _ = std::future::poll_fn(|cx| Pin::new(&mut connection).poll(cx)) => true,
            () = cut.notified() => false,
            _ = stopping.changed() => true,
        };
        if !ended {
            // A reset, as a pulled cable or a dying front end makes it, instead of an orderly goodbye.
            let _ = connection.into_parts().io.into_inner().set_zero_linger();
        }
    }

    /// `hyper` wants an error to be possible; a cut never returns at all, its connection is gone first.
    async fn request(
        self,
        request: Request<Incoming>,
        cut: Arc<Notify>,
    ) -> Result<Response<AnswerBody>, std::io::Error> {
        let (head, body) = request.into_parts();
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let (world, host) = (self.world, self.host);
        let path = head.uri.path().to_string();
        let logged = host != PAGE && path != "/favicon.ico";
        let seq = match logged {
            true => world.calls.begin(world.now_ms(), host, head.method.as_str(), &path, &query),
            false => 0,
        };
        let ask = Ask {
            host,
            base: world.base(host),
            method: head.method,
            path,
            query,
            headers: head.headers,
            body,
            seq,
        };
        let alive = self.alive;
        let told = world.clone();
        let served = tokio::spawn(async move {
            let ending =
                if ask.path == "/favicon.ico" { Answer::empty(204).into() } else { serve(&world, ask).await };
            let delay = world.settings().delay_ms;
            if delay > 0 && host != PAGE {
                tokio::time::sleep(std::time::Duration::from_millis(delay)).await;
            }
            if logged {
                world.calls.note(seq, |call| match &ending {
                    Ending::Answer(answer) => call.status = Some(answer.status.as_u16()),
                    Ending::Cut => call.cut = true,
                });
            }
            drop(alive);
            ending
        });
        match served.await {
            Ok(Ending::Answer(answer)) => {
                let mut response = Response::new(answer.body);
                *response.status_mut() = answer.status;
                *response.headers_mut() = answer.headers;
                let settings = told.settings();
                let offsets = &settings.date_offset_ms;
                let offset = offsets.get(host).or_else(|| offsets.get("*")).copied().unwrap_or_default();
                let moved = if settings.date_in_sandbox_time { told.clock.offset_ms() } else { 0 };
                let date = crate::clock::http_date(offset.saturating_add(moved));
                if let Some(date) = date.and_then(|date| date.parse().ok()) {
                    response.headers_mut().insert(hyper::header::DATE, date);
                }
                Ok(response)
            }
            Ok(Ending::Cut) => {
                cut.notify_one();
                std::future::pending().await
            }
            Err(_) => Err(std::io::Error::other("the sandbox failed while serving this request")),
        }
    }
}

/// Bytes read from a socket at a time, at most; hyper grows towards it while a body keeps coming.
const READ_BUFFER: usize = 512 << 10;
