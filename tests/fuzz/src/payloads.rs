//! Payloads of all forges: verified, parsed, parsed again from what is kept of them, and told.

use payload::{Forge, Identity, Parsed, Payload, Secret, Verdict, kept, parse, verify};

use crate::irc;
use crate::request::{header_name, header_value, headers, split};

/// Nobody who does not know them signs with these: a token and a signing token.
const SECRETS: [&str; 2] = ["nobody-knows-this", "whsec_bm9ib2R5LWtub3dzLXRoaXMtZWl0aGVyIQ=="];

/// An input is a request.
pub(crate) fn payload(forge: Forge, request: &[u8]) {
    let (head, body) = split(request);
    let headers = headers(head);
    let payload = Payload { headers: &headers, body };
    let verdict = verify(forge, &SECRETS.map(Secret::new), payload, 0);
    assert!(!matches!(verdict, Verdict::Authentic(_)), "nobody knows the secrets");
    Identity::of(forge, payload);
    let first = parse(forge, payload).ok();
    // What was accepted is read again from what was kept of it.
    let kept = kept(&headers);
    let kept = kept.iter().map(|(name, value)| (header_name(name), header_value(value)));
    let headers = kept.map(|(name, value)| (name.expect("kept"), value.expect("kept"))).collect();
    let again = parse(forge, Payload { headers: &headers, body }).ok();
    assert!(first.is_none() || first == again, "what was read once is read again");
    if let Some(Parsed::Events(events)) = &first {
        assert!(!events.is_empty(), "a payload of events holds one");
        events.iter().for_each(irc::told);
    }
}
