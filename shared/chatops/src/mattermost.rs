//! Whether a request comes from Mattermost: the command's token, in the form and in `Authorization: Token ...`
//! (<https://developers.mattermost.com/integrate/slash-commands/custom/>).
//!
//! Mattermost signs nothing and dates nothing: TLS keeps the token secret, and the id of each request
//! ([`Command::dedupe_key`](crate::Command)) keeps it from being repeated.
//!
//! Not here: commands by GET, which would leave the token in logs.

use config::commands::MattermostSlashCommands;
use payload::Payload;

use crate::Refusal;
use crate::form::Form;
use crate::slack::sole;

/// Judges a request by the command's live tokens: form and header have to carry the same one.
pub(crate) fn verify(mattermost: &MattermostSlashCommands, payload: Payload<'_>) -> Result<(), Refusal> {
    let header = sole(payload.headers, "authorization")?;
    let in_header = header.strip_prefix("Token ").ok_or(Refusal::Malformed)?;
    let form = Form::parse(payload.body).map_err(|_| Refusal::Malformed)?;
    let in_form = form.get("token").ok_or(Refusal::Missing)?;
    // Every token is compared with both, so that the time does not tell which one nearly matched.
    let matching = mattermost
        .tokens
        .iter()
        .filter(|token| token.matches(in_header.as_bytes()) & token.matches(in_form.as_bytes()))
        .count();
    if matching > 0 { Ok(()) } else { Err(Refusal::WrongToken) }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use payload::Secret;

    use super::*;

    fn check(authorization: Option<&str>, body: &str) -> Result<(), Refusal> {
        let mattermost = MattermostSlashCommands {
            tokens: vec![Secret::new("gr8tok3n"), Secret::new("0ld")],
            origin: "https://chat.example.net".to_owned().try_into().unwrap(),
            bot_token: None,
        };
        let value = authorization.map(|value| ("authorization".parse().unwrap(), value.parse().unwrap()));
        let headers: HeaderMap = value.into_iter().collect();
        verify(&mattermost, Payload { headers: &headers, body: body.as_bytes() })
    }

    #[test]
    fn the_token_in_form_and_header_opens_the_door() {
        assert_eq!(check(Some("Token gr8tok3n"), "token=gr8tok3n&text=help"), Ok(()));
        assert_eq!(check(Some("Token 0ld"), "text=help&token=0ld"), Ok(()));
    }

    /// Case 5 of the ChatOps cases, and its mirror image.
    #[test]
    fn one_right_token_does_not_make_up_for_a_wrong_one() {
        assert_eq!(check(Some("Token gr8tok3n"), "token=other"), Err(Refusal::WrongToken));
        assert_eq!(check(Some("Token other"), "token=gr8tok3n"), Err(Refusal::WrongToken));
        assert_eq!(check(Some("Token gr8tok3n"), "token=0ld"), Err(Refusal::WrongToken));
    }

    #[test]
    fn a_request_without_both_tokens_is_refused() {
        assert_eq!(check(None, "token=gr8tok3n"), Err(Refusal::Missing));
        assert_eq!(check(Some("Token gr8tok3n"), "text=help"), Err(Refusal::Missing));
        assert_eq!(check(Some("Bearer gr8tok3n"), "token=gr8tok3n"), Err(Refusal::Malformed));
        assert_eq!(check(Some("Token gr8tok3n"), "token=gr8tok3n&token=other"), Err(Refusal::Malformed));
        assert_eq!(check(Some("Token "), "token="), Err(Refusal::WrongToken));
    }
}
