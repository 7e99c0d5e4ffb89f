//! How the JSON of a webhook is wrapped: as it is, or as the field `payload` of a form, which GitHub, Gitea and Gogs
//! offer as a choice.
//!
//! Not here: base64 bodies of AWS, which the platform's glue has undone; compression, which no forge uses.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::Payload;

const FORM: &str = "application/x-www-form-urlencoded";

/// UTF-8's byte order mark: some proxies put one in front, and JSON has none.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The JSON text in a body. A form without the field is its own JSON, and will be found to be none.
pub(crate) fn json(payload: Payload<'_>) -> Cow<'_, [u8]> {
    let wrapped = if is_form(payload.headers) { field(payload.body) } else { None };
    wrapped.map_or_else(|| Cow::Borrowed(without_bom(payload.body)), |json| Cow::Owned(json.into_bytes()))
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
}

fn field(form: &[u8]) -> Option<String> {
    form_urlencoded::parse(form).find(|(name, _)| name == "payload").map(|(_, json)| json.into_owned())
}

fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(BOM).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content_type: &str, body: &str) -> String {
        let headers = [(CONTENT_TYPE, content_type.parse().unwrap())].into_iter().collect();
        String::from_utf8(json(Payload { headers: &headers, body: body.as_bytes() }).into_owned()).unwrap()
    }

    #[test]
    fn a_form_holds_the_json_in_its_field_payload() {
        const FORM: &str = "application/x-www-form-urlencoded";
        assert_eq!(check(FORM, "payload=%7B%22a+b%22%3A%22%C3%BC%22%7D"), r#"{"a b":"ü"}"#);
        assert_eq!(check("Application/X-WWW-Form-URLEncoded; charset=utf-8", "x=1&payload=%7B%7D"), "{}");
        assert_eq!(check(FORM, "other=1"), "other=1");
    }

    #[test]
    fn json_is_left_alone_but_for_a_byte_order_mark() {
        assert_eq!(check("application/json", "payload=%7B%7D"), "payload=%7B%7D");
        assert_eq!(check("application/json", "\u{feff}{}"), "{}");
    }
}
