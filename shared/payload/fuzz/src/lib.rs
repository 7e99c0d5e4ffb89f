//! What all targets share: a request as it comes over the wire, to be verified and parsed.
//!
//! Not here: what a payload means. A target looks for panics, endless loops, and what must never be.

use http::{HeaderMap, HeaderName, HeaderValue};
use payload::{Identity, Parsed, Payload, Secret, Verdict, kept, parse, verify};

pub use payload::Forge;

/// Nobody who does not know them signs with these: a token and a signing token.
const SECRETS: [&str; 2] = ["nobody-knows-this", "whsec_bm9ib2R5LWtub3dzLXRoaXMtZWl0aGVyIQ=="];

/// Reads a request: lines of `name: value`, an empty line, the body.
pub fn survive(forge: Forge, request: &[u8]) {
    let (head, body) = split(request);
    let headers = headers(head);
    let payload = Payload { headers: &headers, body };
    let verdict = verify(forge, &SECRETS.map(Secret::new), payload, 0);
    assert!(!matches!(verdict, Verdict::Authentic(_)), "nobody knows the secrets");
    Identity::of(forge, payload);
    let first = parse(forge, payload).ok();
    if let Some(Parsed::Events(events)) = &first {
        assert!(!events.is_empty(), "a payload of events holds one");
    }
    // What was accepted is read again from what was kept of it.
    let kept = kept(&headers);
    let kept = kept.iter().map(|(name, value)| (header_name(name), header_value(value)));
    let headers = kept.map(|(name, value)| (name.expect("kept"), value.expect("kept"))).collect();
    let again = parse(forge, Payload { headers: &headers, body }).ok();
    assert!(first.is_none() || first == again, "what was read once is read again");
}

fn split(request: &[u8]) -> (&[u8], &[u8]) {
    let end = request.windows(2).position(|window| window == b"\n\n");
    end.map_or((request, &[][..]), |end| (&request[..end], &request[end + 2..]))
}

fn headers(head: &[u8]) -> HeaderMap {
    let lines = str::from_utf8(head).unwrap_or_default().lines();
    let fields = lines.filter_map(|line| line.split_once(':'));
    fields.filter_map(|(name, value)| Some((header_name(name)?, header_value(value.trim())?))).collect()
}

fn header_name(name: &str) -> Option<HeaderName> {
    name.parse().ok()
}

fn header_value(value: &str) -> Option<HeaderValue> {
    value.parse().ok()
}
