//! The bridge to a repository behind ssh. To libgit2 it is a server of the protocol `git://`, which after its first line is
//! what `git-upload-pack` says at the other end of an ssh connection (<https://git-scm.com/docs/pack-protocol>).
//!
//! The host proves itself by a key of `known_hosts` before anything is said; unknown hosts are never taken on trust.
//!
//! Not here: passwords, agents, certificates, and the machine's own ssh configuration.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use russh::client::{self, Config, Handle, Handler, Msg};
use russh::keys::known_hosts::known_host_keys_path;
use russh::keys::{
    Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate, decode_secret_key,
};
use russh::{Channel, ChannelMsg, Preferred};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::bridge::{Bridge, Failure, listen, token};
use crate::limits::{CONNECT_MAX, REQUEST_BYTES_MAX, WORDS_BYTES_MAX};
use crate::remote::Ssh;
use crate::{Credentials, Git, GitError, Wanted};

/// Connects, checks the host, logs in, and opens the bridge.
pub(crate) async fn bridge(git: &Git, ssh: &Ssh, wanted: &Wanted<'_>) -> Result<Bridge, GitError> {
    let Some(Credentials::SshKey { private_key, known_hosts }) = wanted.credentials else {
        return Err(GitError::NoKey);
    };
    let key = decode_secret_key(private_key, None)
        .map_err(|error| GitError::PrivateKey { reason: error.to_string() })?;
    let known = known_keys(ssh, known_hosts)?;
    let mut session = connect(&wanted.addresses, known).await?;
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    let login = session.authenticate_publickey(&ssh.user, key).await.map_err(broken)?;
    if !login.success() {
        return Err(GitError::Denied { reason: "it does not know the key".to_owned() });
    }
    let channel = session.channel_open_session().await.map_err(broken)?;
    channel.exec(true, format!("git-upload-pack {}", quoted(&ssh.path))).await.map_err(broken)?;
    let (listener, address) = listen().await?;
    let token = token()?;
    let failure = Failure::default();
    let url = format!("git://{address}/{token}");
    let carry = Carry { token, bytes: git.limits.bytes, failure: failure.clone() };
    // The session lives as long as the bridge.
    let work = async move { carry.between(listener, channel, session).await };
    Ok(Bridge::new(url, failure, work))
}

/// The keys that the host may have.
fn known_keys(ssh: &Ssh, known_hosts: &str) -> Result<Vec<PublicKey>, GitError> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), known_hosts)?;
    // A line that cannot be read is as if it were not there.
    let known = known_host_keys_path(&ssh.host, ssh.port, file.path()).unwrap_or_default();
    let known: Vec<_> = known.into_iter().map(|(_, key)| key).filter(is_usable).collect();
    if known.is_empty() {
        let host = if ssh.port == 22 { ssh.host.clone() } else { format!("[{}]:{}", ssh.host, ssh.port) };
        return Err(GitError::NoKnownHost { host });
    }
    Ok(known)
}

fn is_usable(key: &PublicKey) -> bool {
    matches!(key.algorithm(), Algorithm::Ed25519 | Algorithm::Ecdsa { .. })
}

/// Only kinds of keys that are known are asked for, or a host with several would show another one.
async fn connect(addresses: &[SocketAddr], known: Vec<PublicKey>) -> Result<Handle<Host>, GitError> {
    let mut kinds: Vec<Algorithm> = Vec::new();
    for key in &known {
        if !kinds.contains(&key.algorithm()) {
            kinds.push(key.algorithm());
        }
    }
    let preferred = Preferred { key: Cow::Owned(kinds), ..Preferred::default() };
    let config = Arc::new(Config { preferred, nodelay: true, ..Config::default() });
    let mut last = GitError::Unreachable { reason: "its name has no address".to_owned() };
    for address in addresses {
        match timeout(CONNECT_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                return client::connect_stream(config, stream, Host { known }).await.map_err(|end| end.0);
            }
            Ok(Err(error)) => last = GitError::Unreachable { reason: error.to_string() },
            Err(_) => last = GitError::Unreachable { reason: "it does not take connections".to_owned() },
        }
    }
    Err(last)
}

