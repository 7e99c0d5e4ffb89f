//! `issue ...` and `deploy ...`: asked of GitLab with the project's token, answered in GitLab's texts.
//!
//! The token acts, so what is written in GitLab says on whose behalf. What is confidential is shown to those alone who
//! are known at GitLab and may see it there; for everybody else it is not there, as with GitLab.
//!
//! Not here: whether the caller may do it (`chatops::access`, before this), and posting the answer.

use chatops::grammar::{Instruction, IssueInstruction};
use chatops::reply::issue::{self, Deed, Issue, Member};
use chatops::reply::{ephemeral, in_channel};
use chatops::texts;
use config::commands::{AccessLevel, Platform};
use serde_json::Value;

use super::issues::IssueRow;
use super::{Api, AskError};
use crate::Causes;

/// From this standing on, GitLab shows what is confidential.
const CONFIDENTIAL_FROM: AccessLevel = AccessLevel::Planner;

/// From this standing on, GitLab lets a member move issues into a project.
const MOVE_FROM: AccessLevel = AccessLevel::Planner;

/// On whose behalf something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behalf {
    /// The login at GitLab of a linked user; the name in chat of anybody else.
    pub login: String,
    /// The id at GitLab of a linked user.
    pub user_id: Option<u64>,
    /// What they are in the project; 0 for whoever is linked to nobody.
    pub access_level: u32,
}

/// A command of one chat.
struct Asked<'a> {
    api: &'a Api<'a>,
    platform: Platform,
    behalf: &'a Behalf,
    profile: Option<String>,
    project_url: String,
}

/// Does what is typed and gives the chat's answer. `None` if it is no matter for GitLab.
pub async fn execute(
    api: &Api<'_>,
    platform: Platform,
    behalf: &Behalf,
    instruction: &Instruction,
) -> Option<Value> {
    let profile = behalf.user_id.map(|_| format!("{}/{}", api.settings().url.as_str(), behalf.login));
    let asked = Asked { api, platform, behalf, profile, project_url: api.settings().project_url() };
    let (what, answered) = match instruction {
        Instruction::Issue(instruction) => ("issue", asked.issue(instruction).await),
        Instruction::Deploy { from, to } => ("deploy", asked.deploy(from, to).await),
        _ => return None,
    };
    Some(answered.unwrap_or_else(|error| {
        tracing::warn!(what, project = %api.settings().project, error = %Causes(&error), "gitlab.refused");
        asked.failed(&error)
    }))
}

