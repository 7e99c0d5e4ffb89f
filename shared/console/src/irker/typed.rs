//! What somebody has typed into the irker form, what it means, and the fields that show it again.
//!
//! A key is typed once and shown as a mask ever after; a mask that comes back stands for the key that is stored.
//!
//! Not here: which values are valid (`config::irker`), saving.

use std::collections::BTreeMap;

use config::limits::{LINES_IN_IRKERD, RECIPIENTS_MAX};
use config::{
    COMMITS_SHOWN_MAX, Irker, IrkerError, LineSettings, LineStyle, Pacing, Recipient, Server, TEMPLATE_KINDS,
};
use relay::irker::check_templates;

use super::preview::{KINDS, Preview};
use super::{EXAMPLE_URI, FormFields};
use crate::field::Field;
use crate::form::{Form, Problems, excerpt, number};
use crate::refusal::sentence;
use crate::subscription::{self, label};

/// What is typed and ticked.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    active: bool,
    server_host: String,
    server_port: String,
    default_irc_uri: String,
    recipients: String,
    colorize_messages: bool,
    style: LineStyle,
    max_commits: String,
    lines_in_irkerd: String,
    coalesce: bool,
    templates: BTreeMap<String, String>,
    pub(super) subscription: subscription::Typed,
}

/// One entry of the recipients: what it was understood as, or what is wrong with it.
#[derive(Debug)]
pub(super) struct RecipientRow {
    /// Without what may be a key.
    pub(super) entry: String,
    pub(super) understood: Option<String>,
    pub(super) problem: Option<String>,
}

impl Typed {
    /// A form that nobody has filled yet: as GitLab has it, in colours.
    pub(super) fn new() -> Self {
        let mut irker = Irker::to(Vec::new());
        irker.lines.colorize_messages = true;
        Self::of(&irker)
    }

    /// As it is stored.
    pub(super) fn of(irker: &Irker) -> Self {
        let LineSettings { style, max_commits, colorize_messages, templates } = irker.lines.clone();
        let recipients: Vec<_> = irker.recipients.iter().map(ToString::to_string).collect();
        Self {
            active: irker.active,
            server_host: irker.server_host.clone(),
            server_port: irker.server_port.to_string(),
            default_irc_uri: irker.default_irc_uri.as_ref().map(|uri| format!("{uri}/")).unwrap_or_default(),
            recipients: recipients.join("\n"),
            colorize_messages,
            style,
            max_commits: max_commits.to_string(),
            lines_in_irkerd: irker.pacing.lines_in_irkerd.to_string(),
            coalesce: irker.pacing.coalesce,
            templates,
            subscription: subscription::Typed::of(&irker.subscription),
        }
    }

    /// As it came in.
    pub(super) fn read(form: &Form) -> Self {
        let template = |kind: &&str| {
            let text = form.lines(&format!("template_{kind}"));
            (!text.trim().is_empty()).then(|| ((*kind).to_owned(), text))
        };
        Self {
            active: form.is_on("active"),
            server_host: form.text("server_host").to_owned(),
            server_port: form.text("server_port").to_owned(),
            default_irc_uri: form.text("default_irc_uri").to_owned(),
            recipients: form.lines("recipients"),
            colorize_messages: form.is_on("colorize_messages"),
            style: if form.text("style") == "gitlab" { LineStyle::GitLab } else { LineStyle::Compact },
            max_commits: form.text("max_commits").to_owned(),
            lines_in_irkerd: form.text("lines_in_irkerd").to_owned(),
            coalesce: form.is_on("coalesce"),
            templates: TEMPLATE_KINDS.iter().filter_map(template).collect(),
            subscription: subscription::Typed::read(form),
        }
    }

