//! `bellhop receive`: a target to look at. It prints every request that comes in and answers as it was told.
//!
//! Not here: keeping anything. It is no place for real deliveries: it answers before anything has been done with them.

use std::fmt::Write as _;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use app::clock::Clock;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use payload::limits::BODY_BYTES_MAX;
use payload::{Forge, Payload, Secret, Verdict};
use tokio::net::TcpListener;

use crate::listen::listen;
use crate::{demo, serve, shown};

/// How long a sender may take for a body: as long as a target that is in no hurry would give it.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where to listen, on 127.0.0.1. 0 for any free port.
    #[arg(value_name = "PORT", default_value_t = 9000)]
    port: u16,
    /// What the sender proves itself with: GitLab's token or signing token (whsec_...), or the secret that GitHub, Gitea
    /// and others sign with. May be repeated.
    #[arg(long = "secret", value_name = "TEXT", value_parser = secret)]
    secrets: Vec<Secret>,
    /// The answer's status, whatever came in.
    #[arg(long, value_name = "STATUS", default_value = "200")]
    status: StatusCode,
    /// How many seconds to wait before answering.
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    delay: Duration,
    /// A header of the answer; may be repeated.
    #[arg(long = "header", value_name = "K: V", value_parser = demo::header)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

fn secret(text: &str) -> Result<Secret> {
    ensure!(!text.is_empty(), "an empty secret proves nothing");
    Ok(Secret::new(text))
}

fn seconds(text: &str) -> Result<Duration> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), options.port);
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "Waiting for requests at http://{address}/ (a hook reaches it with serve --allow-egress {address})"
    )?;
    out.flush()?;
    drop(out);
    listen(listener, router(options), serve::stop_signal()?).await;
    Ok(ExitCode::SUCCESS)
}

fn router(options: Options) -> Router {
    Router::new().fallback(take).with_state(Arc::new(options))
}

async fn take(State(options): State<Arc<Options>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = read(body).await;
    let text = in_words(&head, &body, &options.secrets);
    {
        let mut out = std::io::stdout().lock();
        // Nobody looks any more; the sender is answered all the same.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
    tokio::time::sleep(options.delay).await;
    let mut response = options.status.into_response();
    response.headers_mut().extend(options.headers.iter().cloned());
    response
}

/// The body, or in words why there is none.
async fn read(body: Body) -> Result<Vec<u8>, &'static str> {
    match tokio::time::timeout(BODY_TIME_MAX, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(_)) => Err("the body broke off, or is larger than 25 MB"),
        Err(_) => Err("the body did not come in time"),
    }
}

/// The head, what proves it, and the body.
fn in_words(head: &Parts, body: &Result<Vec<u8>, &'static str>, secrets: &[Secret]) -> String {
    let mut words = format!("\n{} {}\n", head.method, shown::plain(&head.uri.to_string(), false));
    for (name, value) in &head.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        // Writing to memory does not fail.
        let _ = writeln!(words, "{name}: {}", shown::plain(&value, false));
    }
    words.push('\n');
    match body {
        Ok(bytes) => {
            if !secrets.is_empty() {
                let _ = writeln!(words, "[{}]", proof(head, bytes, secrets));
            }
            words.push_str(&pretty(bytes));
        }
        Err(trouble) => words.push_str(trouble),
    }
    words.push('\n');
    words
}

/// Who signs in what way shows in the headers; a hook of Bellhop may carry the proofs of several forges.
fn proof(head: &Parts, body: &[u8], secrets: &[Secret]) -> String {
    let payload = Payload { headers: &head.headers, body };
    let now_s = Clock::System.now().seconds();
    let forges = [Forge::recognise(&head.headers), Forge::GitLab, Forge::GitHub];
    let verdicts = forges.map(|forge| payload::verify(forge, secrets, payload, now_s));
    let refused = verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Refused(refusal) => Some(refusal.to_string()),
        Verdict::Authentic(_) | Verdict::Unsigned => None,
    });
    let authentic = verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Authentic(scheme) => Some(format!("authentic: {scheme:?}")),
        Verdict::Refused(_) | Verdict::Unsigned => None,
    });
    let refused = refused.map(|refusal| format!("NOT authentic: {refusal}"));
    authentic.or(refused).unwrap_or_else(|| "not signed: no header proves anything".to_owned())
}

/// JSON with its lines and indents, text as it is, of anything else the length.
fn pretty(body: &[u8]) -> String {
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    let text = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    match text.as_deref().or_else(|| std::str::from_utf8(body).ok()) {
        Some("") => "(no body)".to_owned(),
        Some(text) => shown::plain(text, true),
        None => format!("({} bytes that are no text)", body.len()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(headers: &[(&'static str, &str)]) -> Parts {
        let mut request = http::Request::post("/hook?x=1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn check(headers: &[(&'static str, &str)], body: &[u8], secrets: &[&str]) -> String {
        let secrets: Vec<_> = secrets.iter().copied().map(Secret::new).collect();
        in_words(&head(headers), &Ok(body.to_vec()), &secrets)
    }

    #[test]
    fn a_request_is_shown_with_its_head_and_pretty_json() {
        let shown = check(
            &[("x-gitlab-event", "Push Hook"), ("x-gitlab-token", "s3cret")],
            br#"{"ref":"refs/heads/main"}"#,
            &["s3cret"],
        );
        insta::assert_snapshot!(shown, @r#"
        POST /hook?x=1
        x-gitlab-event: Push Hook
        x-gitlab-token: s3cret

        [authentic: Token]
        {
          "ref": "refs/heads/main"
        }
        "#);
    }

    #[test]
    fn each_kind_of_proof_is_looked_at() {
        let proof = |headers: &[_], secret| check(headers, b"{}", &[secret]);
        // HMAC-SHA256 of `{}` under `s3cret`, by Python's hmac.
        let hub = (
            "x-hub-signature-256",
            "sha256=adbde1ce40c89c14215687d5d762a47df6dfaefcfad61e2e86718ffc8498571b",
        );
        assert!(proof(&[hub], "s3cret").contains("[authentic: HubSignature]"));
        assert!(
            proof(&[("x-gitlab-event", "Push Hook"), hub], "s3cret").contains("[authentic: HubSignature]")
        );
        assert!(proof(&[hub], "other").contains("[NOT authentic: "));
        assert!(proof(&[("x-gitlab-token", "wrong")], "s3cret").contains("[NOT authentic: "));
        assert!(proof(&[], "s3cret").contains("[not signed: "));
    }

    #[test]
    fn what_is_no_json_is_shown_as_far_as_it_can_be() {
        assert!(check(&[], b"a\x1b[2J", &[]).ends_with("\n\na\\u{1b}[2J\n"));
        assert!(check(&[], b"", &[]).ends_with("(no body)\n"));
        assert!(check(&[], &[0xff, 0x00], &[]).ends_with("(2 bytes that are no text)\n"));
    }

    #[test]
    fn a_delay_is_a_length_of_time() {
        assert_eq!(seconds("1.5").unwrap(), Duration::from_millis(1_500));
        assert!(seconds("-1").is_err() && seconds("x").is_err() && seconds("1e300").is_err());
    }

    proptest! {
        #[test]
        fn whatever_comes_it_prints_nothing_that_a_terminal_obeys(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let shown = check(&[], &body, &["s3cret"]);
            prop_assert!(shown.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'));
        }
    }
}
