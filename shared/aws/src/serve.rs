//! A Lambda function's main loop, over HTTP, a queue or a schedule.
//!
//! Not here: anything that is done once per start; that is `main`'s, before it calls these.

use std::task::{self, Poll};

use app::clock::Timestamp;
use app::queue::{Answer, QueueName};
use app::{App, Causes, ClientAddress};
use aws_lambda_events::sqs::SqsEvent;
use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use futures_util::future::LocalBoxFuture;
use lambda_http::request::RequestContext;
use lambda_http::{Adapter, http};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::tower::layer::layer_fn;
use lambda_runtime::{Error, LambdaEvent, Runtime, Service, service_fn};
use payload::Secret;
use serde_json::Value;

use crate::trigger::{Deferral, Trigger};

/// The headers in which the distribution proves itself, and names its client.
const PROXY_SECRET: &str = "x-bellhop-proxy";
const CLIENT: &str = "x-bellhop-client";

/// Serves a function URL until Lambda ends the process.
pub async fn serve_http(router: Router) -> Result<(), Error> {
    lambda_http::run(with_clients(router)).await
}

/// The same, and after each answer some work that nobody is to wait for: who has asked has the answer already, and Lambda
/// lets the process go on until it asks for the next event.
pub async fn serve_http_and_then<W, F>(router: Router, work: W) -> Result<(), Error>
where
    W: Fn() -> F,
    F: Future<Output = ()> + 'static,
{
    let and_then = layer_fn(|answering| AndThen { answering, work: &work });
    let runtime = Runtime::new(Adapter::from(with_clients(router))).layer(and_then);
    // As `lambda_runtime::run` has it: what is said of an event names its request, that of the work too.
    runtime.layer(TracingLayer::new()).run().await
}

/// Lambda's own service, which answers an event and has told Lambda so when it is done, and the work after it.
struct AndThen<'a, S, W> {
    answering: S,
    work: &'a W,
}

impl<S, E, W, F> Service<E> for AndThen<'_, S, W>
where
    S: Service<E>,
    S::Future: 'static,
    W: Fn() -> F,
    F: Future<Output = ()> + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = LocalBoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.answering.poll_ready(context)
    }

    fn call(&mut self, event: E) -> Self::Future {
        let (answered, work) = (self.answering.call(event), (self.work)());
        Box::pin(async {
            let answered = answered.await;
            work.await;
            answered
        })
    }
}

/// Tells the doors who asks, as the platform knows it.
fn with_clients(router: Router) -> Router {
    router.layer(map_request(async |mut request: Request| {
        let client = match request.extensions().get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None,
        };
        if let Some(client) = client.and_then(|address| address.parse().ok()) {
            request.extensions_mut().insert(ClientAddress(client));
        }
        request
    }))
}

/// Believes the distribution before the function (`template.yaml`'s) about who asks: it proves itself by a secret, which it
/// writes over whatever a client has put there. Without one, or without the proof, whoever connects is who asks.
pub fn behind_proxy(router: Router, secret: Option<Secret>) -> Router {
    let Some(secret) = secret else { return router };
    router.layer(map_request(move |mut request: Request| {
        let header = |name: &str| request.headers().get(name).map(http::HeaderValue::as_bytes);
        let is_proved = header(PROXY_SECRET).is_some_and(|shown| secret.matches(shown));
        let client = header(CLIENT).filter(|_| is_proved).and_then(|text| std::str::from_utf8(text).ok());
        if let Some(client) = client.and_then(|address| address.parse().ok()) {
            request.extensions_mut().insert(ClientAddress(client));
        }
        std::future::ready(request)
    }))
}

/// Serves the SQS triggers of some queues until Lambda ends the process: the handler gets runs of tasks (see
/// [`app::queue`]), and what has too many faults is set aside in the app's table. The triggers must report partial batch
/// responses.
pub async fn serve_queues<H, const N: usize>(
    app: &App,
    queues: [(QueueName, Deferral); N],
    handler: H,
) -> Result<(), Error>
where
    H: AsyncFn(&[&str]) -> Vec<Answer>,
{
    let triggers = &queues.map(|(queue, deferral)| Trigger::new(queue, deferral, app, &handler));
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let deadline = Timestamp(i64::try_from(event.context.deadline).unwrap_or(i64::MAX));
        let trigger = triggers.iter().find(|trigger| trigger.is_of(&event.payload)).ok_or(UnknownQueue)?;
        Ok::<_, Error>(trigger.handle(event.payload, deadline).await)
    }))
    .await
}

/// A trigger that `template.yaml` has and the function does not know.
#[derive(Debug, thiserror::Error)]
#[error("the batch is from a queue whose URL is not in the function's environment")]
struct UnknownQueue;

/// Serves a schedule until Lambda ends the process: does the work once for each event. An error is Lambda's to count; the
/// next event comes anyway.
pub async fn serve_schedule<W, T, E>(work: W) -> Result<(), Error>
where
    W: AsyncFn() -> Result<T, E>,
    E: std::error::Error + Send + Sync + 'static,
{
    lambda_runtime::run(service_fn(async |_: LambdaEvent<Value>| work().await.map(drop).map_err(log))).await
}

