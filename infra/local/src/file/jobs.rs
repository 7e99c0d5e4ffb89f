//! `[project.jobs]`: what slash commands may run, and who executes it.

use config::Jobs;
use config::jobs::{AuditArguments, Credentials, Executor, PassAs, Repository};
use config::limits::{JOB_TIMEOUT_S, JOB_TIMEOUT_S_DEFAULT};
use payload::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EntryError;
use super::secret::{KeyedEntry, Written};

/// Where the configuration of jobs is, if nobody says otherwise: GitLab's own name.
const CI_PATH: &str = ".gitlab-ci.yml";

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Jobs")]
pub(super) struct JobsEntry {
    /// Who executes jobs.
    executor: ExecutorKind,
    /// The git repository with the configuration: `https://`, `ssh://` or `user@host:path`; on one machine, `file://`.
    repository: String,
    /// The branch or tag that counts. Left out: the repository's default branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Where the configuration is.
    #[serde(default = "ci_path")]
    ci_path: String,
    /// Opens an `https://` repository, with the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// A password or token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<Written>,
    /// Opens a repository of ssh: a deploy key without a passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private_key: Option<Written>,
    /// The ssh host's public keys, one a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known_hosts: Option<String>,
    /// For the executor `gitlab_chat`: the token of GitLab's integration Mattermost slash commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chat_token: Option<Written>,
    /// For the executor `gitlab_pipeline`: how the job learns what was typed. Left out: as inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pass_as: Option<PassAs>,
    /// Further variables for every job. Their values are masked in all that it prints.
    #[serde(default)]
    variables: Vec<KeyedEntry>,
    /// How long a run may take, in seconds, whatever the job says.
    #[serde(default = "half_an_hour")]
    #[schemars(range(min = *JOB_TIMEOUT_S.start(), max = *JOB_TIMEOUT_S.end()))]
    timeout_s: u32,
    /// What the audit trail keeps of what was typed behind a job's name.
    #[serde(default)]
    audit_arguments: AuditArguments,
}

/// Who executes jobs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Executor")]
enum ExecutorKind {
    /// Bellhop's own machine. Whoever may push to the branch runs programs there.
    Local,
    /// AWS CodeBuild, in a container of its own. Only on AWS.
    Codebuild,
    /// GitLab's own ChatOps, which decides by its own rules as well.
    GitlabChat,
    /// A pipeline of GitLab's, started by the owner of the project's token.
    GitlabPipeline,
}

fn ci_path() -> String {
    CI_PATH.to_owned()
}

fn half_an_hour() -> u32 {
    JOB_TIMEOUT_S_DEFAULT
}

impl JobsEntry {
    pub(super) fn of(jobs: Jobs<Written>) -> Self {
        let Repository { url, reference, ci_path, credentials } = jobs.repository;
        let (executor, chat_token, pass_as) = match jobs.executor {
            Executor::Local => (ExecutorKind::Local, None, None),
            Executor::Codebuild => (ExecutorKind::Codebuild, None, None),
            Executor::GitlabChat { token } => (ExecutorKind::GitlabChat, Some(token), None),
            Executor::GitlabPipeline { pass_as } => (ExecutorKind::GitlabPipeline, None, Some(pass_as)),
        };
        let (mut username, mut password, mut private_key, mut known_hosts) = (None, None, None, None);
        match credentials {
            None => {}
            Some(Credentials::Password { username: name, password: secret }) => {
                (username, password) = (Some(name), Some(secret));
            }
            Some(Credentials::SshKey { private_key: key, known_hosts: hosts }) => {
                (private_key, known_hosts) = (Some(key), Some(hosts));
            }
        }
        Self {
            executor,
            repository: url,
            reference,
            ci_path,
            username,
            password,
            private_key,
            known_hosts,
            chat_token,
            pass_as,
            variables: jobs.variables.into_iter().map(KeyedEntry::of).collect(),
            timeout_s: jobs.timeout_s,
            audit_arguments: jobs.audit_arguments,
        }
    }

    pub(super) fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Written> {
        let credentials = self.password.iter_mut().chain(&mut self.private_key).chain(&mut self.chat_token);
        credentials.chain(self.variables.iter_mut().map(|variable| &mut variable.value))
    }

    /// The settings; secrets that are kept are those of the stored ones.
    pub(super) fn jobs(self, stored: Option<&Jobs>) -> Result<Jobs, EntryError> {
        let token = match stored.map(|jobs| &jobs.executor) {
            Some(Executor::GitlabChat { token }) => Some(token),
            _ => None,
        };
        let executor = executor((self.executor, self.chat_token, self.pass_as), token)?;
        let kept = stored.and_then(|jobs| jobs.repository.credentials.as_ref());
        let password = self.username.map(|username| (username, self.password));
        let key = self.private_key.map(|key| (key, self.known_hosts));
        let credentials = match (password, key) {
            (None, None) => None,
            (Some((username, Some(password))), None) => Some(Credentials::Password {
                username,
                password: password.secret(password_of(kept), "jobs: password")?,
            }),
            (None, Some((key, Some(known_hosts)))) => {
                let private_key = with_line_end(key.secret(key_of(kept), "jobs: private_key")?);
                Some(Credentials::SshKey { private_key, known_hosts })
            }
            _ => {
                return Err(EntryError::Jobs(
                    "a repository opens with username and password, or with private_key and known_hosts",
                ));
            }
        };
        let variables = stored.map_or(&[][..], |jobs| &jobs.variables);
        Ok(Jobs {
            repository: Repository {
                url: self.repository,
                reference: self.reference,
                ci_path: self.ci_path,
                credentials,
            },
            executor,
            variables: KeyedEntry::keyed(self.variables, variables, "jobs: variables")?,
            timeout_s: self.timeout_s,
            audit_arguments: self.audit_arguments,
        })
    }
}

fn executor(
    (kind, chat_token, pass_as): (ExecutorKind, Option<Written>, Option<PassAs>),
    stored: Option<&Secret>,
) -> Result<Executor, EntryError> {
    match (kind, chat_token, pass_as) {
        (ExecutorKind::Local, None, None) => Ok(Executor::Local),
        (ExecutorKind::Codebuild, None, None) => Ok(Executor::Codebuild),
        (ExecutorKind::GitlabChat, Some(token), None) => {
            Ok(Executor::GitlabChat { token: token.secret(stored, "jobs: chat_token")? })
        }
        (ExecutorKind::GitlabPipeline, None, pass_as) => {
            Ok(Executor::GitlabPipeline { pass_as: pass_as.unwrap_or_default() })
        }
        (ExecutorKind::GitlabChat, None, _) => {
            Err(EntryError::Jobs("the executor gitlab_chat needs a chat_token"))
        }
        _ => Err(EntryError::Jobs("chat_token is for the executor gitlab_chat, pass_as for gitlab_pipeline")),
    }
}

fn password_of(stored: Option<&Credentials>) -> Option<&Secret> {
    match stored? {
        Credentials::Password { password, .. } => Some(password),
        Credentials::SshKey { .. } => None,
    }
}

fn key_of(stored: Option<&Credentials>) -> Option<&Secret> {
    match stored? {
        Credentials::SshKey { private_key, .. } => Some(private_key),
        Credentials::Password { .. } => None,
    }
}

/// ssh reads no key whose last line has no end, and references come without it.
fn with_line_end(key: Secret) -> Secret {
    if key.expose().ends_with('\n') { key } else { Secret::new(format!("{}\n", key.expose())) }
}
