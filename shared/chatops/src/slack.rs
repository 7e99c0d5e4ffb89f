//! Whether a request comes from Slack: the signature `v0`, HMAC-SHA256 over `v0:{timestamp}:{body}`
//! (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).
//!
//! Not here: a request that comes twice within the five minutes. [`Command::dedupe_key`](crate::Command) names it.

use config::commands::SlackSlashCommands;
use http::HeaderMap;
use payload::{Payload, Secret, is_signed};

use crate::Refusal;
use crate::form::Form;
use crate::limits::SIGNATURE_AGE_MAX;

/// Judges a request by the command's live secrets, over the raw bytes. `now_s` is the time of day, in seconds since
/// 1970.
///
/// Where there is a signing secret, only the signature counts: falling back to the token, which travels in clear, would
/// let whoever saw it once strip the signature's protection.
pub(crate) fn verify(slack: &SlackSlashCommands, payload: Payload<'_>, now_s: i64) -> Result<(), Refusal> {
    if slack.signing_secrets.is_empty() {
        return by_token(&slack.tokens, payload.body);
    }
    let timestamp = sole(payload.headers, "x-slack-request-timestamp")?;
    let signature = sole(payload.headers, "x-slack-signature")?;
    let is_number = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let signed_at_s: i64 = timestamp.parse().ok().filter(|_| is_number).ok_or(Refusal::Malformed)?;
    if now_s.abs_diff(signed_at_s) > SIGNATURE_AGE_MAX.as_secs() {
        return Err(Refusal::Stale);
    }
    let digits = signature.strip_prefix("v0=").ok_or(Refusal::Malformed)?;
    let signed = [b"v0:", timestamp.as_bytes(), b":", payload.body];
    if is_signed(&slack.signing_secrets, digits, &signed) { Ok(()) } else { Err(Refusal::WrongSignature) }
}

/// The verification token that Slack sent before it signed, and GitLab still compares.
fn by_token(tokens: &[Secret], body: &[u8]) -> Result<(), Refusal> {
    let form = Form::parse(body).map_err(|_| Refusal::Malformed)?;
    let candidate = form.get("token").ok_or(Refusal::Missing)?;
    // Every token is looked at, so that the time does not tell which one nearly matched.
    let matching = tokens.iter().filter(|token| token.matches(candidate.as_bytes())).count();
    if matching > 0 { Ok(()) } else { Err(Refusal::WrongToken) }
}

