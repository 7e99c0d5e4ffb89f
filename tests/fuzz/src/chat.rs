//! Slash commands: what is read of a form that a chat posts, and of what somebody typed.

use chatops::limits::TEXT_BYTES_MAX;
use chatops::{Command, grammar};
use config::commands::{Chat, MattermostSlashCommands, SlackSlashCommands, is_id};
use url::Url;

/// An input is a form.
pub(crate) fn slash_commands(bytes: &[u8]) {
    let slack = SlackSlashCommands { signing_secrets: Vec::new(), tokens: Vec::new(), bot_token: None };
    let origin = "https://chat.example.net:8443".to_owned().try_into().expect("an origin");
    let mattermost = MattermostSlashCommands { tokens: Vec::new(), origin, bot_token: None };
    let chats: [(Chat, &str); 2] = [
        (Chat::SlackSlashCommands(slack), "https://hooks.slack.com"),
        (Chat::MattermostSlashCommands(mattermost), "https://chat.example.net:8443"),
    ];
    for (chat, origin) in chats {
        let Ok(command) = Command::read(&chat, bytes) else { continue };
        let url = Url::parse(command.response_url.expose()).expect("it was read as one");
        assert_eq!(url.origin().ascii_serialization(), origin, "an answer goes to the chat");
        assert!(url.username().is_empty() && url.password().is_none(), "{url}");
        for id in [&command.team.id, &command.channel.id, &command.user.id] {
            assert!(is_id(id), "{id:?}");
        }
        assert!(!command.user.name.chars().any(char::is_control), "{:?}", command.user.name);
        assert_eq!(command.dedupe_key.len(), 64);
        said(&command.text);
    }
    said(&String::from_utf8_lossy(bytes));
}

/// What an instruction holds of a text stands in the text.
fn said(text: &str) {
    let instruction = grammar::parse(text);
    if let grammar::Instruction::Run { job, arguments } = &instruction {
        // GitLab's grammar ends a word at Ruby's white space, which knows ASCII alone.
        let is_word = !job.contains([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
        assert!(text.contains(job.as_str()) && is_word, "{job:?}");
        let arguments = arguments.as_deref().unwrap_or_default();
        assert!(text.ends_with(arguments), "the arguments are what was typed, to the last letter");
    }
    if let Some((_, arguments)) = instruction.verb_and_arguments() {
        assert!(arguments.len() <= text.len() + TEXT_BYTES_MAX, "{} bytes", arguments.len());
    }
}
