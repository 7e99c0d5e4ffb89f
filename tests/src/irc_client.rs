//! Somebody on IRC, who keeps the bytes of what is said in one channel, or to them.
//!
//! Not here: anything IRC clients do beyond that (nothing is ever said).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinHandle;

use crate::waiting::eventually;

/// A client that listens to one channel, or to what it is told itself.
#[derive(Debug)]
pub struct Listener {
    heard: Arc<Mutex<VecDeque<Vec<u8>>>>,
    reading: JoinHandle<()>,
}

impl Listener {
    /// Registers, joins, and is there when this returns. `channel` may have a key behind a space.
    pub(crate) async fn join(port: u16, nick: &str, channel: &str) -> Self {
        let name = channel.split(' ').next().unwrap_or(channel);
        Self::listen(port, nick, (name, &format!("JOIN {channel}"))).await
    }

    /// Registers, and listens to what it is told in private.
    pub(crate) async fn alone(port: u16, nick: &str) -> Self {
        // Answered as a JOIN is: with an end of names.
        Self::listen(port, nick, (nick, "NAMES #nobody-is-here")).await
    }

    /// Hears what is said to `target`; `order` is answered by an end of names when it is there.
    async fn listen(port: u16, nick: &str, (target, order): (&str, &str)) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("connect to the IRC server");
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).split(b'\n');
        say(&mut writer, &format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}")).await;

        let heard = Arc::new(Mutex::new(VecDeque::new()));
        let joined = Arc::new(Mutex::new(false));
        let reading = tokio::spawn({
            let (heard, joined) = (Arc::clone(&heard), Arc::clone(&joined));
            let (target, order) = (target.to_owned(), order.to_owned());
            async move {
                while let Ok(Some(line)) = lines.next_segment().await {
                    let line = line.strip_suffix(b"\r").unwrap_or(&line);
                    match Line::of(line, &target) {
                        Line::Ping(token) => say(&mut writer, &format!("PONG {token}")).await,
                        Line::Welcome => say(&mut writer, &order).await,
                        Line::Joined => *joined.lock().expect("lock") = true,
                        Line::Said(text) => heard.lock().expect("lock").push_back(text),
                        Line::Other => {}
                    }
                }
            }
        });
        eventually(&format!("{nick} to listen to {target}"), || joined.lock().expect("lock").then_some(()))
            .await;
        Self { heard, reading }
    }

    /// The next line said in the channel, as it was said.
    ///
    /// # Panics
    /// If the bytes are not UTF-8: Bellhop has cut a character in two.
    pub async fn hears(&self) -> String {
        let bytes =
            eventually("a line in the channel", || self.heard.lock().expect("lock").pop_front()).await;
        String::from_utf8(bytes).expect("what is said is UTF-8")
    }

    /// All lines so far that nobody has asked for.
    pub fn heard_so_far(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("lock");
        heard.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    /// The next lines.
    pub async fn hears_lines(&self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for _ in 0..count {
            lines.push(self.hears().await);
        }
        lines
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn say(writer: &mut OwnedWriteHalf, line: &str) {
    // A server that has gone away is noticed by what is not heard.
    let _ = writer.write_all(format!("{line}\r\n").as_bytes()).await;
}

/// What a line from the server means to us.
enum Line {
    Ping(String),
    Welcome,
    Joined,
    Said(Vec<u8>),
    Other,
}

impl Line {
    fn of(line: &[u8], target: &str) -> Self {
        let said = format!(" PRIVMSG {target} :").into_bytes();
        // Commands are ASCII; only what is said may be any bytes.
        let text = String::from_utf8_lossy(line);
        let mut words = text.split(' ');
        match (words.next(), words.next()) {
            (Some("PING"), Some(token)) => Self::Ping(token.to_owned()),
            (Some(_), Some("001")) => Self::Welcome,
            (Some(_), Some("366")) => Self::Joined,
            (Some(_), Some("PRIVMSG")) => match line.windows(said.len()).position(|window| window == said) {
                Some(start) => Self::Said(line[start + said.len()..].to_vec()),
                None => Self::Other,
            },
            _ => Self::Other,
        }
    }
}