/// The value of a header that is there once. Of two, nobody knows which one the next reader believes.
pub(crate) fn sole<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Refusal::Missing)?;
    match values.next() {
        None => value.to_str().map_err(|_| Refusal::Malformed),
        Some(_) => Err(Refusal::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Slack's own example.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const SIGNED_AT_S: i64 = 1_531_420_618;
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

    fn command(signing_secrets: &[&str], tokens: &[&str]) -> SlackSlashCommands {
        let secrets = |texts: &[&str]| texts.iter().copied().map(Secret::new).collect();
        SlackSlashCommands {
            signing_secrets: secrets(signing_secrets),
            tokens: secrets(tokens),
            bot_token: None,
        }
    }

    fn judge(secrets: &[&str], headers: &[(&'static str, &str)], body: &[u8]) -> Result<(), Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        verify(&command(secrets, &[]), Payload { headers: &map, body }, SIGNED_AT_S)
    }

    fn check(signature: &str, timestamp: &str, body: &str) -> Result<(), Refusal> {
        let headers = [("x-slack-signature", signature), ("x-slack-request-timestamp", timestamp)];
        judge(&[SECRET], &headers, body.as_bytes())
    }

    /// Case 1 of the ChatOps cases.
    #[test]
    fn slacks_own_example_is_authentic() {
        assert_eq!(check(SIGNATURE, "1531420618", BODY), Ok(()));
    }

    #[test]
    fn while_secrets_are_rotated_each_of_them_signs() {
        let headers = [("x-slack-signature", SIGNATURE), ("x-slack-request-timestamp", "1531420618")];
        assert_eq!(judge(&["new", SECRET], &headers, BODY.as_bytes()), Ok(()));
        assert_eq!(judge(&[SECRET, "old"], &headers, BODY.as_bytes()), Ok(()));
        assert_eq!(judge(&["new", "old"], &headers, BODY.as_bytes()), Err(Refusal::WrongSignature));
    }

    /// Case 2.
    #[test]
    fn a_changed_body_another_scheme_and_a_missing_header_are_refused() {
        assert_eq!(check(SIGNATURE, "1531420618", &format!("{BODY}x")), Err(Refusal::WrongSignature));
        assert_eq!(check(&SIGNATURE.replace("v0=", "v1="), "1531420618", BODY), Err(Refusal::Malformed));
        let signature = ("x-slack-signature", SIGNATURE);
        let timestamp = ("x-slack-request-timestamp", "1531420618");
        assert_eq!(judge(&[SECRET], &[signature], BODY.as_bytes()), Err(Refusal::Missing));
        assert_eq!(judge(&[SECRET], &[timestamp], BODY.as_bytes()), Err(Refusal::Missing));
        let twice = [signature, timestamp, signature];
        assert_eq!(judge(&[SECRET], &twice, BODY.as_bytes()), Err(Refusal::Malformed));
    }

    #[test]
    fn anything_less_or_more_than_the_whole_signature_is_refused() {
        let longer = format!("{SIGNATURE}00");
        for wrong in
            ["v0=", &SIGNATURE[..65], &longer, &SIGNATURE.replace('a', "b"), &format!("v0=v0={SIGNATURE}")]
        {
            assert_eq!(check(wrong, "1531420618", BODY), Err(Refusal::WrongSignature), "{wrong}");
        }
        assert_eq!(check(&SIGNATURE[3..], "1531420618", BODY), Err(Refusal::Malformed));
    }

    /// Case 3.
    #[test]
    fn a_signature_is_good_for_five_minutes_either_way() {
        let headers = [("x-slack-signature", SIGNATURE), ("x-slack-request-timestamp", "1531420618")];
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let at = |now_s| {
            verify(&command(&[SECRET], &[]), Payload { headers: &headers, body: BODY.as_bytes() }, now_s)
        };
        assert_eq!((at(SIGNED_AT_S + 300), at(SIGNED_AT_S - 300)), (Ok(()), Ok(())));
        assert_eq!(at(SIGNED_AT_S + 301), Err(Refusal::Stale));
        assert_eq!(at(SIGNED_AT_S - 301), Err(Refusal::Stale));
        for timestamp in ["", "now", "+1531420618", "1531420618.0", "-1", "99999999999999999999"] {
            assert_eq!(check(SIGNATURE, timestamp, BODY), Err(Refusal::Malformed), "{timestamp}");
        }
        // The same moment, spelled otherwise than it was signed.
        assert_eq!(check(SIGNATURE, "01531420618", BODY), Err(Refusal::WrongSignature));
    }

    #[test]
    fn a_token_counts_only_where_there_is_no_signing_secret() {
        let none = HeaderMap::new();
        let at = |command: &SlackSlashCommands, body: &[u8]| {
            verify(command, Payload { headers: &none, body }, SIGNED_AT_S)
        };
        let token = "xyzz0WbapA4vBCDEFasx0q6G";
        assert_eq!(at(&command(&[], &["new", token]), BODY.as_bytes()), Ok(()));
        assert_eq!(at(&command(&[], &["other"]), BODY.as_bytes()), Err(Refusal::WrongToken));
        assert_eq!(at(&command(&[], &[]), BODY.as_bytes()), Err(Refusal::WrongToken));
        assert_eq!(at(&command(&[], &[token]), b"text=help"), Err(Refusal::Missing));
        assert_eq!(at(&command(&[SECRET], &[token]), BODY.as_bytes()), Err(Refusal::Missing));
    }

    proptest! {
        #[test]
        fn nothing_that_slack_did_not_sign_is_authentic(
            body in prop::collection::vec(any::<u8>(), 0..200), signature in "(v0=)?[0-9a-f]{0,70}|[ -~]{0,80}",
            timestamp in "[ -~]{0,12}|15314206[0-9]{2}",
        ) {
            let headers = [("x-slack-signature", &*signature), ("x-slack-request-timestamp", &*timestamp)];
            prop_assert!(judge(&[SECRET, "another"], &headers, &body).is_err());
        }

        #[test]
        fn one_flipped_bit_is_refused(bit in 0..BODY.len() * 8) {
            let mut body = BODY.as_bytes().to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            let headers = [("x-slack-signature", SIGNATURE), ("x-slack-request-timestamp", "1531420618")];
            prop_assert_eq!(judge(&[SECRET], &headers, &body), Err(Refusal::WrongSignature));
        }
    }
}