    /// What it means; what is wrong is noted. `None` for an integration that is off and has no recipients.
    pub(super) fn irker(&self, stored: Option<&Irker>, problems: &mut Problems) -> Option<Irker> {
        let default = self.default_uri(problems);
        let recipients = self.recipients(default.as_ref(), stored, problems);
        let subscription = self.subscription.subscription(problems);
        let lines = self.lines(problems);
        let bounds = format!("{} to {}", LINES_IN_IRKERD.start(), LINES_IN_IRKERD.end());
        let lines_in_irkerd = problems.take("lines_in_irkerd", number(&self.lines_in_irkerd, &bounds));
        if !self.active && self.recipients.trim().is_empty() {
            return None;
        }
        // Blank stands for the default, as with GitLab.
        let host = Some(self.server_host.as_str()).filter(|host| !host.is_empty());
        let port = match self.server_port.as_str() {
            "" => Some(Irker::SERVER_PORT),
            port => problems.take("server_port", number(port, "1 to 65535")),
        };
        let irker = Irker {
            active: self.active,
            server_host: host.unwrap_or(Irker::SERVER_HOST).to_owned(),
            server_port: port?,
            default_irc_uri: default,
            recipients: recipients?,
            lines,
            subscription,
            pacing: Pacing { lines_in_irkerd: lines_in_irkerd?, coalesce: self.coalesce },
        };
        if let Err(error) = irker.check() {
            problems.add(field_of(&error), error);
        }
        Some(irker)
    }

    fn default_uri(&self, problems: &mut Problems) -> Option<Server> {
        let given = Some(self.default_irc_uri.as_str()).filter(|uri| !uri.is_empty())?;
        problems.take("default_irc_uri", Server::parse(given)).map(|(server, _)| server)
    }

    fn recipients(
        &self,
        default: Option<&Server>,
        stored: Option<&Irker>,
        problems: &mut Problems,
    ) -> Option<Vec<Recipient>> {
        match Irker::parse_recipients(&self.recipients, default) {
            Ok(mut recipients) => {
                Irker::unmask(&mut recipients, stored.map(|irker| &irker.recipients[..]).unwrap_or_default());
                Some(recipients)
            }
            Err(IrkerError::Recipients(errors)) => {
                let count = errors.0.len();
                let what = if count == 1 { "one entry".to_owned() } else { format!("{count} entries") };
                problems.add(
                    "recipients",
                    format!("{what} cannot be used, as is said beside each of them below"),
                );
                None
            }
            Err(error) => problems.take("recipients", Err(error)),
        }
    }

    fn lines(&self, problems: &mut Problems) -> LineSettings {
        let max_commits = number(&self.max_commits, &format!("0 to {COMMITS_SHOWN_MAX}"));
        let max_commits = problems.take("max_commits", max_commits).unwrap_or_default();
        let lines = self.settings(max_commits);
        for (kind, template) in &self.templates {
            let alone = LineSettings {
                templates: [(kind.clone(), template.clone())].into(),
                ..LineSettings::default()
            };
            let field = format!("template_{kind}");
            problems.take(&field, alone.check());
            problems.take(&field, check_templates(&alone));
        }
        lines
    }

    fn settings(&self, max_commits: usize) -> LineSettings {
        let (style, templates) = (self.style, self.templates.clone());
        LineSettings { style, max_commits, colorize_messages: self.colorize_messages, templates }
    }

    /// How lines would look. A template that is wrong shows as if it were not there.
    pub(super) fn preview(&self) -> Preview {
        let max_commits = self.max_commits.parse().unwrap_or(LineSettings::default().max_commits);
        Preview::of(&self.settings(max_commits.min(COMMITS_SHOWN_MAX)), &self.subscription)
    }

    /// Each entry, as it was understood. At most as many as there may be, and one more to say so.
    pub(super) fn recipient_rows(&self, stored: Option<&Irker>) -> Vec<RecipientRow> {
        let default = Server::parse(&self.default_irc_uri).ok().map(|(server, _)| server);
        let stored = stored.map(|irker| &irker.recipients[..]).unwrap_or_default();
        let row = |entry: &str| {
            let parsed = Recipient::parse(entry, default.as_ref()).map_err(|error| sentence(&error));
            let parsed = parsed.and_then(|recipient| {
                let mut one = [recipient];
                Irker::unmask(&mut one, stored);
                let [recipient] = one;
                let unknown = "No key is stored for it: type the key in place of the mask.".to_owned();
                if recipient.is_masked() { Err(unknown) } else { Ok(recipient.to_string()) }
            });
            let shown = entry.split_once('?').map_or(entry.to_owned(), |(name, _)| format!("{name}?…"));
            RecipientRow {
                entry: excerpt(&shown),
                problem: parsed.as_ref().err().cloned(),
                understood: parsed.ok(),
            }
        };
        self.recipients.split_whitespace().take(RECIPIENTS_MAX + 1).map(row).collect()
    }

