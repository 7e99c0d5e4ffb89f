//! The irker integration: GitLab's settings, and Bellhop's own beside them. Channels' keys are shown as a mask, and the
//! mask is taken back for what it stands for.

use app::ids::Stamp;
use app::projects::Saved;
use app::test_irker::{self, TestError};
use config::{Irker, IrkerError, Project, ProjectError, Server};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{IntegrationShown, Kind as Integration};
use crate::call::Call;
use crate::fields::{Field, Fields, Kind, field};
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, Route};
use crate::shown::moment;
use crate::subscription;

const IRKER: Integration = Integration { number: 1, title: "irker (IRC gateway)", slug: "irker" };

pub(super) fn routes(place: &str) -> Vec<Route> {
    let path = format!("{place}/irker");
    vec![
        Route::get(path.clone(), Access::Read, |call| Box::pin(show(call)))
            .says("The irker integration.")
            .gives::<IntegrationShown>(StatusCode::OK),
        Route::put(path.clone(), Access::Write, |call| Box::pin(put(call)))
            .says("Sets the irker integration, and switches it on.")
            .takes(fields())
            .gives::<IntegrationShown>(StatusCode::OK),
        Route::delete(path, Access::Write, |call| Box::pin(delete(call)))
            .says("Takes the irker integration away."),
    ]
}

/// GitLab's page has a button for it, and its API has nothing.
pub(super) fn tests() -> Vec<Route> {
    vec![
        Route::post("/projects/{id}/integrations/irker/test", Access::Write, |call| Box::pin(test(call)))
            .says("Has one harmless line said to every recipient.")
            .gives::<TestAsked>(StatusCode::CREATED),
        Route::get("/projects/{id}/integrations/irker/test/{test_id}", Access::Read, |call| {
            Box::pin(report(call))
        })
        .says("What irkerd did with it; 404 until that is known.")
        .gives::<ReportShown>(StatusCode::OK),
    ]
}

fn fields() -> impl Iterator<Item = Field> {
    /// Bounds of fields: those that count are `config`'s, which say what is wrong.
    const MOST: i64 = 100_000;
    [
        field(
            "recipients",
            Kind::Text,
            "Channels and nicks, separated by spaces: #chan, chan?key=secret, irc://host/chan.",
        ),
        field(
            "default_irc_uri",
            Kind::Text,
            "Stands before short recipients, such as irc://irc.example.net:6697/.",
        ),
        field("server_host", Kind::Text, "Where irkerd is."),
        field("server_port", Kind::Number(0, MOST), "Its port."),
        field("colorize_messages", Kind::Flag, "Whether lines have colours."),
        field("active", Kind::Flag, "Off keeps the settings and says nothing."),
        field("style", Kind::Choice(&["compact", "gitlab"]), "Whose words a push is told in."),
        field("max_commits", Kind::Number(0, MOST), "How many commits of a push have a line."),
        field("templates", Kind::Json, "The project's own words, by kind of event."),
        field("lines_in_irkerd", Kind::Number(0, MOST), "How many lines may wait in irkerd."),
        field("coalesce", Kind::Flag, "Whether pushes that pile up are told in one line."),
    ]
    .into_iter()
    .chain(subscription::fields())
}

/// Without its settings; `None` if there is none.
pub(super) fn basic(saved: &Saved) -> Option<IntegrationShown> {
    let irker = saved.project.irker.as_ref()?;
    let shown = IntegrationShown::new(saved, IRKER, saved.irker_since());
    Some(IntegrationShown {
        active: irker.active,
        events: subscription::show_events(&irker.subscription),
        ..shown
    })
}

fn whole(saved: &Saved) -> Option<IntegrationShown> {
    let irker = saved.project.irker.as_ref()?;
    // Their keys are masked.
    let recipients: Vec<_> = irker.recipients.iter().map(ToString::to_string).collect();
    let mut properties = json!({
        "server_host": irker.server_host,
        "server_port": irker.server_port,
        "default_irc_uri": irker.default_irc_uri.as_ref().map(ToString::to_string),
        "recipients": recipients.join(" "),
        "colorize_messages": irker.lines.colorize_messages,
        "style": irker.lines.style,
        "max_commits": irker.lines.max_commits,
        "templates": irker.lines.templates,
        "lines_in_irkerd": irker.pacing.lines_in_irkerd,
        "coalesce": irker.pacing.coalesce,
    });
    if let Value::Object(properties) = &mut properties {
        properties.extend(subscription::show_filters(&irker.subscription));
    }
    basic(saved).map(|shown| IntegrationShown { properties: Some(properties), ..shown })
}

async fn show(call: Call) -> Answered {
    let saved = call.saved()?;
    let shown = whole(saved).ok_or(Refusal::NotFound("Integration"))?;
    Ok(Reply::ok(&shown).of(saved.revision))
}

async fn put(call: Call) -> Answered {
    let change = |project: &mut Project| {
        project.irker = Some(changed(&call.fields, project.irker.as_ref())?);
        Ok(())
    };
    let ((), saved) = call.edit(change).await?;
    let shown = whole(&saved).ok_or(Refusal::NotFound("Integration"))?;
    Ok(Reply::ok(&shown).of(saved.revision))
}

