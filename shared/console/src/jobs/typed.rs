//! What somebody has typed into the form of jobs, what it means, and the fields that show it again.
//!
//! A secret that is stored is kept if its field is empty, and if what it opens is still the same: a password belongs to its
//! repository, a token to its GitLab. Whoever aims them elsewhere has to know them.
//!
//! Not here: which values are valid (`config::jobs`, `config::gitlab`), saving.

use config::jobs::{AuditArguments, Credentials, Executor, PassAs, Repository};
use config::limits::JOB_TIMEOUT_S;
use config::{GitLab, Jobs, JobsError, Project, ProjectPath, WebUrl};
use payload::Secret;

use crate::field::Field;
use crate::form::{Form, Problems, number};
use crate::keyed;

const EXECUTORS: [(&str, &str); 4] = [
    ("local", "This machine"),
    ("codebuild", "AWS CodeBuild"),
    ("gitlab_chat", "GitLab, by its own ChatOps"),
    ("gitlab_pipeline", "GitLab, by a pipeline"),
];

const CREDENTIALS: [(&str, &str); 3] = [
    ("none", "None: it is public"),
    ("password", "A password or token, over https"),
    ("ssh_key", "A deploy key, over ssh"),
];

const PASS_AS: [(&str, &str); 2] = [("inputs", "Inputs"), ("variables", "Variables")];

const AUDIT: [(&str, &str); 2] = [("hashed", "A digest of it"), ("kept", "All of it")];

/// What is typed. Of secrets, only what is new.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    url: String,
    reference: String,
    ci_path: String,
    credentials: String,
    username: String,
    password: String,
    private_key: String,
    known_hosts: String,
    executor: String,
    chat_token: String,
    pass_as: String,
    variables: String,
    timeout_s: String,
    audit: String,
    gitlab_url: String,
    gitlab_project: String,
    gitlab_token: String,
}

/// The fields, as the page shows them.
pub(super) struct FormFields {
    pub(super) repository: Vec<Field>,
    pub(super) executor: Vec<Field>,
    pub(super) gitlab: Vec<Field>,
}