    pub(super) fn fields(&self, problems: &Problems) -> FormFields {
        let style = match self.style {
            LineStyle::GitLab => "gitlab",
            LineStyle::Compact => "compact",
        };
        let styles = [("compact", "Compact: one line for one commit"), ("gitlab", "As GitLab words them")];
        FormFields {
            active: Field::check("active", "Active", self.active),
            server_host: Field::text("server_host", "Server host", &self.server_host)
                .hint("Where irkerd runs. Blank for localhost."),
            server_port: Field::number("server_port", "Server port", &self.server_port, &(1..=65_535))
                .hint("irkerd's own is 6659."),
            default_irc_uri: Field::text("default_irc_uri", "Default IRC URI", &self.default_irc_uri)
                .like(EXAMPLE_URI)
                .hint("Put in front of short recipients."),
            recipients: Field::area("recipients", "Recipients", &self.recipients, 4)
                .like("#channel\nchannel?key=secret\nnick,isnick")
                .hint("Channels and people, separated by white space: a name, or a whole irc:// or ircs:// address. Keys are shown as *** once they are stored."),
            colorize_messages: Field::check("colorize_messages", "Colorize messages", self.colorize_messages),
            style: Field::choice("style", "Style", style, &styles).hint("GitLab words pushes alone; all else reads the same in both."),
            max_commits: Field::number("max_commits", "Commits of a push", &self.max_commits, &(0..=COMMITS_SHOWN_MAX))
                .hint("How many get a line of their own; the rest is counted."),
            lines_in_irkerd: Field::number("lines_in_irkerd", "Lines in irkerd", &self.lines_in_irkerd, &LINES_IN_IRKERD)
                .hint("How many lines irkerd is given ahead. It says one a second, and what it has not said dies with it; the rest waits here."),
            coalesce: Field::check("coalesce", "Tell a flood of pushes in one line", self.coalesce),
        }
        .judged(problems)
    }

    /// One for each kind of event.
    pub(super) fn template_fields(&self, problems: &Problems) -> Vec<Field> {
        let field = |(kind, switch): &(&str, config::Switch)| {
            let text = self.templates.get(*kind).map(String::as_str).unwrap_or_default();
            Field::area(&format!("template_{kind}"), label(*switch), text, 2).judged(problems)
        };
        KINDS.iter().map(field).collect()
    }

    pub(super) fn has_templates(&self) -> bool {
        !self.templates.is_empty()
    }
}

impl FormFields {
    fn judged(self, problems: &Problems) -> Self {
        Self {
            active: self.active,
            server_host: self.server_host.judged(problems),
            server_port: self.server_port.judged(problems),
            default_irc_uri: self.default_irc_uri.judged(problems),
            recipients: self.recipients.judged(problems),
            colorize_messages: self.colorize_messages,
            style: self.style.judged(problems),
            max_commits: self.max_commits.judged(problems),
            lines_in_irkerd: self.lines_in_irkerd.judged(problems),
            coalesce: self.coalesce,
        }
    }
}

/// Beside which field an error of the whole is said.
fn field_of(error: &IrkerError) -> &'static str {
    match error {
        IrkerError::ServerHost => "server_host",
        IrkerError::ServerPort => "server_port",
        IrkerError::DefaultUri(_) => "default_irc_uri",
        IrkerError::LinesInIrkerd => "lines_in_irkerd",
        IrkerError::Subscription(_) => "branches",
        IrkerError::Lines(_) => "max_commits",
        IrkerError::Recipients(_)
        | IrkerError::NoRecipients
        | IrkerError::TooManyRecipients(_)
        | IrkerError::TooManyChannels { .. }
        | IrkerError::MaskedKey(_)
        | IrkerError::TwoKeys { .. } => "recipients",
    }
}
