//! Issues of the project (<https://docs.gitlab.com/api/issues/>, <https://docs.gitlab.com/api/notes/>).
//!
//! **What a user typed is text.** GitLab takes lines that begin with a slash for orders (quick actions) and would carry
//! them out with the rights of the project's token; so such a line gets a backslash, which does not show.
//!
//! Not here: what is typed and answered in chat (`commands`).

use chatops::limits::ISSUES_FOUND_MAX;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, AskError, Call};

/// An issue, as the API shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct IssueRow {
    /// Its number in its project.
    pub iid: u64,
    /// One line.
    pub title: String,
    /// Its page.
    pub web_url: String,
    /// `opened` or `closed`.
    pub state: String,
    /// Whether not everybody may know of it.
    #[serde(default)]
    pub confidential: bool,
    /// Who wrote it; `None` for a deleted account.
    pub author: Option<Person>,
    /// Those who see to it.
    #[serde(default)]
    pub assignees: Vec<Person>,
    /// If it has one.
    pub milestone: Option<Milestone>,
    /// Their names.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// Somebody, in an issue.
#[derive(Clone, Debug, Deserialize)]
pub struct Person {
    /// For people.
    pub name: String,
    /// A picture.
    pub avatar_url: Option<String>,
}

/// A milestone, in an issue.
#[derive(Clone, Debug, Deserialize)]
pub struct Milestone {
    /// Its name.
    pub title: String,
}

#[derive(Deserialize)]
struct ProjectRow {
    id: u64,
}

impl IssueRow {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.state == "opened"
    }
}

impl Api<'_> {
    /// One.
    pub async fn issue(&self, number: u64) -> Result<IssueRow, AskError> {
        self.get(&["issues", &number.to_string()], &[]).await
    }

    /// Opens one.
    pub async fn open_issue(&self, title: &str, description: &str) -> Result<IssueRow, AskError> {
        self.post(&["issues"], json!({"title": title, "description": as_text(description)})).await
    }

    /// The newest [`ISSUES_FOUND_MAX`] that have these words in their title or description; those that are confidential
    /// only if asked for.
    pub async fn search_issues(
        &self,
        words: &str,
        with_confidential: bool,
    ) -> Result<Vec<IssueRow>, AskError> {
        let count = ISSUES_FOUND_MAX.to_string();
        let mut query = vec![("search", words), ("scope", "all"), ("per_page", &count)];
        if !with_confidential {
            query.push(("confidential", "false"));
        }
        self.get(&["issues"], &query).await
    }

    /// Closes one.
    pub async fn close_issue(&self, number: u64) -> Result<IssueRow, AskError> {
        self.put(&["issues", &number.to_string()], json!({"state_event": "close"})).await
    }

    /// Writes beneath one.
    pub async fn comment_issue(&self, number: u64, text: &str) -> Result<(), AskError> {
        let body = json!({"body": as_text(text)});
        self.post::<Value>(&["issues", &number.to_string(), "notes"], body).await.map(drop)
    }

    /// The number of another project, by its path.
    pub async fn project_number(&self, path: &str) -> Result<u64, AskError> {
        let path = &["projects", path];
        let row: ProjectRow = self.json(Call { method: Method::GET, path, query: &[], body: None }).await?;
        Ok(row.id)
    }

    /// Moves one to the project with this number; gives what it is there.
    pub async fn move_issue(&self, number: u64, to: u64) -> Result<IssueRow, AskError> {
        self.post(&["issues", &number.to_string(), "move"], json!({"to_project_id": to})).await
    }
}

/// Takes the effect from lines that look like orders.
fn as_text(typed: &str) -> String {
    let lines = typed.split('\n').map(|line| {
        let start = line.len() - line.trim_start().len();
        let (space, rest) = line.split_at(start);
        if rest.starts_with('/') { format!("{space}\\{rest}") } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_looks_like_an_order_is_text() {
        assert_eq!(as_text("See /etc\n/close\n  /assign @me"), "See /etc\n\\/close\n  \\/assign @me");
        assert_eq!(as_text("/move g/p"), "\\/move g/p");
        assert_eq!(as_text("a\r\n/close\r\n"), "a\r\n\\/close\r\n");
        assert_eq!(as_text(""), "");
    }
}
