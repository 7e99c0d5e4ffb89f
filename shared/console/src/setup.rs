//! Where a project's webhooks come in, and how each forge is told.
//!
//! Not here: the steps themselves, which are words of a template.

use askama::Template;
use askama::filters::HtmlSafe;
use config::Project;

use crate::sample;
use crate::visit::Visit;

/// What an address of IRC looks like.
pub(crate) const EXAMPLE_IRC_URI: &str = "irc://irc.example.net:6697/";

/// Stands in a command for a secret that was shown once.
const PLACEHOLDER: &str = "YOUR-SECRET";

/// The steps for each forge, with what is to be copied.
#[derive(Debug, Template)]
#[template(path = "setup.html")]
pub(crate) struct Setup {
    url: String,
    curl: String,
    /// Shown this once; `None` ever after.
    secret: Option<String>,
    allow_unsigned: bool,
}

/// A template of its own, which has escaped its text already.
impl HtmlSafe for Setup {}

impl Setup {
    /// Of a project, with a secret that was just made, if one was.
    pub(crate) fn of(visit: &Visit, project: &Project, secret: Option<String>) -> Self {
        let base = &visit.hooks_door;
        let curl = sample::curl(base, project.source.id.as_str(), secret.as_deref().unwrap_or(PLACEHOLDER));
        let url = format!("{base}/hooks/{}", project.source.id);
        Self { url, curl, secret, allow_unsigned: project.source.allow_unsigned }
    }
}
