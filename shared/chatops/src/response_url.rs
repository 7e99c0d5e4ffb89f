//! Where the chat wants to be answered, if it is the chat's own address.
//!
//! GitLab posts to whatever it was given. Here it has to begin with the one origin that it may have, letter by letter:
//! no other spelling of a host, no user, no port and no address in disguise gets past that, and the URL parser that the
//! HTTP client uses has to agree.

use config::commands::Chat;
use config::limits::URL_BYTES_MAX;
use payload::Secret;
use url::Url;

/// Slack's.
const SLACK_ORIGIN: &str = "https://hooks.slack.com";

/// An address that takes up to five posts for half an hour. Whoever knows it can post, so it is kept like a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseUrl(Secret);

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The response_url is not on the chat's own host.")]
pub struct ResponseUrlError;

impl ResponseUrl {
    /// Checks an address against the chat's own, as it is configured now.
    pub fn parse<S>(text: &str, chat: &Chat<S>) -> Result<Self, ResponseUrlError> {
        match chat {
            Chat::SlackSlashCommands(_) => Self::below(text, SLACK_ORIGIN),
            Chat::MattermostSlashCommands(mattermost) => Self::below(text, mattermost.origin.as_str()),
        }
    }

    fn below(text: &str, origin: &str) -> Result<Self, ResponseUrlError> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let is_below = text.strip_prefix(origin).is_some_and(|path| path.starts_with('/'));
        let url = Url::parse(text).map_err(|_| ResponseUrlError)?;
        let agrees = url.origin().ascii_serialization() == origin
            && url.username().is_empty()
            && url.password().is_none();
        if is_plain && is_below && agrees && text.len() <= URL_BYTES_MAX {
            Ok(Self(Secret::new(text)))
        } else {
            Err(ResponseUrlError)
        }
    }

    /// The address, for posting to it and for sealing it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slack_is_answered_at_slack_and_mattermost_where_it_is() {
        for (text, origin) in [
            ("https://hooks.slack.com/commands/T1DC2JH3J/397700885554/96rG", SLACK_ORIGIN),
            ("https://chat.example.net/hooks/commands/abc", "https://chat.example.net"),
            ("https://chat.example.net:8443/mm/hooks/commands/abc", "https://chat.example.net:8443"),
            ("http://localhost:8065/hooks/commands/abc", "http://localhost:8065"),
        ] {
            let read = ResponseUrl::below(text, origin).unwrap();
            assert_eq!((read.expose(), format!("{read:?}").as_str()), (text, "ResponseUrl(***)"));
        }
    }

    /// The second half of case 25 of the ChatOps cases.
    #[test]
    fn an_address_that_only_looks_right_is_refused() {
        for text in [
            "http://169.254.169.254/",
            "https://169.254.169.254/",
            "http://hooks.slack.com/commands/x",
            "https://hooks.slack.com",
            "https://hooks.slack.com.evil.net/",
            "https://hooks.slack.comevil.net/",
            "https://hooks.slack.com@evil.net/",
            "https://hooks.slack.com:443/commands/x",
            "https://hooks.slack.com:8443/",
            "https://hooks.slack.com\\@evil.net/",
            "https://hooks.slack.com/\\..\\x",
            "https://hooks.slack.com./commands/x",
            "https://HOOKS.slack.com/commands/x",
            "https://evil.net/https://hooks.slack.com/",
            "https://evil.net#https://hooks.slack.com/",
            "https://user:pw@hooks.slack.com/x",
            "https://hooks.slack.com/x\n",
            " https://hooks.slack.com/x",
            "https://hooks.slack.com/\tx",
            "https://hооks.slack.com/x", // two Cyrillic letters
            "//hooks.slack.com/x",
            "https:hooks.slack.com/x",
            "https://2130706433/",
            "file:///etc/passwd",
            "",
        ] {
            assert_eq!(ResponseUrl::below(text, SLACK_ORIGIN), Err(ResponseUrlError), "{text}");
        }
        let endless = format!("{SLACK_ORIGIN}/{}", "x".repeat(2048));
        assert_eq!(ResponseUrl::below(&endless, SLACK_ORIGIN), Err(ResponseUrlError));
        for text in
            ["https://chat.example.net:444/", "https://chat.example.net.evil/", "https://hooks.slack.com/"]
        {
            assert_eq!(ResponseUrl::below(text, "https://chat.example.net"), Err(ResponseUrlError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_leads_to_slack(tail in "[ -~é]{0,30}", head in "(https://hooks.slack.com)?[ -~]{0,9}") {
            let text = format!("{head}{tail}");
            if ResponseUrl::below(&text, SLACK_ORIGIN).is_ok() {
                let url = Url::parse(&text).unwrap();
                prop_assert_eq!((url.scheme(), url.host_str(), url.port()), ("https", Some("hooks.slack.com"), None));
            }
        }
    }
}