/// The other end of the connection, as far as we know it.
struct Host {
    known: Vec<PublicKey>,
}

/// Why a connection ended.
#[derive(Debug)]
struct End(GitError);

impl From<russh::Error> for End {
    fn from(error: russh::Error) -> Self {
        Self(broken(error))
    }
}

impl Handler for Host {
    type Error = End;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, End> {
        let key = shown.public_key();
        if self.known.iter().any(|known| known.key_data() == key.key_data()) {
            return Ok(true);
        }
        Err(End(GitError::UnknownHost { fingerprint: key.fingerprint(HashAlg::Sha256).to_string() }))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands behind `map_err`")]
fn broken(error: russh::Error) -> GitError {
    GitError::Unreachable { reason: error.to_string() }
}

/// As git quotes it (`quote.c`): for the shell at the other end it is one word, whatever it holds.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''").replace('!', r"'\!'"))
}

struct Carry {
    token: String,
    bytes: u64,
    failure: Failure,
}

impl Carry {
    async fn between(self, listener: TcpListener, channel: Channel<Msg>, session: Handle<Host>) {
        let stream = loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            if let Some(stream) = self.let_in(stream).await {
                break stream;
            }
        };
        // An error is libgit2's to notice.
        let _ = self.carry(stream, channel).await;
        drop(session);
    }

    /// The first line of `git://` is `git-upload-pack /PATH`, behind its length in four hexadecimal digits.
    async fn let_in(&self, mut stream: TcpStream) -> Option<TcpStream> {
        let mut length = [0; 4];
        stream.read_exact(&mut length).await.ok()?;
        let length = usize::from_str_radix(std::str::from_utf8(&length).ok()?, 16).ok()?;
        let mut line = vec![0; length.checked_sub(4).filter(|rest| *rest <= REQUEST_BYTES_MAX)?];
        stream.read_exact(&mut line).await.ok()?;
        let expected = format!("git-upload-pack /{}\0", self.token);
        line.starts_with(expected.as_bytes()).then_some(stream)
    }

    async fn carry(&self, mut stream: TcpStream, channel: Channel<Msg>) -> io::Result<()> {
        let (mut inside_read, mut inside_write) = stream.split();
        let (mut outside_read, outside_write) = channel.split();
        let up = async {
            let mut writer = outside_write.make_writer();
            tokio::io::copy(&mut inside_read, &mut writer).await?;
            writer.shutdown().await
        };
        let down = async {
            let (mut left, mut words) = (self.bytes, Vec::new());
            while let Some(said) = outside_read.wait().await {
                match said {
                    ChannelMsg::Data { data } => {
                        let Some(less) = left.checked_sub(data.len() as u64) else {
                            self.failure.set(GitError::TooLarge { limit: self.bytes, of: "bytes" });
                            return Ok(());
                        };
                        left = less;
                        inside_write.write_all(&data).await?;
                    }
                    ChannelMsg::ExtendedData { data, .. } => {
                        let room = WORDS_BYTES_MAX.saturating_sub(words.len());
                        words.extend_from_slice(&data[..data.len().min(room)]);
                    }
                    ChannelMsg::ExitStatus { exit_status } if exit_status != 0 => {
                        let reason = plain(&words);
                        self.failure.set(GitError::NotFound { reason });
                    }
                    ChannelMsg::Close => break,
                    _ => {}
                }
            }
            inside_write.shutdown().await
        };
        // Whoever ends first: without one direction the other one is of no use.
        tokio::select! { biased; end = down => end, end = up => end }
    }
}

/// A server's words on one line, without what a terminal would act on.
fn plain(words: &[u8]) -> String {
    let text = String::from_utf8_lossy(words);
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_to_the_shell_at_the_other_end() {
        assert_eq!(quoted("g/p.git"), "'g/p.git'");
        assert_eq!(quoted("x';id;'!"), r"'x'\'';id;'\'''\!''");
    }
}
