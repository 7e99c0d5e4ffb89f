//! A server for ssh that runs git's own `upload-pack`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use git::{Commit, Credentials, Git, GitError, Remote, Wanted};
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, EcdsaCurve, PrivateKey, PublicKey};
use russh::server::{Auth, Config, Handler, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::{ChildStdin, Command};

use crate::repository::Bare;

struct Server {
    address: SocketAddr,
    host_keys: Vec<PrivateKey>,
    user_key: PrivateKey,
    heard: Arc<Mutex<Vec<String>>>,
}

fn new_key(algorithm: Algorithm) -> PrivateKey {
    PrivateKey::random(&mut russh::keys::key::safe_rng(), algorithm).unwrap()
}

const ECDSA: Algorithm = Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 };

impl Server {
    async fn start(bare: &Bare) -> Self {
        let host_keys = vec![new_key(Algorithm::Ed25519), new_key(ECDSA)];
        let user_key = new_key(Algorithm::Ed25519);
        let config = Config { keys: host_keys.clone(), ..Config::default() };
        let config = Arc::new(Config { auth_rejection_time: std::time::Duration::ZERO, ..config });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let peer = Peer {
            folder: bare.folder.path().to_owned(),
            may_enter: user_key.public_key().clone(),
            heard: Arc::clone(&heard),
            stdin: None,
        };
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let running = russh::server::run_stream(Arc::clone(&config), stream, peer.fresh()).await;
                tokio::spawn(async move {
                    if let Ok(running) = running {
                        let _ = running.await;
                    }
                });
            }
        });
        Self { address, host_keys, user_key, heard }
    }

    /// A line of `known_hosts`.
    fn known(&self, key: &PrivateKey) -> String {
        let key = key.public_key().to_openssh().unwrap();
        format!("[repo.example.com]:{} {key}\n", self.address.port())
    }

    async fn fetch(&self, known_hosts: &str, key: &PrivateKey, path: &str) -> Result<Commit, GitError> {
        let remote: Remote =
            format!("ssh://git@repo.example.com:{}{path}", self.address.port()).parse().unwrap();
        let credentials = Credentials::SshKey {
            private_key: key.to_openssh(LineEnding::LF).unwrap().to_string().into(),
            known_hosts: known_hosts.to_owned(),
        };
        let wanted = Wanted {
            remote: &remote,
            reference: None,
            credentials: Some(&credentials),
            addresses: vec![self.address],
        };
        Git::default().fetch(wanted).await
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().join("\n")
    }
}

struct Peer {
    folder: PathBuf,
    may_enter: PublicKey,
    heard: Arc<Mutex<Vec<String>>>,
    stdin: Option<ChildStdin>,
}

impl Peer {
    fn fresh(&self) -> Self {
        let (folder, may_enter) = (self.folder.clone(), self.may_enter.clone());
        Self { folder, may_enter, heard: Arc::clone(&self.heard), stdin: None }
    }

    fn hear(&self, said: String) {
        self.heard.lock().unwrap().push(said);
    }
}

impl Handler for Peer {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.hear(format!("{user} asks to enter"));
        let may = key.public_key.key_data() == self.may_enter.key_data();
        Ok(if may { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: russh::server::ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = String::from_utf8(command.to_vec()).unwrap();
        self.hear(command.clone());
        session.channel_success(channel)?;
        // As sshd does: a shell gets the line.
        let mut child = Command::new("sh")
            .args(["-c", &command])
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        self.stdin = child.stdin.take();
        let handle = session.handle();
        tokio::spawn(async move {
            let (mut out, mut buffer) = (child.stdout.take().unwrap(), vec![0; 16 * 1024]);
            while let Ok(read) = out.read(&mut buffer).await
                && read > 0
            {
                let _ = handle.data(channel, buffer[..read].to_vec()).await;
            }
            let mut words = Vec::new();
            child.stderr.take().unwrap().read_to_end(&mut words).await.unwrap();
            let _ = handle.extended_data(channel, 1, words).await;
            let status = child.wait().await.unwrap().code().unwrap_or(255);
            let _ = handle.exit_status_request(channel, status.unsigned_abs()).await;
            let _ = handle.eof(channel).await;
            let _ = handle.close(channel).await;
        });
        Ok(())
    }

    async fn data(&mut self, _: ChannelId, data: &[u8], _: &mut Session) -> Result<(), Self::Error> {
        if let Some(stdin) = &mut self.stdin {
            let _ = stdin.write_all(data).await;
        }
        Ok(())
    }

    async fn channel_eof(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.stdin = None;
        Ok(())
    }
}

fn path(bare: &Bare) -> String {
    format!("{}/p.git", bare.folder.path().display())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_commit_is_fetched_from_a_host_that_is_known() {
    let bare = Bare::usual();
    let server = Server::start(&bare).await;
    // Each kind of key by itself: the host is asked for the one that is known.
    for key in &server.host_keys {
        let commit = server.fetch(&server.known(key), &server.user_key, &path(&bare)).await.unwrap();
        assert_eq!(commit.paths().unwrap(), [".gitlab-ci.yml", "README", "ci/chat.yml"]);
        assert_eq!(commit.default_branch(), Some("main"));
    }
    assert!(server.heard().contains(&format!("git-upload-pack '{}'", path(&bare))), "{}", server.heard());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_shows_another_key_hears_nothing() {
    let bare = Bare::usual();
    let server = Server::start(&bare).await;
    let stranger = new_key(Algorithm::Ed25519);
    let refused = server.fetch(&server.known(&stranger), &server.user_key, &path(&bare)).await.unwrap_err();
    assert!(matches!(refused, GitError::UnknownHost { .. }), "{refused}");
    let elsewhere = server.known(&server.host_keys[0]).replace("repo.", "other.");
    let refused = server.fetch(&elsewhere, &server.user_key, &path(&bare)).await.unwrap_err();
    assert!(matches!(refused, GitError::NoKnownHost { .. }), "{refused}");
    assert_eq!(server.heard(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_host_does_not_know_gets_nothing() {
    let bare = Bare::usual();
    let server = Server::start(&bare).await;
    let known = server.known(&server.host_keys[0]);
    let refused = server.fetch(&known, &new_key(ECDSA), &path(&bare)).await.unwrap_err();
    assert!(matches!(refused, GitError::Denied { .. }), "{refused}");
    assert!(!server.heard().contains("git-upload-pack"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_no_command() {
    let bare = Bare::usual();
    let server = Server::start(&bare).await;
    let known = server.known(&server.host_keys[0]);
    let hostile = format!("{}/x';touch${{IFS}}evil;'", bare.folder.path().display());
    let refused = server.fetch(&known, &server.user_key, &hostile).await.unwrap_err();
    assert!(matches!(&refused, GitError::NotFound { reason } if reason.contains("touch")), "{refused}");
    assert!(!bare.folder.path().join("evil").exists());
}
