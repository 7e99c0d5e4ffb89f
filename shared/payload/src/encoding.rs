//! How the JSON of a webhook is wrapped: as it is, or as the field `payload` of a form, which GitHub, Gitea and Gogs
//! offer as a choice; and either of them compressed, which no forge does of its own accord and proxies may.
//!
//! Not here: base64 bodies of AWS, which the platform's glue has undone.

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use crate::headers::text;
use crate::limits::BODY_BYTES_MAX;
use crate::{ParseError, Payload};

const FORM: &str = "application/x-www-form-urlencoded";

/// UTF-8's byte order mark: some proxies put one in front, and JSON has none.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// How a body is compressed (<https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1>).
#[derive(Clone, Copy)]
enum Coding {
    Gzip,
    /// The zlib format; some senders leave its two bytes of header out.
    Deflate,
}

/// The JSON text in a body. A form without the field is its own JSON, and will be found to be none.
pub(crate) fn json(payload: Payload<'_>) -> Result<Cow<'_, [u8]>, ParseError> {
    let body = match coding(payload.headers)? {
        None => Cow::Borrowed(payload.body),
        Some(coding) => Cow::Owned(inflate(coding, payload.body, BODY_BYTES_MAX)?),
    };
    let wrapped = if is_form(payload.headers) { field(&body) } else { None };
    Ok(without_bom(wrapped.map_or(body, |json| Cow::Owned(json.into_bytes()))))
}

/// One coding at the most. The value is taken as it stands, since it is stored and read again.
fn coding(headers: &HeaderMap) -> Result<Option<Coding>, ParseError> {
    let name = headers.get(CONTENT_ENCODING).map_or(&b""[..], |value| value.as_bytes());
    match name.to_ascii_lowercase().as_slice() {
        b"" | b"identity" => Ok(None),
        b"gzip" | b"x-gzip" => Ok(Some(Coding::Gzip)),
        b"deflate" => Ok(Some(Coding::Deflate)),
        _ => Err(ParseError::Coding),
    }
}

/// Stops at the limit, and so costs no more than that whatever the sender has put in.
fn inflate(coding: Coding, body: &[u8], bytes_max: usize) -> Result<Vec<u8>, ParseError> {
    match coding {
        Coding::Gzip => read(MultiGzDecoder::new(body), bytes_max),
        Coding::Deflate if has_zlib_header(body) => read(ZlibDecoder::new(body), bytes_max),
        Coding::Deflate => read(DeflateDecoder::new(body), bytes_max),
    }
}

fn read(decoder: impl Read, bytes_max: usize) -> Result<Vec<u8>, ParseError> {
    let mut inflated = Vec::new();
    let read: io::Result<usize> = decoder.take(bytes_max as u64 + 1).read_to_end(&mut inflated);
    read.map_err(ParseError::Compressed)?;
    if inflated.len() > bytes_max { Err(ParseError::TooLarge) } else { Ok(inflated) }
}

/// The first byte names the method, 8, and both together are a multiple of 31
/// (<https://www.rfc-editor.org/rfc/rfc1950#section-2.2>).
fn has_zlib_header(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..] if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
}

fn field(form: &[u8]) -> Option<String> {
    form_urlencoded::parse(form).find(|(name, _)| name == "payload").map(|(_, json)| json.into_owned())
}

fn without_bom(body: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match body {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.strip_prefix(BOM).unwrap_or(bytes)),
        Cow::Owned(mut bytes) => {
            if bytes.starts_with(BOM) {
                bytes.drain(..BOM.len());
            }
            Cow::Owned(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn check(headers: &[(&'static str, &str)], body: &[u8]) -> Result<String, String> {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let json = json(Payload { headers: &headers, body });
        json.map(|json| String::from_utf8(json.into_owned()).unwrap()).map_err(|error| error.to_string())
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_form_holds_the_json_in_its_field_payload() {
        let check = |content_type: &str, body: &[u8]| check(&[("content-type", content_type)], body).unwrap();
        assert_eq!(check(FORM, b"payload=%7B%22a+b%22%3A%22%C3%BC%22%7D"), r#"{"a b":"ü"}"#);
        assert_eq!(check("Application/X-WWW-Form-URLEncoded; charset=utf-8", b"x=1&payload=%7B%7D"), "{}");
        assert_eq!(check(FORM, b"payload=%EF%BB%BF%7B%7D"), "{}");
        assert_eq!(check(FORM, b"other=1"), "other=1");
    }

    #[test]
    fn json_is_left_alone_but_for_a_byte_order_mark() {
        let json = ("content-type", "application/json");
        assert_eq!(check(&[json], b"payload=%7B%7D").unwrap(), "payload=%7B%7D");
        assert_eq!(check(&[json], b"\xef\xbb\xbf{}").unwrap(), "{}");
    }

    #[test]
    fn a_compressed_body_is_inflated_before_anything_else() {
        for name in ["gzip", "x-gzip", "GZIP"] {
            assert_eq!(check(&[("content-encoding", name)], &gzip(b"\xef\xbb\xbf{}")).unwrap(), "{}");
        }
        let form = [("content-encoding", "gzip"), ("content-type", FORM)];
        assert_eq!(check(&form, &gzip(b"payload=%7B%7D")).unwrap(), "{}");
        let two_members = [gzip(b"{"), gzip(b"}")].concat();
        assert_eq!(check(&[("content-encoding", "gzip")], &two_members).unwrap(), "{}");
        for name in ["", "identity", "Identity"] {
            assert_eq!(check(&[("content-encoding", name)], b"{}").unwrap(), "{}");
        }
    }

    #[test]
    fn deflate_is_read_with_its_header_and_without() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"{}").unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(b"{}").unwrap();
        for body in [zlib.finish().unwrap(), bare.finish().unwrap()] {
            assert_eq!(check(&[("content-encoding", "deflate")], &body).unwrap(), "{}");
        }
    }

    #[test]
    fn what_cannot_be_inflated_says_so_in_one_sentence() {
        let coded = |name: &'static str, body: &[u8]| check(&[("content-encoding", name)], body).unwrap_err();
        let whole = gzip(b"{}");
        insta::assert_snapshot!(coded("br", b"{}"), @"The body's Content-Encoding is none of gzip, deflate and identity.");
        assert_eq!(coded("gzip, gzip", &whole), coded("br", b"{}"));
        insta::assert_snapshot!(coded("gzip", b"{}"), @"The body is not what its Content-Encoding says: unexpected end of file.");
        insta::assert_snapshot!(coded("gzip", &whole[..whole.len() - 9]), @"The body is not what its Content-Encoding says: incomplete deflate stream.");
        insta::assert_snapshot!(coded("gzip", &[&whole[..], b"more"].concat()), @"The body is not what its Content-Encoding says: unexpected end of file.");
        insta::assert_snapshot!(coded("deflate", b"\xff\xff"), @"The body is not what its Content-Encoding says: corrupt deflate stream.");
    }

    #[test]
    fn a_bomb_is_put_out_at_the_limit() {
        let limit = gzip(&vec![b' '; BODY_BYTES_MAX]);
        let bomb = gzip(&vec![b' '; BODY_BYTES_MAX + 1]);
        assert!(bomb.len() < 100_000);
        let coded = |body: &[u8]| check(&[("content-encoding", "gzip")], body);
        assert_eq!(coded(&limit).unwrap().len(), BODY_BYTES_MAX);
        insta::assert_snapshot!(coded(&bomb).unwrap_err(), @"The body inflates to more than the limit of 25 MiB.");
    }
}