impl Typed {
    /// As it is stored, or as by default.
    pub(super) fn of(project: &Project) -> Self {
        let jobs = project.jobs.as_ref();
        let repository = jobs.map(|jobs| &jobs.repository);
        let credentials = repository.and_then(|repository| repository.credentials.as_ref());
        let (kind, username, known_hosts) = match credentials {
            None => ("none", "", ""),
            Some(Credentials::Password { username, .. }) => ("password", username.as_str(), ""),
            Some(Credentials::SshKey { known_hosts, .. }) => ("ssh_key", "", known_hosts.as_str()),
        };
        let by_variables = jobs.is_some_and(|jobs| {
            matches!(jobs.executor, Executor::GitlabPipeline { pass_as: PassAs::Variables })
        });
        let is_kept = jobs.is_some_and(|jobs| jobs.audit_arguments == AuditArguments::Kept);
        let gitlab = project.gitlab.as_ref();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            url: text(repository.map(|repository| repository.url.as_str())),
            reference: text(repository.and_then(|repository| repository.reference.as_deref())),
            ci_path: repository.map_or(".gitlab-ci.yml", |repository| &repository.ci_path).to_owned(),
            credentials: kind.to_owned(),
            username: username.to_owned(),
            password: String::new(),
            private_key: String::new(),
            known_hosts: known_hosts.to_owned(),
            executor: jobs.map_or("gitlab_pipeline", |jobs| jobs.executor.name()).to_owned(),
            chat_token: String::new(),
            pass_as: if by_variables { "variables" } else { "inputs" }.to_owned(),
            variables: keyed::masked(jobs.map(|jobs| &jobs.variables[..]).unwrap_or_default()),
            timeout_s: jobs.map_or(config::limits::JOB_TIMEOUT_S_DEFAULT, |jobs| jobs.timeout_s).to_string(),
            audit: if is_kept { "kept" } else { "hashed" }.to_owned(),
            gitlab_url: text(gitlab.map(|gitlab| gitlab.url.as_str())),
            gitlab_project: text(gitlab.map(|gitlab| gitlab.project.as_str())),
            gitlab_token: String::new(),
        }
    }

    /// As it came in.
    pub(super) fn read(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            url: text("url"),
            reference: text("reference"),
            ci_path: text("ci_path"),
            credentials: text("credentials"),
            username: text("username"),
            password: text("password"),
            private_key: form.lines("private_key"),
            known_hosts: form.lines("known_hosts"),
            executor: text("executor"),
            chat_token: text("chat_token"),
            pass_as: text("pass_as"),
            variables: form.lines("variables"),
            timeout_s: text("timeout_s"),
            audit: text("audit"),
            gitlab_url: text("gitlab_url"),
            gitlab_project: text("gitlab_project"),
            gitlab_token: text("gitlab_token"),
        }
    }

    /// What it makes of a project; what is wrong is noted.
    pub(super) fn project(&self, stored: &Project, problems: &mut Problems) -> Option<Project> {
        let jobs = stored.jobs.as_ref();
        let gitlab = self.gitlab(stored.gitlab.as_ref(), problems);
        let known = jobs.map(|jobs| &jobs.variables[..]).unwrap_or_default();
        let variables = problems.take("variables", keyed::read(&self.variables, known));
        let bounds = format!("{} to {}", JOB_TIMEOUT_S.start(), JOB_TIMEOUT_S.end());
        let timeout_s = problems.take("timeout_s", number(&self.timeout_s, &bounds));
        let is_same_gitlab =
            gitlab.as_ref().map(|new| &new.url) == stored.gitlab.as_ref().map(|old| &old.url);
        let is_same_repository = jobs.is_some_and(|jobs| jobs.repository.url == self.url);
        let variables: Vec<_> = variables?.into_iter().collect();
        // Jobs of another repository are another's programs, and are not given what was meant for this one's.
        if !is_same_repository && variables.iter().any(|(_, is_stored)| is_stored.0) {
            problems.add("variables", "another repository takes them anew: type their values");
        }
        let changed = Jobs {
            repository: Repository {
                url: self.url.clone(),
                reference: Some(self.reference.clone()).filter(|name| !name.is_empty()),
                ci_path: self.ci_path.clone(),
                credentials: self.credentials(jobs.filter(|_| is_same_repository)),
            },
            executor: self.executor(jobs.filter(|_| is_same_gitlab)),
            variables: variables.into_iter().map(|(variable, _)| variable).collect(),
            timeout_s: timeout_s?,
            audit_arguments: if self.audit == "kept" { AuditArguments::Kept } else { AuditArguments::Hashed },
        };
        Some(Project { jobs: Some(changed), gitlab, ..stored.clone() })
    }

    fn credentials(&self, stored: Option<&Jobs>) -> Option<Credentials> {
        let stored = stored.and_then(|jobs| jobs.repository.credentials.clone());
        match self.credentials.as_str() {
            "password" => {
                let kept = match stored {
                    Some(Credentials::Password { password, .. }) => Some(password),
                    _ => None,
                };
                let password = given(&self.password).or(kept).unwrap_or_else(|| Secret::new(""));
                Some(Credentials::Password { username: self.username.clone(), password })
            }
            "ssh_key" => {
                let kept = match stored {
                    Some(Credentials::SshKey { private_key, .. }) => Some(private_key),
                    _ => None,
                };
                let private_key = given(&self.private_key).or(kept).unwrap_or_else(|| Secret::new(""));
                Some(Credentials::SshKey { private_key, known_hosts: self.known_hosts.clone() })
            }
            _ => None,
        }
    }

    fn executor(&self, stored: Option<&Jobs>) -> Executor {
        match self.executor.as_str() {
            "local" => Executor::Local,
            "codebuild" => Executor::Codebuild,
            "gitlab_chat" => {
                let kept = match stored.map(|jobs| &jobs.executor) {
                    Some(Executor::GitlabChat { token }) => Some(token.clone()),
                    _ => None,
                };
                let token = given(&self.chat_token).or(kept).unwrap_or_else(|| Secret::new(""));
                Executor::GitlabChat { token }
            }
            _ => Executor::GitlabPipeline {
                pass_as: if self.pass_as == "variables" { PassAs::Variables } else { PassAs::Inputs },
            },
        }
    }

    /// None if nothing of it is typed.
    fn gitlab(&self, stored: Option<&GitLab>, problems: &mut Problems) -> Option<GitLab> {
        if self.gitlab_url.is_empty() && self.gitlab_project.is_empty() && self.gitlab_token.is_empty() {
            return None;
        }
        let url = problems.take("gitlab_url", WebUrl::try_from(self.gitlab_url.clone()));
        let project = problems.take("gitlab_project", ProjectPath::try_from(self.gitlab_project.clone()));
        let (url, project) = (url?, project?);
        let kept = stored.filter(|stored| stored.url == url).map(|stored| stored.token.clone());
        let token = given(&self.gitlab_token).or(kept);
        let token =
            problems.take("gitlab_token", token.ok_or("a GitLab takes a token of its own: type it"))?;
        Some(GitLab { url, project, token })
    }

    pub(super) fn fields(&self, stored: &Project, problems: &Problems) -> FormFields {
        let judged = |fields: Vec<Field>| fields.into_iter().map(|field| field.judged(problems)).collect();
        FormFields {
            repository: judged(self.repository_fields()),
            executor: judged(self.executor_fields()),
            gitlab: judged(self.gitlab_fields(stored.gitlab.is_some())),
        }
    }

    fn repository_fields(&self) -> Vec<Field> {
        vec![
            Field::text("url", "Repository", &self.url).like("https://gitlab.example.net/group/name.git").required()
                .hint("https://, ssh:// or user@host:path. Another one takes its credentials anew."),
            Field::text("reference", "Branch or tag", &self.reference).hint("Empty for the default branch."),
            Field::text("ci_path", "CI configuration", &self.ci_path).required(),
            Field::choice("credentials", "What opens it", &self.credentials, &CREDENTIALS),
            Field::text("username", "User name", &self.username)
                .hint("With a token, any name does on GitLab, and x-access-token on GitHub."),
            Field::secret("password", "Password or token").hint("Empty keeps the one that is stored."),
            Field::area("private_key", "Private key", &self.private_key, 3)
                .hint("Of a deploy key, without a passphrase. It is not shown again; empty keeps the one that is stored."),
            Field::area("known_hosts", "Known hosts", &self.known_hosts, 2)
                .hint("The host’s public keys, one a line. Any other host is refused."),
        ]
    }

    fn executor_fields(&self) -> Vec<Field> {
        vec![
            Field::choice("executor", "Executor", &self.executor, &EXECUTORS),
            Field::number("timeout_s", "Seconds a run may take", &self.timeout_s, &JOB_TIMEOUT_S)
                .hint("More than half an hour takes a bot token with the command."),
            Field::area("variables", "Variables for every job", &self.variables, 2).like("DEPLOY_KEY: secret")
                .hint("One a line, name: value. *** stands for the value that is stored. Their values are masked in all that a job prints."),
            Field::choice("audit", "Of what is typed behind a job’s name, the audit trail keeps", &self.audit, &AUDIT),
            Field::choice("pass_as", "A pipeline is told what to run by", &self.pass_as, &PASS_AS),
            Field::secret("chat_token", "Token of GitLab’s own Mattermost slash commands")
                .hint("For GitLab’s ChatOps alone. Empty keeps the one that is stored."),
        ]
    }

    fn gitlab_fields(&self, is_set: bool) -> Vec<Field> {
        let token =
            if is_set { "Empty keeps the one that is stored, for the same GitLab." } else { "Scope api." };
        vec![
            Field::text("gitlab_url", "GitLab", &self.gitlab_url).like("https://gitlab.example.net"),
            Field::text("gitlab_project", "Project there", &self.gitlab_project).like("group/name"),
            Field::secret("gitlab_token", "Project access token").hint(token),
        ]
    }
}

fn given(text: &str) -> Option<Secret> {
    Some(text).filter(|text| !text.trim().is_empty()).map(Secret::new)
}

/// Beside which field an error of the whole is said.
pub(super) fn field_of(error: &JobsError) -> &'static str {
    match error {
        JobsError::Url | JobsError::Password => "url",
        JobsError::Credentials | JobsError::Empty => "credentials",
        JobsError::Reference => "reference",
        JobsError::CiPath => "ci_path",
        JobsError::Token => "chat_token",
        JobsError::Variables(_) => "variables",
        JobsError::Timeout => "timeout_s",
        JobsError::NoGitLab => "executor",
    }
}
