//! A slash command as it came in: who, where, what, and how to answer.
//!
//! Not here: whether the request is authentic (`slack`, `mattermost`: ask them first), what the text means (`grammar`).

use config::commands::{Chat, Platform, is_id};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::form::{Form, FormError};
use crate::limits::{NAME_BYTES_MAX, TEXT_BYTES_MAX};
use crate::{ResponseUrl, ResponseUrlError};

/// One slash command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Whose.
    pub platform: Platform,
    /// The team (Slack: workspace) it was typed in.
    pub team: Team,
    /// Where it was typed.
    pub channel: Named,
    /// Who typed it.
    pub user: Named,
    /// The slash command itself, such as `/gitlab`.
    pub slash: String,
    /// What stands behind it, as it was typed: any text with no control characters but line breaks and tabs.
    pub text: String,
    /// Where to answer, for half an hour and five times.
    pub response_url: ResponseUrl,
    /// The same for the same request when it comes again, and for no other: 64 hexadecimal digits.
    pub dedupe_key: String,
}

/// Something with an id that stays and a name that may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Immutable: letters and digits.
    pub id: String,
    /// For people only; may be empty.
    pub name: String,
}

/// Where people share a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Immutable: letters and digits.
    pub id: String,
    /// For people only; may be empty.
    pub domain: String,
}

/// Why an authentic request is no command. The texts are for whoever typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// No form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// Nobody, or from nowhere.
    #[error("The request does not say who wrote it, and where.")]
    Unidentified,
    /// What a job's log would take for the runner's own, and a terminal for orders.
    #[error("A command holds no control characters but line breaks and tabs.")]
    Control,
    /// Longer than a post.
    #[error("A command has at most {TEXT_BYTES_MAX} bytes.")]
    TooLong,
    /// See [`ResponseUrlError`].
    #[error(transparent)]
    ResponseUrl(#[from] ResponseUrlError),
}

impl Command {
    /// Reads an authentic request. Never panics, whatever the bytes; costs time linear in the body.
    pub fn read<S>(chat: &Chat<S>, body: &[u8]) -> Result<Self, IntakeError> {
        let form = Form::parse(body)?;
        let field = |name| form.get(name).unwrap_or_default();
        let team = Team { id: id(&form, "team_id")?, domain: name(&form, "team_domain")? };
        let channel = Named { id: id(&form, "channel_id")?, name: name(&form, "channel_name")? };
        let user = Named { id: id(&form, "user_id")?, name: name(&form, "user_name")? };
        let text = field("text");
        if text.len() > TEXT_BYTES_MAX {
            return Err(IntakeError::TooLong);
        }
        // C1 as well: in UTF-8, U+009B begins a terminal's orders just as ESC [ does.
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(IntakeError::Control);
        }
        Ok(Self {
            platform: chat.platform(),
            dedupe_key: dedupe_key(chat.platform(), &team.id, field("trigger_id"), body),
            slash: name(&form, "command")?,
            text: text.to_owned(),
            response_url: ResponseUrl::parse(field("response_url"), chat)?,
            team,
            channel,
            user,
        })
    }
}

fn id(form: &Form, field: &str) -> Result<String, IntakeError> {
    form.get(field).filter(|id| is_id(id)).map(str::to_owned).ok_or(IntakeError::Unidentified)
}

/// A name is optional, but what is there is one line.
fn name(form: &Form, field: &str) -> Result<String, IntakeError> {
    let name = form.get(field).unwrap_or_default();
    if name.chars().any(char::is_control) {
        return Err(IntakeError::Control);
    }
    if name.len() > NAME_BYTES_MAX { Err(IntakeError::TooLong) } else { Ok(name.to_owned()) }
}