fn log<E: std::error::Error + Send + Sync + 'static>(error: E) -> Error {
    tracing::error!(error = %Causes(&error), "schedule.failed");
    Error::from(error)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::body::Bytes;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use lambda_http::Context;
    use lambda_http::request::LambdaRequest;
    use serde_json::{Value, json};

    use super::*;

    /// Sends a body as a function URL hands it over, to a handler that sends it back.
    async fn check(body: &str, is_base64: bool) -> Vec<u8> {
        let event = json!({
            "version": "2.0",
            "rawPath": "/hooks/p",
            "headers": {"content-type": "application/json", "host": "id.lambda-url.eu-west-1.on.aws"},
            "requestContext": {"http": {"method": "POST", "path": "/hooks/p"}},
            "body": body,
            "isBase64Encoded": is_base64,
        });
        let request: LambdaRequest = serde_json::from_value(event).unwrap();
        let mut adapter = Adapter::from(Router::new().fallback(async |body: Bytes| body));
        let response = adapter.call(LambdaEvent::new(request, Context::default())).await.unwrap();
        let response: Value = serde_json::to_value(response).unwrap();
        let body = response["body"].as_str().unwrap();
        if response["isBase64Encoded"] == true { STANDARD.decode(body).unwrap() } else { body.into() }
    }

    /// Asks for a path as a function URL hands it over. Gives the path and the client that a door sees.
    async fn asked(raw_path: &str) -> String {
        asked_with(raw_path, json!({}), None).await
    }

    /// The same with further headers, of a function that may be behind a proxy.
    async fn asked_with(raw_path: &str, mut headers: Value, proxy: Option<&str>) -> String {
        headers["host"] = json!("id.lambda-url.eu-west-1.on.aws");
        let event = json!({
            "version": "2.0",
            "rawPath": raw_path,
            "headers": headers,
            "requestContext": {"http": {"method": "GET", "path": raw_path, "sourceIp": "192.0.2.7"}},
            "isBase64Encoded": false,
        });
        let request: LambdaRequest = serde_json::from_value(event).unwrap();
        let door = async |request: Request| {
            let client = request.extensions().get::<ClientAddress>().map(|client| client.0);
            format!("{} {client:?}", request.uri().path())
        };
        let mut adapter =
            Adapter::from(with_clients(behind_proxy(Router::new().fallback(door), proxy.map(Secret::new))));
        let response = adapter.call(LambdaEvent::new(request, Context::default())).await.unwrap();
        let response: Value = serde_json::to_value(response).unwrap();
        response["body"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_done_once_each_event_is_answered() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = |what: &'static str| {
            let told = Arc::clone(&told);
            async move { told.lock().unwrap().push(what) }
        };
        let answering = service_fn(|event: &'static str| {
            let told = tell(event);
            async move {
                told.await;
                if event == "answered" { Ok(()) } else { Err(event) }
            }
        });
        let mut service = AndThen { answering, work: &|| tell("and then") };
        assert_eq!(service.call("answered").await, Ok(()));
        assert_eq!(service.call("not heard by Lambda").await, Err("not heard by Lambda"));
        assert_eq!(*told.lock().unwrap(), ["answered", "and then", "not heard by Lambda", "and then"]);
    }

    #[tokio::test]
    async fn a_slash_that_is_part_of_a_name_stays_one_and_the_client_is_known() {
        assert_eq!(asked("/api/v4/projects/g%2Fp").await, "/api/v4/projects/g%2Fp Some(192.0.2.7)");
    }

    #[tokio::test]
    async fn a_proxy_that_proves_itself_is_believed_and_nobody_else() {
        for (headers, proxy, client) in [
            (
                json!({"x-bellhop-proxy": "s3cret", "x-bellhop-client": "2001:db8::1"}),
                Some("s3cret"),
                "2001:db8::1",
            ),
            (
                json!({"x-bellhop-proxy": "guessed", "x-bellhop-client": "2001:db8::1"}),
                Some("s3cret"),
                "192.0.2.7",
            ),
            (json!({"x-bellhop-client": "2001:db8::1"}), Some("s3cret"), "192.0.2.7"),
            (json!({"x-bellhop-proxy": "s3cret", "x-bellhop-client": "nobody"}), Some("s3cret"), "192.0.2.7"),
            (json!({"x-bellhop-proxy": "s3cret", "x-bellhop-client": "2001:db8::1"}), None, "192.0.2.7"),
        ] {
            assert_eq!(
                asked_with("/", headers.clone(), proxy).await,
                format!("/ Some({client})"),
                "{headers}"
            );
        }
    }

    #[tokio::test]
    async fn the_platforms_base64_is_undone_before_anybody_looks_at_a_signature() {
        assert_eq!(check("{\"a\":\"ü\"}", false).await, "{\"a\":\"ü\"}".as_bytes());
        assert_eq!(check("eyJhIjoiw7wifQ==", true).await, "{\"a\":\"ü\"}".as_bytes());
        // The beginning of a gzip file: no text.
        assert_eq!(check("H4sIAAAAAAAAAw==", true).await, b"\x1f\x8b\x08\0\0\0\0\0\0\x03");
    }
}
