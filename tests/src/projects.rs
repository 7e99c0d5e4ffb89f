//! A project's configuration, written as an operator writes it for `bellhop apply`.

use std::fmt::Write;

use crate::http_receiver::HttpReceiver;
use crate::irc::IrcNetwork;
use crate::irker_sink::IrkerSink;

/// The token that sources of the tests expect.
const SECRET: &str = "s3cret-of-the-source";
/// The token that HTTP hooks of the tests send on.
const TARGET_TOKEN: &str = "t0ken-of-the-target";

/// A project with a GitLab source, and targets as they are added.
#[derive(Clone, Debug)]
pub struct Project {
    source: String,
    toml: String,
}

impl Project {
    /// What a sender must know to be let in.
    pub const SECRET: &str = SECRET;
    /// What an HTTP target is shown.
    pub const TARGET_TOKEN: &str = TARGET_TOKEN;

    /// A project without targets, whose source has its name: `group/name` has `/hooks/name`.
    pub fn named(path: &str) -> Self {
        let source = path.rsplit('/').next().unwrap_or(path).to_owned();
        let toml = format!(
            "[[project]]\npath = \"{path}\"\n\n\
             [project.source]\nid = \"{source}\"\nforge = \"gitlab\"\nsecrets = [\"{SECRET}\"]\n"
        );
        Self { source, toml }
    }

    /// Whose source takes what any forge sends.
    #[must_use]
    pub fn of_any_forge(mut self) -> Self {
        self.toml = self.toml.replace("forge = \"gitlab\"\n", "");
        self
    }

    /// The last part of the source's URL.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Announces in a channel of a real network.
    #[must_use]
    pub fn on_irc(self, network: &IrcNetwork, recipients: &str) -> Self {
        self.irker(network.irker_port(), &network.uri(), recipients)
    }

    /// Announces to an irkerd that only records.
    #[must_use]
    pub fn on_sink(self, sink: &IrkerSink, recipients: &str) -> Self {
        self.irker(sink.port(), "irc://irc.example.net/", recipients)
    }

    fn irker(mut self, port: u16, default_uri: &str, recipients: &str) -> Self {
        write!(
            self.toml,
            "\n[project.irker]\nserver_host = \"127.0.0.1\"\nserver_port = {port}\n\
             default_irc_uri = \"{default_uri}\"\nrecipients = \"{recipients}\"\n\
             style = \"gitlab\"\ncolorize_messages = false\npush_events = true\ntag_push_events = true\n"
        )
        .expect("write to a string");
        self
    }

    /// With mIRC's colours.
    #[must_use]
    pub fn in_colour(mut self) -> Self {
        self.toml = self.toml.replace("colorize_messages = false", "colorize_messages = true");
        self
    }

    /// With one more setting of the irker integration, as TOML. Before any HTTP target.
    #[must_use]
    pub fn with_setting(mut self, setting: &str) -> Self {
        self.toml.push_str(setting);
        self.toml.push('\n');
        self
    }

    /// Posts on to an HTTP target.
    #[must_use]
    pub fn to_http(self, receiver: &HttpReceiver) -> Self {
        self.to_url(receiver.url())
    }

    /// Posts on to wherever this is.
    #[must_use]
    pub fn to_url(mut self, url: &str) -> Self {
        write!(
            self.toml,
            "\n[[project.hook]]\nname = \"build server\"\nurl = \"{url}\"\ntoken = \"{TARGET_TOKEN}\"\n\
             push_events = true\n"
        )
        .expect("write to a string");
        self
    }

    /// Signs what it posts to the HTTP target that was added last.
    #[must_use]
    pub fn signed(mut self, signing_tokens: &[&str], hub_secret: &str) -> Self {
        write!(self.toml, "signing_tokens = {signing_tokens:?}\nhub_secret = {hub_secret:?}\n")
            .expect("write to a string");
        self
    }

    /// Posts to the HTTP target that was added last in another form.
    #[must_use]
    pub fn in_format(mut self, format: &str) -> Self {
        writeln!(self.toml, "format = {format:?}").expect("write to a string");
        self
    }

    /// The file for `bellhop apply`.
    pub fn to_toml(&self) -> &str {
        &self.toml
    }
}
