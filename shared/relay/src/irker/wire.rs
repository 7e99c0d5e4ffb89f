//! irkerd's protocol: one JSON object a line, `{"to": ..., "privmsg": ...}`
//! (<https://gitlab.com/esr/irker/-/blob/master/irkerd.adoc>).

use config::Recipient;
use serde::Serialize;

use super::Line;
use crate::limits::LINE_BYTES_MAX;

/// One line for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The IRC server that it goes to, `host:port`: as irkerd tells its connections apart.
    pub server: String,
    /// What irkerd is told, ended by LF. Holds the channel's key.
    pub text: String,
}

#[derive(Serialize)]
struct Told<'a> {
    to: &'a str,
    privmsg: &'a str,
}

/// The requests for some lines: every line for every recipient, in the lines' order.
///
/// One recipient a request, though irkerd takes lists: a list with one bad port is dropped whole, and a dead server
/// in a list costs the others theirs. Empty lines are left out: irkerd would only join for them, or wait a second.
#[expect(clippy::expect_used, reason = "two strings always serialise")]
pub fn requests(lines: &[Line], recipients: &[Recipient]) -> Vec<Request> {
    let urls: Vec<_> = recipients.iter().map(Recipient::wire_url).collect();
    let mut requests = Vec::with_capacity(lines.len() * recipients.len());
    for line in lines {
        for (recipient, to) in recipients.iter().zip(&urls) {
            let privmsg = line.render(LINE_BYTES_MAX.saturating_sub(recipient.name.len()));
            if privmsg.trim().is_empty() {
                continue;
            }
            let mut text = serde_json::to_string(&Told { to, privmsg: &privmsg }).expect("strings serialise");
            text.push('\n');
            let server = format!("{}:{}", recipient.server.host, recipient.server.port);
            requests.push(Request { server, text });
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient(url: &str) -> Recipient {
        Recipient::parse(url, None).unwrap()
    }

    #[test]
    fn every_recipient_gets_every_line_in_order() {
        let lines = [Line::default().words("first \"line\""), Line::default().words("zweite Zeile ü")];
        let recipients = [recipient("irc://h/a"), recipient("ircs://h/b?key=k")];
        let told: Vec<_> = requests(&lines, &recipients).into_iter().map(|request| request.text).collect();
        insta::assert_snapshot!(told.concat(), @r#"
        {"to":"irc://h:6667/a","privmsg":"first \"line\""}
        {"to":"ircs://h:6697/b?key=k","privmsg":"first \"line\""}
        {"to":"irc://h:6667/a","privmsg":"zweite Zeile ü"}
        {"to":"ircs://h:6697/b?key=k","privmsg":"zweite Zeile ü"}
        "#);
    }

    #[test]
    fn nothing_is_sent_that_says_nothing() {
        assert!(requests(&[Line::default().words("\u{1}\r")], &[recipient("irc://h/a")]).is_empty());
    }

    #[test]
    fn a_longer_channel_name_leaves_less_room() {
        let line = [Line::default().words(&"x".repeat(1000))];
        let length = |url: &str| {
            let request: serde_json::Value =
                serde_json::from_str(&requests(&line, &[recipient(url)])[0].text).unwrap();
            request["privmsg"].as_str().unwrap().len()
        };
        assert_eq!(length("irc://h/a"), LINE_BYTES_MAX - "#a".len());
        assert_eq!(length("irc://h/abcdef"), LINE_BYTES_MAX - "#abcdef".len());
    }
}
