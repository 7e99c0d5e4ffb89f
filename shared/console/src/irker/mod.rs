//! The irker integration's page: GitLab's form under GitLab's labels, each recipient as it was understood beside it, and
//! the lines as they would look.
//!
//! Not here: what is typed and what it means (`typed`), the lines themselves (`relay::irker`).

mod preview;
mod typed;

use std::time::Duration;

use app::ids::Stamp;
use app::projects::{self, Saved};
use app::test_irker::{self, RecipientReport, Report, TestError};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use config::Irker;
use http::StatusCode;
use relay::Outcome;

use self::preview::Preview;
use self::typed::{RecipientRow, Typed};
use crate::field::Field;
use crate::form::Problems;
use crate::page::{Chrome, shown_as};
use crate::project::Tabs;
use crate::refusal::{Refusal, sentence};
use crate::subscription::Fields;
use crate::visit::{Posted, Visit, then};
use crate::{Console, setup};

/// How long a page waits for the report of a test, and how often it looks: a test takes milliseconds, and where irkerd
/// hangs, some twelve seconds.
const REPORT_MAX: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Template)]
#[template(path = "irker.html")]
struct Page {
    chrome: Chrome,
    tabs: Tabs,
    revision: u64,
    fields: FormFields,
    wanted: Fields,
    recipients: Vec<RecipientRow>,
    templates: Vec<Field>,
    has_templates: bool,
    problems: Vec<(String, String)>,
    preview: Preview,
    tested: Option<Tested>,
}

/// The fields that GitLab has, and those that say how lines look.
struct FormFields {
    active: Field,
    server_host: Field,
    server_port: Field,
    default_irc_uri: Field,
    recipients: Field,
    colorize_messages: Field,
    style: Field,
    max_commits: Field,
    lines_in_irkerd: Field,
    coalesce: Field,
}

/// What came of a test.
struct Tested {
    /// To look once more.
    href: String,
    irkerd: String,
    /// `None` while there is no report.
    recipients: Option<Vec<TestedRecipient>>,
    handed_over: bool,
}

struct TestedRecipient {
    recipient: String,
    class: &'static str,
    said: String,
}

pub(crate) async fn show(
    State(console): State<Console>,
    Path(number): Path<String>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    let typed = saved.project.irker.as_ref().map_or_else(Typed::new, Typed::of);
    let tested = match visit.query.given("test").map(str::parse::<Stamp>) {
        Some(Ok(test)) => Some(tested(&console, &saved, &test).await?),
        _ => None,
    };
    page(&visit, &saved, (&typed, &Problems::default()), tested)
}

pub(crate) async fn change(
    State(console): State<Console>,
    Path(number): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let (typed, mut problems) = (Typed::read(&posted.form), Problems::default());
    let irker = typed.irker(saved.project.irker.as_ref(), &mut problems);
    let order = posted.form.text("do");
    if order == "preview" || !problems.is_empty() {
        return page(&posted.visit, &saved, (&typed, &problems), None);
    }
    let (id, expected) = (saved.project.id, posted.expected()?);
    let changed = config::Project { irker, ..saved.project.clone() };
    match projects::save(&console.app, changed.clone(), expected).await {
        Ok(_) => {}
        // What goes together with no other project's channels is the recipients' fault.
        Err(projects::SaveError::Channels(error)) => {
            problems.add("recipients", error);
            return page(&posted.visit, &saved, (&typed, &problems), None);
        }
        Err(error) => return Err(error.into()),
    }
    let path = format!("/projects/{id}/irker");
    if order != "test" {
        return Ok(then(&path, "saved").into_response());
    }
    match test_irker::ask(&console.app, &*console.queue, &changed).await {
        Ok(test) => Ok(Redirect::to(&format!("{path}?test={test}#tested")).into_response()),
        Err(TestError::NoIntegration) => Err(Refusal::Because(
            "Saved. There is nothing to test while the integration is not active: tick Active first."
                .to_owned(),
        )),
        Err(error) => Err(Refusal::fault(error)),
    }
}

fn page(
    visit: &Visit,
    saved: &Saved,
    (typed, problems): (&Typed, &Problems),
    tested: Option<Tested>,
) -> Result<Response, Refusal> {
    let chrome = Chrome::of(visit, "projects");
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        chrome,
        tabs: Tabs::of(visit, saved, "irker"),
        revision: saved.revision.0,
        fields: typed.fields(problems),
        wanted: typed.subscription.fields(problems),
        recipients: typed.recipient_rows(saved.project.irker.as_ref()),
        templates: typed.template_fields(problems),
        has_templates: typed.has_templates(),
        problems: problems.all(),
        preview: typed.preview(),
        tested,
    };
    shown_as(status, &page)
}

/// Waits for a test's report, for a while.
async fn tested(console: &Console, saved: &Saved, test: &Stamp) -> Result<Tested, Refusal> {
    let look = async {
        loop {
            if let Some(report) = test_irker::report(&console.app, test).await? {
                return Ok::<_, Refusal>(report);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let report = tokio::time::timeout(REPORT_MAX, look).await.ok().transpose()?;
    let irkerd = saved.project.irker.as_ref().map(Irker::irkerd).unwrap_or_default();
    let href = format!("/projects/{}/irker?test={test}#tested", saved.project.id);
    let handed_over =
        |report: &Report| report.recipients.iter().any(|recipient| recipient.outcome == Outcome::HandedOver);
    Ok(Tested {
        href,
        handed_over: report.as_ref().is_some_and(handed_over),
        irkerd: report.as_ref().map_or(irkerd, |report| report.irkerd.clone()),
        recipients: report.map(|report| report.recipients.into_iter().map(TestedRecipient::of).collect()),
    })
}

impl TestedRecipient {
    fn of(RecipientReport { recipient, outcome, duration_ms }: RecipientReport) -> Self {
        let (class, said) = match outcome {
            Outcome::HandedOver => ("good", format!("Handed over to irkerd in {duration_ms} ms.")),
            other => ("bad", sentence(&other)),
        };
        Self { recipient, class, said }
    }
}

/// The example that the page shows where nothing is set.
pub(crate) const EXAMPLE_URI: &str = setup::EXAMPLE_IRC_URI;