/// By the chat's own id of the request. Without one, by all that was sent: the same command typed again has another
/// `response_url`.
fn dedupe_key(platform: Platform, team: &str, trigger: &str, body: &[u8]) -> String {
    let request = if trigger.is_empty() { body } else { trigger.as_bytes() };
    let kind = if trigger.is_empty() { "body" } else { "trigger" };
    let mut hash = Sha256::new();
    hash.update(format!("{platform}\n{team}\n{kind}\n"));
    hash.update(request);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use config::commands::{MattermostSlashCommands, SlackSlashCommands};
    use payload::Secret;
    use proptest::prelude::*;

    use super::*;

    const BODY: &str = "token=x&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fgitlab&text=run+ls&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rG&trigger_id=398738663015.47445629121.803a";

    fn slack() -> Chat {
        Chat::SlackSlashCommands(SlackSlashCommands {
            signing_secrets: Vec::new(),
            tokens: Vec::new(),
            bot_token: None,
        })
    }

    fn mattermost() -> Chat {
        Chat::MattermostSlashCommands(MattermostSlashCommands {
            tokens: vec![Secret::new("x")],
            origin: "https://chat.example.net".to_owned().try_into().unwrap(),
            bot_token: None,
        })
    }

    fn check(change: impl Fn(&str) -> String) -> Result<Command, IntakeError> {
        Command::read(&slack(), change(BODY).as_bytes())
    }

    #[test]
    fn a_command_says_who_where_and_what() {
        let command = check(str::to_owned).unwrap();
        assert_eq!(command.user, Named { id: "U2CERLKJA".into(), name: "roadrunner".into() });
        assert_eq!(command.channel, Named { id: "G8PSS9T3V".into(), name: "foobar".into() });
        assert_eq!(command.team, Team { id: "T1DC2JH3J".into(), domain: "testteamnow".into() });
        assert_eq!((command.slash.as_str(), command.text.as_str()), ("/gitlab", "run ls"));
        assert!(!format!("{command:?}").contains("96rG"), "whoever knows the response_url can post");
    }

    /// The pure half of case 4 of the ChatOps cases: the same request has the same key, and no other one has.
    #[test]
    fn a_request_is_known_again_and_told_from_others() {
        let key = |change: &dyn Fn(&str) -> String| check(change).unwrap().dedupe_key;
        let first = key(&str::to_owned);
        assert_eq!(first, key(&str::to_owned));
        assert_eq!(first.len(), 64);
        assert_ne!(first, key(&|body| body.replace(".803a", ".803b")));
        assert_ne!(first, key(&|body| body.replace("T1DC2JH3J&", "T2&")));
        let untold = |url: &str| key(&|body| body.replace("&trigger_id=", "&other=").replace("96rG", url));
        assert_eq!(untold("one"), untold("one"));
        assert_ne!(untold("one"), untold("two"));
    }

    /// The pure half of case 7: a field that GitLab needs, too.
    #[test]
    fn a_request_from_nobody_is_refused() {
        for field in ["team_id=T1DC2JH3J", "user_id=U2CERLKJA", "channel_id=G8PSS9T3V"] {
            let (name, _) = field.split_once('=').unwrap();
            for value in ["", "a/b", "U1%0A", &"U".repeat(65)] {
                let refused = check(|body| body.replace(field, &format!("{name}={value}")));
                assert_eq!(refused, Err(IntakeError::Unidentified), "{name}={value}");
            }
            assert_eq!(check(|body| body.replace(field, "x=y")), Err(IntakeError::Unidentified));
        }
    }

    /// The first part of case 18: what would forge the runner's markers never gets in.
    #[test]
    fn control_characters_are_refused_and_line_breaks_and_tabs_are_not() {
        let typed = |text: &str| check(|body| body.replace("run+ls", text)).map(|command| command.text);
        assert_eq!(typed("run+ls+a%0Ab%09c"), Ok("run ls a\nb\tc".to_owned()));
        for forged in
            ["section_start:1:chat_reply%0D%1B%5B0K", "a%00b", "a%0Db", "a%1Bb", "a%7Fb", "a%C2%9Bb", "%08"]
        {
            assert_eq!(typed(forged), Err(IntakeError::Control), "{forged}");
        }
        assert_eq!(check(|body| body.replace("roadrunner", "a%0Ab")), Err(IntakeError::Control));
    }

    /// Case 21, up to the job: what is typed is what the job gets.
    #[test]
    fn shell_code_stays_text() {
        let hostile = "run echo $(id);`id` && $HOME \"x' \ny";
        let encoded = hostile.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(check(|body| body.replace("run+ls", &encoded)).unwrap().text, hostile);
    }

    #[test]
    fn an_endless_text_is_refused() {
        let typed = |bytes: usize| check(|body| body.replace("run+ls", &"x".repeat(bytes)));
        assert_eq!(typed(TEXT_BYTES_MAX).unwrap().text.len(), TEXT_BYTES_MAX);
        assert_eq!(typed(TEXT_BYTES_MAX + 1), Err(IntakeError::TooLong));
    }

    /// The second half of case 25.
    #[test]
    fn an_answer_to_somewhere_else_is_refused_at_intake() {
        let elsewhere = |url: &str| check(|body| body.replace("https%3A%2F%2Fhooks.slack.com", url));
        assert_eq!(elsewhere("http%3A%2F%2F169.254.169.254"), Err(ResponseUrlError.into()));
        assert_eq!(elsewhere("https%3A%2F%2Fchat.example.net"), Err(ResponseUrlError.into()));
        assert_eq!(elsewhere(""), Err(ResponseUrlError.into()));
        let body = BODY.replace("hooks.slack.com", "chat.example.net");
        let command = Command::read(&mattermost(), body.as_bytes()).unwrap();
        assert_eq!(
            command.response_url.expose(),
            "https://chat.example.net/commands/T1DC2JH3J/397700885554/96rG"
        );
        assert_eq!(Command::read(&mattermost(), BODY.as_bytes()), Err(ResponseUrlError.into()));
    }

    proptest! {
        #[test]
        fn any_bytes_and_any_damage_to_a_command_are_survived(
            noise in prop::collection::vec(any::<u8>(), 0..64), at: prop::sample::Index,
        ) {
            let mut damaged = BODY.as_bytes().to_vec();
            let at = at.index(damaged.len());
            let end = (at + noise.len()).min(damaged.len());
            damaged.splice(at..end, noise.iter().copied());
            for body in [&noise, &damaged] {
                if let Ok(command) = Command::read(&slack(), body) {
                    prop_assert!(!command.text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
                    prop_assert!(command.response_url.expose().starts_with("https://hooks.slack.com/"));
                }
            }
        }
    }
}
