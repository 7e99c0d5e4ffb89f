//! Proofs of who sent a request: what is accepted holds the right one, which an input cannot know.
//!
//! An input is a letter for the scheme, a line that is sent as the proof, and the body. In the line, `@` stands for the
//! right proof: so inputs come near to it, and a line without it is a guess.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use config::commands::{Chat, MattermostSlashCommands, SlackSlashCommands};
use http::HeaderMap;
use payload::{Forge, Payload, Secret, SigningKey, Verdict, hub_signature, verify};

use crate::request::{header_name, header_value};

const NOW_S: i64 = 1_700_000_000;
const TOKEN: &str = "gr8-t0ken-that-nobody-knows";
const SIGNING_TOKEN: &str = "whsec_bm9ib2R5LWtub3dzLXRoaXMtZWl0aGVyIQ==";

/// A way to prove where a request comes from.
struct Scheme {
    header: &'static str,
    /// What stands in front of the proof.
    prefix: &'static str,
    proof: String,
    judge: fn(&HeaderMap, &[u8]) -> bool,
}

pub(crate) fn signatures(bytes: &[u8]) {
    let Some((&letter, rest)) = bytes.split_first() else { return };
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (line, body) =
        (str::from_utf8(&rest[..end]).unwrap_or_default(), rest.get(end + 1..).unwrap_or_default());
    let Some(scheme) = scheme(letter, body) else { return };
    let judge = |line: &str| {
        let Some(value) = header_value(line) else { return false };
        let mut headers: HeaderMap = [("webhook-id", "msg_1"), ("webhook-timestamp", "1700000000")]
            .iter()
            .chain(&[("x-slack-request-timestamp", "1700000000")])
            .filter_map(|(name, value)| Some((header_name(name)?, header_value(value)?)))
            .collect();
        headers.insert(scheme.header, value);
        (scheme.judge)(&headers, body)
    };
    let is_accepted = judge(&line.replace('@', &scheme.proof));
    assert!(!is_accepted || line.contains('@'), "{line:?} was accepted, and nobody can guess it");
    // An empty body has no token in it, and Mattermost wants it there as well.
    if scheme.header != "authorization" {
        assert!(judge(&format!("{}{}", scheme.prefix, scheme.proof)), "the right proof is accepted");
    }
    // One character of it changed is another proof.
    let at = usize::from(letter) % scheme.proof.len();
    let other = if scheme.proof.as_bytes()[at] == b'0' { "1" } else { "0" };
    let forged = format!("{}{}{other}{}", scheme.prefix, &scheme.proof[..at], &scheme.proof[at + 1..]);
    assert!(!judge(&forged), "{forged} was accepted");
}

fn hub(forge: Forge, headers: &HeaderMap, body: &[u8]) -> bool {
    let secrets = ["old", TOKEN].map(Secret::new);
    matches!(verify(forge, &secrets, Payload { headers, body }, NOW_S), Verdict::Authentic(_))
}

fn chat(chat: &Chat, headers: &HeaderMap, body: &[u8]) -> bool {
    chatops::verify(chat, Payload { headers, body }, NOW_S).is_ok()
}

fn slack(headers: &HeaderMap, body: &[u8]) -> bool {
    let signing_secrets = ["old", TOKEN].map(Secret::new).to_vec();
    let settings = SlackSlashCommands { signing_secrets, tokens: Vec::new(), bot_token: None };
    chat(&Chat::SlackSlashCommands(settings), headers, body)
}

fn mattermost(headers: &HeaderMap, body: &[u8]) -> bool {
    let origin = "https://chat.example.net".to_owned().try_into().expect("an origin");
    let settings = MattermostSlashCommands { tokens: vec![Secret::new(TOKEN)], origin, bot_token: None };
    chat(&Chat::MattermostSlashCommands(settings), headers, body)
}

fn standard_webhooks(headers: &HeaderMap, body: &[u8]) -> bool {
    let secrets = [TOKEN, SIGNING_TOKEN].map(Secret::new);
    matches!(verify(Forge::GitLab, &secrets, Payload { headers, body }, NOW_S), Verdict::Authentic(_))
}

fn scheme(letter: u8, body: &[u8]) -> Option<Scheme> {
    let secret = Secret::new(TOKEN);
    let digits = || hub_signature(&secret, body).trim_start_matches("sha256=").to_owned();
    let slack_digits = || {
        let signed = [b"v0:1700000000:", body].concat();
        hub_signature(&secret, &signed).trim_start_matches("sha256=").to_owned()
    };
    let standard = || {
        let key = SigningKey::new(&Secret::new(SIGNING_TOKEN)).expect("a signing token");
        let signature = key.sign("msg_1", NOW_S, body);
        let encoded = signature.trim_start_matches("v1,").to_owned();
        assert_eq!(STANDARD.decode(&encoded).map(|bytes| bytes.len()), Ok(32), "HMAC-SHA256");
        encoded
    };
    let (header, prefix, proof, judge): (_, _, _, fn(&HeaderMap, &[u8]) -> bool) = match letter {
        b'T' => ("x-gitlab-token", "", TOKEN.to_owned(), |headers, body| hub(Forge::GitLab, headers, body)),
        b'W' => ("webhook-signature", "v1,", standard(), standard_webhooks),
        b'H' => {
            ("x-hub-signature-256", "sha256=", digits(), |headers, body| hub(Forge::GitHub, headers, body))
        }
        b'B' => ("x-hub-signature", "sha256=", digits(), |headers, body| {
            hub(Forge::BitbucketCloud, headers, body)
        }),
        b'G' => ("x-gitea-signature", "", digits(), |headers, body| hub(Forge::Gitea, headers, body)),
        b'O' => ("x-gogs-signature", "", digits(), |headers, body| hub(Forge::Gogs, headers, body)),
        b'S' => ("x-slack-signature", "v0=", slack_digits(), slack),
        b'M' => ("authorization", "Token ", TOKEN.to_owned(), mattermost),
        _ => return None,
    };
    Some(Scheme { header, prefix, proof, judge })
}