impl Asked<'_> {
    async fn issue(&self, instruction: &IssueInstruction) -> Result<Value, AskError> {
        match instruction {
            IssueInstruction::Show(number) => {
                let Some(row) = self.visible(*number).await? else { return Ok(self.not_found()) };
                Ok(issue::shown(self.platform, &self.issue_of(&row, &labels(&row))))
            }
            IssueInstruction::New { title, description } => {
                let signed = match description.as_str() {
                    "" => self.signature(),
                    text => format!("{text}\n\n{}", self.signature()),
                };
                let row = self.api.open_issue(title, &signed).await?;
                Ok(self.done(&row, Deed::Created))
            }
            IssueInstruction::Search(words) => {
                let rows = self.api.search_issues(words, self.sees_confidential()).await?;
                let labels: Vec<_> = rows.iter().map(labels).collect();
                let issues = rows.iter().zip(&labels).map(|(row, labels)| self.issue_of(row, labels));
                Ok(issue::found(self.platform, &issues.collect::<Vec<_>>()))
            }
            IssueInstruction::Close(number) => {
                let Some(row) = self.visible(*number).await? else { return Ok(self.not_found()) };
                if !row.is_open() {
                    return Ok(ephemeral(self.platform, &texts::already_closed(*number)));
                }
                let row = self.api.close_issue(*number).await?;
                Ok(self.done(&row, Deed::Closed))
            }
            IssueInstruction::Comment { issue, body } => {
                let Some(row) = self.visible(*issue).await? else { return Ok(self.not_found()) };
                self.api.comment_issue(*issue, &format!("{body}\n\n{}", self.signature())).await?;
                Ok(self.done(&row, Deed::Commented(body)))
            }
            IssueInstruction::Move { issue, to } => self.move_issue(*issue, to).await,
        }
    }

    async fn move_issue(&self, number: u64, to: &str) -> Result<Value, AskError> {
        let Some(old) = self.visible(number).await? else { return Ok(self.not_found()) };
        // The project's token may see more projects than the caller does. Of whoever is linked to nobody, nothing more is
        // known than what the rules say.
        if let Some(user) = self.behalf.user_id
            && self.api.access_level_in(to, user).await? < MOVE_FROM.number()
        {
            return Ok(self.not_found());
        }
        let target = self.api.project_number(to).await?;
        let new = self.api.move_issue(number, target).await?;
        let labels = labels(&new);
        let project_url = format!("{}/{to}", self.api.settings().url.as_str());
        let issue = Issue { project: to, project_url: &project_url, ..self.issue_of(&new, &labels) };
        Ok(issue::done(self.platform, &issue, self.member(), Deed::MovedFrom { number, url: &old.web_url }))
    }

    async fn deploy(&self, from: &str, to: &str) -> Result<Value, AskError> {
        let Some(job) = self.api.way(from, to).await? else {
            return Ok(ephemeral(self.platform, &texts::deployment_not_found()));
        };
        match self.api.play_job(job.id).await {
            Ok(played) => {
                Ok(in_channel(self.platform, &texts::deployment_started(from, to, &played.web_url)))
            }
            Err(AskError::Refused { reasons }) => {
                let text = texts::deployment_not_started(&reasons.join("; "));
                Ok(ephemeral(self.platform, &text))
            }
            Err(error) => Err(error),
        }
    }

    /// The issue, if the caller may know of it.
    async fn visible(&self, number: u64) -> Result<Option<IssueRow>, AskError> {
        match self.api.issue(number).await {
            Ok(row) if row.confidential && !self.sees_confidential() => Ok(None),
            Ok(row) => Ok(Some(row)),
            Err(AskError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn sees_confidential(&self) -> bool {
        self.behalf.access_level >= CONFIDENTIAL_FROM.number()
    }

    /// Stands beneath what the token writes. A name from chat calls nobody at GitLab.
    fn signature(&self) -> String {
        let login = &self.behalf.login;
        if self.behalf.user_id.is_some() {
            return format!("*From chat, on @{login}'s behalf.*");
        }
        let name: String = login.chars().filter(|c| !c.is_control() && *c != '`').collect();
        format!("*From chat, on behalf of* `{name}`")
    }

    fn member(&self) -> Member<'_> {
        Member { login: &self.behalf.login, url: self.profile.as_deref() }
    }

    fn done(&self, row: &IssueRow, deed: Deed<'_>) -> Value {
        issue::done(self.platform, &self.issue_of(row, &labels(row)), self.member(), deed)
    }

    fn issue_of<'r>(&'r self, row: &'r IssueRow, labels: &'r [&'r str]) -> Issue<'r> {
        Issue {
            number: row.iid,
            title: &row.title,
            url: &row.web_url,
            project: self.api.settings().project.as_str(),
            project_url: &self.project_url,
            author: row.author.as_ref().map_or("Ghost User", |author| &author.name),
            author_icon: row.author.as_ref().and_then(|author| author.avatar_url.as_deref()),
            is_open: row.is_open(),
            is_confidential: row.confidential,
            assignee: row.assignees.first().map(|assignee| assignee.name.as_str()),
            milestone: row.milestone.as_ref().map(|milestone| milestone.title.as_str()),
            labels,
        }
    }

    fn not_found(&self) -> Value {
        ephemeral(self.platform, &texts::not_found())
    }

    /// GitLab's texts where it has some.
    fn failed(&self, error: &AskError) -> Value {
        let text = match error {
            AskError::NotFound => texts::not_found(),
            AskError::Refused { reasons } => {
                texts::unsuccessful(&reasons.iter().map(String::as_str).collect::<Vec<_>>())
            }
            error => texts::unasked(&error.to_string()),
        };
        ephemeral(self.platform, &text)
    }
}

fn labels(row: &IssueRow) -> Vec<&str> {
    row.labels.iter().map(String::as_str).collect()
}
