//! All events of GitHub that have no kind of their own, those of tomorrow included: each has one object that it is
//! about, and the best title and page that this has.
//!
//! Not here: events with a kind of their own.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::account::AccountPayload;
use super::frame::{Frame, Stop, object};
use crate::common::first_line;
use crate::field::{List, Number, Part, Text};
use crate::{Item, Other, State};

/// Any event, by its name, and whether it is confidential.
pub(super) fn other(name: &str, frame: &Frame, json: &[u8]) -> Result<(Other, bool), Stop> {
    let top: TopPayload = object(json)?;
    let thing = thing(subject(name, frame.action.as_deref()), json);
    let repository = frame.repository.as_ref();
    let place = repository.and_then(|repository| repository.path.as_deref());
    let page = repository.and_then(|repository| repository.url.as_deref());
    let thread = top.thread.0.and_then(|thread| thread.comments.0?.into_iter().next()).unwrap_or_default();
    let item = Item {
        action: frame.action(),
        number: thing.number.0,
        title: thing
            .title()
            .or(top.zen.0)
            .or(top.workflow.0)
            .or_else(|| place.or_else(|| frame.organization.login()).map(str::to_owned)),
        url: thread
            .url()
            .or(thing.url())
            .or(page)
            .or_else(|| frame.organization.html_url.as_deref())
            .map(str::to_owned),
        state: thing.state().or(top.status.as_deref()).map(State::of),
    };
    let confidential = thing.is_confidential(name);
    Ok((Other { kind: name.to_lowercase(), item }, confidential))
}

/// The field that holds what an event is about: most often it is called like the event.
fn subject<'a>(name: &'a str, action: Option<&str>) -> &'a str {
    let is = |prefix: &str| action.is_some_and(|action| action.starts_with(prefix));
    match name {
        "branch_protection_rule" => "rule",
        "code_scanning_alert"
        | "dependabot_alert"
        | "repository_vulnerability_alert"
        | "secret_scanning_alert"
        | "secret_scanning_alert_location" => "alert",
        "custom_property" | "organization_custom_property" => "definition",
        "deploy_key" => "key",
        "fork" => "forkee",
        "installation_repositories"
        | "integration_installation"
        | "integration_installation_repositories" => "installation",
        "installation_target" => "account",
        // Each pair of issues is told from both ends.
        "issue_dependencies" if is("blocking") => "blocking_issue",
        "issue_dependencies" => "blocked_issue",
        "org_block" => "blocked_user",
        "page_build" => "build",
        // Of the thread itself there is no more to tell than its first comment's page.
        "pull_request_review_thread" => "pull_request",
        "sub_issues" if is("parent_issue") => "sub_issue",
        "sub_issues" => "parent_issue",
        "team_add" => "team",
        _ if ["bypass_request_", "dismissal_request_", "exemption_request_"]
            .iter()
            .any(|prefix| name.starts_with(prefix)) =>
        {
            "exemption_request"
        }
        own => own,
    }
}

/// Texts beside the object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TopPayload {
    /// A ping's saying.
    zen: Text,
    /// The path of the workflow that was dispatched.
    workflow: Text,
    /// An import's.
    status: Text,
    /// On a line of a pull request.
    thread: Part<ThreadPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ThreadPayload {
    comments: List<ThingPayload>,
}

/// Any object that an event is about, with the fields that any of them has.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ThingPayload {
    number: Number,
    title: Text,
    full_name: Text,
    name: Text,
    login: Text,
    summary: Text,
    property_name: Text,
    token_name: Text,
    affected_package_name: Text,
    secret_type_display_name: Text,
    secret_type: Text,
    content_type: Text,
    note: Text,
    body: Text,
    requester_comment: Text,
    rule: Part<NamePayload>,
    security_advisory: Part<NamePayload>,
    tier: Part<NamePayload>,
    plan: Part<NamePayload>,
    head_commit: Part<NamePayload>,
    head_ref: Text,
    account: Part<AccountPayload>,
    sponsorable: Part<AccountPayload>,
    html_url: Text,
    #[serde(rename = "_links")]
    links: Part<LinksPayload>,
    external_reference: Text,
    references: List<ReferencePayload>,
    state: Text,
    status: Text,
    enforcement: Text,
    /// Of a sponsorship: `private` hides who gives.
    privacy_level: Text,
}

