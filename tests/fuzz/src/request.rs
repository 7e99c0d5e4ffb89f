//! A request as an input spells it: lines of `name: value`, an empty line, the body.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The head, and the body behind the first empty line.
pub(crate) fn split(request: &[u8]) -> (&[u8], &[u8]) {
    let end = request.windows(2).position(|window| window == b"\n\n");
    end.map_or((request, &[][..]), |end| (&request[..end], &request[end + 2..]))
}

/// The lines of a head that are headers.
pub(crate) fn headers(head: &[u8]) -> HeaderMap {
    let lines = str::from_utf8(head).unwrap_or_default().lines();
    let fields = lines.filter_map(|line| line.split_once(':'));
    fields.filter_map(|(name, value)| Some((header_name(name)?, header_value(value.trim())?))).collect()
}

pub(crate) fn header_name(name: &str) -> Option<HeaderName> {
    name.parse().ok()
}

pub(crate) fn header_value(value: &str) -> Option<HeaderValue> {
    value.parse().ok()
}
