//! The HTTP server: any AWS client may talk to it.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{Incoming, Outgoing, admin, exchange, http_date, proxy};
use crate::Simulator;

/// How long requests in flight may take once a shutdown has begun; one that hangs by an injected fault never ends.
const LAST_REPLIES: Duration = Duration::from_millis(500);

pub(crate) async fn serve(
    simulator: Simulator,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let app = Router::new()
        .route("/_simulator/clock", get(admin::clock).post(admin::move_clock))
        .route("/_simulator/images", post(admin::set_image))
        .route("/_simulator/roles", post(admin::forbid_role).delete(admin::allow_roles))
        .route("/_simulator/closed-roles", post(admin::close_role).delete(admin::open_roles))
        .route("/_simulator/packed-policy", post(admin::set_packed_policy))
        .route("/_simulator/keys", post(admin::retire_key).delete(admin::restore_keys))
        .route("/_simulator/signatures", post(admin::set_signatures))
        .route("/_simulator/targets", post(admin::set_target))
        .route("/_simulator/quotas", post(admin::set_quota))
        .route("/_simulator/certificates", post(admin::add_certificate))
        .route("/_simulator/faults", post(admin::add_fault).delete(admin::clear_faults))
        .route("/_simulator/calls", get(admin::calls).delete(admin::clear_calls))
        .route("/_simulator/counts", get(admin::counts))
        .route("/_simulator/state", get(admin::state))
        .fallback(aws)
        .with_state(simulator);
    let (begun, stopping) = oneshot::channel::<()>();
    let stop = async move {
        shutdown.await;
        let _ = begun.send(());
    };
    let deadline = async move {
        let _ = stopping.await;
        #[expect(clippy::disallowed_methods, reason = "a server waits in the time of its callers")]
        tokio::time::sleep(LAST_REPLIES).await;
    };
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(stop) => served?,
        () = deadline => {}
    }
    Ok(())
}

async fn aws(State(simulator): State<Simulator>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if proxy::is_meant(&uri, &headers) {
        return proxy::pass_on(&simulator, &method, &uri, &headers);
    }
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (target, authorization, date) = (header("x-amz-target"), header("authorization"), header("x-amz-date"));
    match exchange(&simulator, Incoming { target, authorization, date, body: body.to_vec() }).await {
        Outgoing::Response { status, content_type, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let id = ("x-amzn-requestid", super::REQUEST_ID);
            let mut response = (status, [("content-type", content_type), id], body).into_response();
            if let Some(date) = http_date(&simulator).and_then(|date| date.parse().ok()) {
                response.headers_mut().insert("date", date);
            }
            response
        }
        // A body that fails makes the server cut the connection; there is no politer way to lose a reply.
        Outgoing::BrokenConnection => Response::new(Body::from_stream(Cut)),
        Outgoing::Never => std::future::pending().await,
    }
}

/// A body that breaks at once.
struct Cut;

impl futures::Stream for Cut {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ConnectionReset, "the reply is lost"))))
    }
}