/// An integration with what was said of it.
fn changed(said: &Fields, stored: Option<&Irker>) -> Result<Irker, Refusal> {
    let refused = |error: IrkerError| Refusal::from(ProjectError::Irker(error));
    let before = stored.cloned().unwrap_or_else(|| Irker::to(Vec::new()));
    let mut irker = before.clone();
    irker.active = said.flag("active").unwrap_or(true);
    if let Some(host) = said.text("server_host") {
        irker.server_host = if host.is_empty() { Irker::SERVER_HOST.to_owned() } else { host.to_owned() };
    }
    if let Some(port) = said.number::<i64>("server_port") {
        irker.server_port = port.try_into().map_err(|_| refused(IrkerError::ServerPort))?;
    }
    if let Some(uri) = said.text("default_irc_uri") {
        let server = (!uri.is_empty()).then(|| Server::parse(uri)).transpose();
        irker.default_irc_uri =
            server.map_err(|error| refused(IrkerError::DefaultUri(error)))?.map(|(server, _)| server);
    }
    // Whoever may aim the integration need not know the keys, and must not learn them from an irkerd of their own.
    let is_moved = before.irkerd() != irker.irkerd();
    match said.text("recipients") {
        Some(text) => {
            let recipients = Irker::parse_recipients(text, irker.default_irc_uri.as_ref());
            irker.recipients = recipients.map_err(|error| Refusal::Value("recipients", error.to_string()))?;
            if !is_moved {
                Irker::unmask(&mut irker.recipients, &before.recipients);
            }
        }
        None if stored.is_none() => return Err(Refusal::Missing("recipients")),
        None if is_moved && before.recipients.iter().any(|recipient| recipient.key.is_some()) => {
            return Err(Refusal::Missing("recipients"));
        }
        None => {}
    }
    let lines = &mut irker.lines;
    lines.colorize_messages = said.flag("colorize_messages").unwrap_or(lines.colorize_messages);
    lines.style = said.json("style")?.unwrap_or(lines.style);
    lines.max_commits = said.number("max_commits").unwrap_or(lines.max_commits);
    lines.templates = said.json("templates")?.unwrap_or_else(|| lines.templates.clone());
    irker.pacing.lines_in_irkerd = said.number("lines_in_irkerd").unwrap_or(irker.pacing.lines_in_irkerd);
    irker.pacing.coalesce = said.flag("coalesce").unwrap_or(irker.pacing.coalesce);
    subscription::change(said, &mut irker.subscription)?;
    Ok(irker)
}

async fn delete(call: Call) -> Answered {
    let remove =
        |project: &mut Project| project.irker.take().map(drop).ok_or(Refusal::NotFound("Integration"));
    let ((), saved) = call.edit(remove).await?;
    Ok(Reply::empty().of(saved.revision))
}

/// A test that was asked for.
#[derive(Serialize, ToSchema)]
struct TestAsked {
    message: &'static str,
    id: String,
}

/// What came of a test.
#[derive(Serialize, ToSchema)]
struct ReportShown {
    created_at: String,
    irkerd: String,
    recipients: Vec<RecipientShown>,
}

/// What came of it for one recipient.
#[derive(Serialize, ToSchema)]
struct RecipientShown {
    recipient: String,
    /// `handed_over`, or what went wrong in one word.
    outcome: &'static str,
    /// And in a few.
    detail: String,
    duration_ms: u64,
}

async fn test(call: Call) -> Answered {
    call.pace()?;
    match test_irker::ask(call.app(), &*call.api.queue, &call.saved()?.project).await {
        Ok(id) => Ok(Reply::created(&TestAsked { message: "201 Created", id: id.to_string() })),
        Err(error @ TestError::NoIntegration) => Err(Refusal::Unprocessable(error.to_string())),
        Err(error @ TestError::Queue(_)) => Err(Refusal::Unavailable(Box::new(error))),
    }
}

async fn report(call: Call) -> Answered {
    let id: Stamp = call.part("test_id").parse().map_err(|_| Refusal::NotFound(""))?;
    let report = test_irker::report(call.app(), &id).await?.ok_or(Refusal::NotFound(""))?;
    // A test's name is no secret, and its project is not in the report: its irkerd has to be this project's.
    let own = call.saved()?.project.irker.as_ref().map(Irker::irkerd);
    if own.as_ref() != Some(&report.irkerd) {
        return Err(Refusal::NotFound(""));
    }
    let recipients = report.recipients.iter().map(|tried| RecipientShown {
        recipient: tried.recipient.clone(),
        outcome: tried.outcome.name(),
        detail: tried.outcome.to_string(),
        duration_ms: tried.duration_ms,
    });
    Ok(Reply::ok(&ReportShown {
        created_at: moment(report.at),
        irkerd: report.irkerd.clone(),
        recipients: recipients.collect(),
    }))
}