/// What an object within is called.
#[derive(Default, Deserialize)]
#[serde(default)]
struct NamePayload {
    summary: Text,
    description: Text,
    name: Text,
    message: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinksPayload {
    html: Part<ReferencePayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReferencePayload {
    #[serde(alias = "href")]
    url: Text,
}

impl NamePayload {
    fn name(&self) -> Option<&str> {
        [&self.summary, &self.message, &self.name, &self.description].into_iter().find_map(Text::as_deref)
    }
}

impl ThingPayload {
    /// The first that is there, from a title proper to what merely tells things apart. Of a longer text, its first
    /// line.
    fn title(&self) -> Option<String> {
        let titles = [&self.title, &self.full_name, &self.name, &self.login, &self.summary];
        let rule = self.rule.0.as_ref();
        let within = [&self.rule, &self.security_advisory, &self.tier, &self.plan, &self.head_commit];
        let names = [
            &self.property_name,
            &self.token_name,
            &self.affected_package_name,
            &self.secret_type_display_name,
            &self.secret_type,
            &self.note,
            &self.body,
            &self.requester_comment,
            &self.content_type,
            &self.head_ref,
        ];
        let accounts = [&self.account, &self.sponsorable];
        let title = titles.into_iter().find_map(Text::as_deref);
        title.map(str::to_owned).or_else(|| {
            // A code scanner's rule has a short name as well, which tells less.
            rule.and_then(|rule| rule.description.as_deref())
                .or_else(|| within.into_iter().find_map(|part| part.0.as_ref()?.name()))
                .or_else(|| names.into_iter().find_map(Text::as_deref))
                .or_else(|| accounts.into_iter().find_map(|part| part.0.as_ref()?.login()))
                .map(first_line)
        })
    }

    fn url(&self) -> Option<&str> {
        let link = self.links.0.as_ref().and_then(|links| links.html.0.as_ref());
        let accounts = [&self.account, &self.sponsorable];
        self.html_url
            .as_deref()
            .or_else(|| link.and_then(|link| link.url.as_deref()))
            .or_else(|| self.external_reference.as_deref())
            .or_else(|| self.references.0.iter().flatten().find_map(|reference| reference.url.as_deref()))
            .or_else(|| accounts.into_iter().find_map(|part| part.0.as_ref()?.html_url.as_deref()))
    }

    /// What GitHub shows only to those who may mend it, secrets that were found and advisories that are not out, and
    /// sponsors who do not want to be named.
    fn is_confidential(&self, name: &str) -> bool {
        match name {
            "secret_scanning_alert" | "secret_scanning_alert_location" => true,
            "repository_advisory" => self.state.as_deref() != Some("published"),
            "sponsorship" => self.privacy_level.as_deref() == Some("private"),
            _ => false,
        }
    }

    fn state(&self) -> Option<&str> {
        [&self.state, &self.status, &self.enforcement].into_iter().find_map(Text::as_deref)
    }
}

/// Reads one field of the body, which is an object, as one as well; nothing if it is none.
fn thing(field: &str, json: &[u8]) -> ThingPayload {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    Only(field).deserialize(&mut deserializer).ok().flatten().unwrap_or_default()
}

struct Only<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Only<'_> {
    type Value = Option<ThingPayload>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Only<'_> {
    type Value = Option<ThingPayload>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut thing = None;
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if key == self.0 {
                thing = map.next_value::<Part<ThingPayload>>()?.0;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(thing)
    }
}
