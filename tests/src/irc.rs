//! A whole IRC network of one's own: a real ngircd, and a real irkerd that can be stopped and started.
//!
//! irkerd says one line per second and IRC server, so each test that listens has its own network.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::json;
use tempfile::TempDir;

use crate::irc_client::Listener;
use crate::program::Program;
use crate::tools::{free_port, program, skip};

/// An IRC server with an irkerd; both end with it.
#[derive(Debug)]
pub struct IrcNetwork {
    folder: TempDir,
    irc_port: u16,
    irker_port: u16,
    guests: AtomicU16,
    irkerd: Option<Program>,
    _ngircd: Program,
}

impl IrcNetwork {
    /// Starts both, or notes why `test` is skipped.
    pub async fn start(test: &str) -> Option<Self> {
        let (Some(ngircd), Some(irkerd)) = (program("ngircd"), program("irkerd")) else {
            skip(&format!("{test}: the Debian packages irker and ngircd are not installed"));
            return None;
        };
        let folder = TempDir::new().expect("make a folder for the network");
        let (irc_port, irker_port) = (free_port(), free_port());

        let settings = folder.path().join("ngircd.conf");
        std::fs::write(&settings, ngircd_settings(irc_port)).expect("write ngircd.conf");
        std::fs::write(folder.path().join("irkerd"), irkerd_on_port(&irkerd, irker_port))
            .expect("copy irkerd");

        let mut ngircd = Program::start(Command::new(ngircd).arg("-n").arg("-f").arg(&settings));
        ngircd.listens_on(irc_port).await;
        let mut network =
            Self { folder, irc_port, irker_port, guests: AtomicU16::new(0), irkerd: None, _ngircd: ngircd };
        network.start_irkerd().await;
        Some(network)
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

    /// Says something by way of irkerd, past Bellhop.
    pub fn say_by_irkerd(&self, channel: &str, text: &str) {
        let stream = TcpStream::connect(("127.0.0.1", self.irker_port)).expect("connect to irkerd");
        let order = json!({"to": format!("{}{channel}", self.uri()), "privmsg": text});
        serde_json::to_writer(&stream, &order).expect("write to irkerd");
    }
}

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
         [Options]\nDNS = no\nIdent = no\nPAM = no\n"
    )
}
