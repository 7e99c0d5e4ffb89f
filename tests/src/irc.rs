//! A whole IRC network of one's own: a real ngircd, and a real irkerd that can be stopped and started.
//!
//! irkerd says one line per second and IRC server, so each test that listens has its own network.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::json;
use tempfile::TempDir;

use crate::irc_client::Listener;
use crate::keeper::Keeper;
use crate::program::Program;
use crate::tools::{free_port, machine_program, skip};
use crate::waiting::eventually;

/// An IRC server with an irkerd; both end with it.
#[derive(Debug)]
pub struct IrcNetwork {
    folder: TempDir,
    irc_port: u16,
    irker_port: u16,
    guests: AtomicU16,
    irkerd: Option<Program>,
    keeper: Option<Keeper>,
    ngircd: Option<Program>,
}

impl IrcNetwork {
    /// What lets one into the channel `#keyed`.
    pub const KEY: &str = KEY;

    /// Starts both, or notes why `test` is skipped.
    pub async fn start(test: &str) -> Option<Self> {
        let (Some(ngircd), Some(irkerd)) = (machine_program("ngircd"), machine_program("irkerd")) else {
            skip(&format!("{test}: the Debian packages irker and ngircd are not installed"));
            return None;
        };
        let folder = TempDir::new().expect("make a folder for the network");
        let (irc_port, irker_port) = (free_port(), free_port());

        let settings = folder.path().join("ngircd.conf");
        std::fs::write(&settings, ngircd_settings(irc_port)).expect("write ngircd.conf");
        std::fs::write(folder.path().join("irkerd"), irkerd_on_port(&irkerd, irker_port))
            .expect("copy irkerd");

        let guests = AtomicU16::new(0);
        let mut network =
            Self { folder, irc_port, irker_port, guests, irkerd: None, keeper: None, ngircd: None };
        network.start_irc_server(&ngircd).await;
        network.start_irkerd().await;
        Some(network)
    }

    async fn start_irc_server(&mut self, ngircd: &Path) {
        let settings = self.folder.path().join("ngircd.conf");
        let mut ngircd = Program::start(Command::new(ngircd).arg("-n").arg("-f").arg(settings));
        ngircd.listens_on(self.irc_port).await;
        self.ngircd = Some(ngircd);
    }

    /// Kills the IRC server: everybody's connections break.
    pub fn stop_irc_server(&mut self) {
        self.ngircd = None;
    }

    /// Has an irkerd that [`Self::break_irkerd`] can break run by its keeper, instead of the one that is running.
    pub async fn start_kept_irkerd(&mut self) {
        const LOOP: &str = "        while True:\n            nextsleep = 0\n";
        self.stop_irkerd();
        let irkerd = std::fs::read_to_string(self.folder.path().join("irkerd")).expect("read irkerd");
        assert!(irkerd.contains(LOOP), "irkerd reads in another way than we know");
        let flag = format!("'{}'", self.flag().display());
        let mortal = format!(
            "{LOOP}            if os.path.exists({flag}):\n                os.remove({flag})\n\
             \x20               raise ValueError('file descriptor cannot be a negative integer (-1)')\n"
        );
        let file = self.folder.path().join("irkerd-that-breaks");
        std::fs::write(&file, irkerd.replace(LOOP, &mortal)).expect("write irkerd");
        let (port, file) = (self.irker_port.to_string(), file.to_string_lossy().into_owned());
        let arguments = ["--port", &port, "/usr/bin/python3", &file, "-H", "127.0.0.1", "-H6", "::1"];
        let mut keeper = Keeper::start(&arguments);
        keeper.listens_on(self.irker_port).await;
        self.keeper = Some(keeper);
    }

    /// The thread of irkerd that reads from IRC servers dies, as it does now and then when a server dies.
    pub fn break_irkerd(&self) {
        std::fs::write(self.flag(), "").expect("set the flag");
    }

    fn flag(&self) -> PathBuf {
        self.folder.path().join("broken")
    }

    /// Waits until irkerd takes connections.
    pub async fn irkerd_listens(&self) {
        eventually("irkerd to listen", || TcpStream::connect(("127.0.0.1", self.irker_port)).ok()).await;
    }

    /// What the keeper and its irkerd have written.
    pub fn keeper_log(&self) -> String {
        self.keeper.as_ref().map(Keeper::log).unwrap_or_default()
    }

    /// Starts irkerd, on the same port each time.
    pub async fn start_irkerd(&mut self) {
        // Its port is fixed, hence the copy. `-H6`: where localhost has no IPv6 address it would not start.
        let mut irkerd = Program::start(
            Command::new("/usr/bin/python3")
                .arg(self.folder.path().join("irkerd"))
                .args(["-H", "127.0.0.1", "-H6", "::1", "-d", "debug", "-l"])
                .arg(self.folder.path().join("irkerd.log")),
        );
        irkerd.listens_on(self.irker_port).await;
        self.irkerd = Some(irkerd);
    }

    /// Kills irkerd, with all that it has not said yet.
    pub fn stop_irkerd(&mut self) {
        self.irkerd = None;
    }

    /// Where irkerd listens.
    pub fn irker_port(&self) -> u16 {
        self.irker_port
    }

    /// The IRC server's URL, as in a project's `default_irc_uri`.
    pub fn uri(&self) -> String {
        format!("irc://127.0.0.1:{}/", self.irc_port)
    }

    /// Somebody who listens in a channel.
    pub async fn join(&self, channel: &str) -> Listener {
        let nick = format!("guest{}", self.guests.fetch_add(1, Ordering::Relaxed));
        Listener::join(self.irc_port, &nick, channel).await
    }

    /// Somebody with this nick, who listens to what they are told in private.
    pub async fn be(&self, nick: &str) -> Listener {
        Listener::alone(self.irc_port, nick).await
    }

    /// Keeps irkerd busy: it serves one connection at a time, and nothing is said on this one until it is dropped.
    pub fn hog_irkerd(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.irker_port)).expect("connect to irkerd")
    }

    /// Says something by way of irkerd, past Bellhop.
    pub fn say_by_irkerd(&self, channel: &str, text: &str) {
        let stream = TcpStream::connect(("127.0.0.1", self.irker_port)).expect("connect to irkerd");
        let order = json!({"to": format!("{}{channel}", self.uri()), "privmsg": text});
        serde_json::to_writer(&stream, &order).expect("write to irkerd");
    }
}

/// What lets one into `#keyed`.
const KEY: &str = "s3cret-of-the-channel";

/// The program with another port.
fn irkerd_on_port(irkerd: &PathBuf, port: u16) -> String {
    let program = std::fs::read_to_string(irkerd).expect("read irkerd");
    let (fixed, free) = ("\nPORT = 6659\n", format!("\nPORT = {port}\n"));
    assert!(program.contains(fixed), "irkerd has its port at another place than we know");
    program.replace(fixed, &free)
}

fn ngircd_settings(port: u16) -> String {
    // Started by root it must be told who to be, and may not be told so by anybody else.
    let user = if rustix::process::geteuid().is_root() { "ServerUID = irc\nServerGID = irc\n" } else { "" };
    format!(
        "[Global]\nName = irc.test.local\nInfo = test\nListen = 127.0.0.1\nPorts = {port}\nMotdPhrase = hi\n{user}\
         [Limits]\nMaxConnectionsIP = 0\nMaxJoins = 60\nMaxPenaltyTime = 0\n\
         [Options]\nDNS = no\nIdent = no\nPAM = no\n\
         [Channel]\nName = #keyed\nModes = +n +k {KEY}\n"
    )
}
