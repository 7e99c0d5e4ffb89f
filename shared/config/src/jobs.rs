//! What a project's slash commands may run: the repository whose `.gitlab-ci.yml` names the jobs, and who executes them.
//!
//! Without these settings nothing is run. Turning them on is a matter of trust, and the texts say so: with the local
//! executor, whoever may push to the repository's branch runs programs on Bellhop's machine.
//!
//! Not here: who may run which job (`commands`), reading the repository (`git`), running (`jobs`, `aws`).

use payload::Secret;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::keyed::{self, KeyedSecret, KeyedSecretsError};
use crate::limits::{
    CI_PATH_BYTES_MAX, JOB_TIMEOUT_S, JOB_TIMEOUT_S_DEFAULT, REF_BYTES_MAX, SECRET_BYTES_MAX,
    SSH_KEY_BYTES_MAX, URL_BYTES_MAX,
};

/// Where jobs come from, and who executes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jobs<S = Secret> {
    /// Where they are written.
    pub repository: Repository<S>,
    /// Who executes them.
    pub executor: Executor<S>,
    /// Further variables for every job, such as keys to deploy with. Their values are masked in all that a job prints.
    #[serde(default = "Vec::new")]
    pub variables: Vec<KeyedSecret<S>>,
    /// How long a run may take, in seconds, whatever the job says. More than half an hour takes a chat's bot token: the
    /// command's own address for answers is dead by then.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u32,
    /// Whether the audit trail keeps what was typed behind a job's name, or only a digest of it.
    #[serde(default)]
    pub audit_arguments: AuditArguments,
}

/// A git repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository<S = Secret> {
    /// `https://`, `ssh://` or `user@host:path`; on one machine, `file://` as well.
    pub url: String,
    /// The branch or tag whose configuration counts; `None` for the repository's default branch.
    #[serde(default)]
    pub reference: Option<String>,
    /// Where the configuration is.
    #[serde(default = "default_ci_path")]
    pub ci_path: String,
    /// What opens it; `None` for a public one.
    #[serde(default = "none")]
    pub credentials: Option<Credentials<S>>,
}

/// What opens a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credentials<S = Secret> {
    /// For `https://`: a user's name and a password or token.
    Password {
        /// With a token, any name does on GitLab, and `x-access-token` on GitHub.
        username: String,
        /// The password or token.
        password: S,
    },
    /// For ssh.
    SshKey {
        /// A private key in OpenSSH's or PEM's format, without a passphrase: a deploy key.
        private_key: S,
        /// The host's public keys, one a line as in `known_hosts`: any other host is refused.
        known_hosts: String,
    },
}

/// Who executes jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Executor<S = Secret> {
    /// Bellhop's own machine. Only where everything runs on one.
    Local,
    /// AWS CodeBuild, in a container of its own. Only on AWS, where `template.yaml` made its project.
    Codebuild,
    /// GitLab's own ChatOps: the command is handed on to the integration *Mattermost slash commands* of its project, and
    /// GitLab decides by its own rules as well.
    GitlabChat {
        /// The token of that integration.
        token: S,
    },
    /// A pipeline of GitLab's, started through its API by the owner of the project's token.
    GitlabPipeline {
        /// How the job learns what was typed.
        pass_as: PassAs,
    },
}

/// How a pipeline is told what to run: `CHAT_JOB`, `CHAT_INPUT`, `CHAT_CHANNEL`, `CHAT_USER_ID`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PassAs {
    /// As inputs of the pipeline, by the names `chat_job`, `chat_input`, ...: typed, and allowed by default.
    #[default]
    Inputs,
    /// As variables of the pipeline, which a project has to permit.
    Variables,
}

/// What the audit trail keeps of a job's arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditArguments {
    /// A digest: enough to prove what was typed, not to read it.
    #[default]
    Hashed,
    /// All of it.
    Kept,
}

/// Why such settings are refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobsError {
    /// Nothing that git could fetch from here.
    #[error(
        "jobs: a repository's url is https://host/path, ssh://user@host/path, user@host:path or file:///path"
    )]
    Url,
    /// A password in what everybody may read.
    #[error("jobs: a repository's url holds no password: give it as credentials")]
    Password,
    /// Credentials of the other kind.
    #[error("jobs: a password opens https:// repositories, and an ssh_key those of ssh")]
    Credentials,
    /// No credentials.
    #[error(
        "jobs: a repository's username, password and private_key are not empty, and known_hosts names its host"
    )]
    Empty,
    /// Nothing that git could have.
    #[error("jobs: a reference is the name of a branch or a tag, at most {REF_BYTES_MAX} bytes")]
    Reference,
    /// No file.
    #[error("jobs: a ci_path is a .yml or .yaml file of the repository, at most {CI_PATH_BYTES_MAX} bytes")]
    CiPath,
    /// An empty or endless one, or one with impossible characters.
    #[error("jobs: the executor's token has 1 to {SECRET_BYTES_MAX} printable ASCII characters")]
    Token,
    /// See [`KeyedSecretsError`].
    #[error("jobs: variables: {0}")]
    Variables(KeyedSecretsError),
    /// No time at all, or more than a build may take.
    #[error("jobs: a timeout_s is {} to {}", JOB_TIMEOUT_S.start(), JOB_TIMEOUT_S.end())]
    Timeout,
    /// It is asked through its API.
    #[error("jobs: the executors gitlab_chat and gitlab_pipeline need the project's gitlab settings")]
    NoGitLab,
}

fn default_timeout_s() -> u32 {
    JOB_TIMEOUT_S_DEFAULT
}

fn default_ci_path() -> String {
    ".gitlab-ci.yml".to_owned()
}

fn none<T>() -> Option<T> {
    None
}

impl<S> Jobs<S> {
    /// The same with its secrets held another way.
    pub fn try_map<T, E>(self, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<Jobs<T>, E> {
        let Repository { url, reference, ci_path, credentials } = self.repository;
        let credentials = credentials.map(|credentials| credentials.try_map(change)).transpose()?;
        let variables = self.variables.into_iter().map(|variable| variable.try_map(change));
        Ok(Jobs {
            variables: variables.collect::<Result<_, _>>()?,
            repository: Repository { url, reference, ci_path, credentials },
            executor: match self.executor {
                Executor::Local => Executor::Local,
                Executor::Codebuild => Executor::Codebuild,
                Executor::GitlabChat { token } => Executor::GitlabChat { token: change(token)? },
                Executor::GitlabPipeline { pass_as } => Executor::GitlabPipeline { pass_as },
            },
            timeout_s: self.timeout_s,
            audit_arguments: self.audit_arguments,
        })
    }
}

impl<S> Credentials<S> {
    fn try_map<T, E>(self, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<Credentials<T>, E> {
        Ok(match self {
            Self::Password { username, password } => {
                Credentials::Password { username, password: change(password)? }
            }
            Self::SshKey { private_key, known_hosts } => {
                Credentials::SshKey { private_key: change(private_key)?, known_hosts }
            }
        })
    }
}

impl<S> Executor<S> {
    /// Its name in settings and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Codebuild => "codebuild",
            Self::GitlabChat { .. } => "gitlab_chat",
            Self::GitlabPipeline { .. } => "gitlab_pipeline",
        }
    }

    /// Whether it is GitLab that runs the job.
    pub fn is_gitlab(&self) -> bool {
        matches!(self, Self::GitlabChat { .. } | Self::GitlabPipeline { .. })
    }
}

impl Jobs {
    /// Whether the values are valid, each alone and together. `has_gitlab` says whether the project has GitLab's API.
    pub fn check(&self, has_gitlab: bool) -> Result<(), JobsError> {
        self.repository.check()?;
        keyed::check_variables(&self.variables).map_err(JobsError::Variables)?;
        if !JOB_TIMEOUT_S.contains(&self.timeout_s) {
            return Err(JobsError::Timeout);
        }
        if self.executor.is_gitlab() && !has_gitlab {
            return Err(JobsError::NoGitLab);
        }
        match &self.executor {
            Executor::GitlabChat { token } if !is_token(token) => Err(JobsError::Token),
            _ => Ok(()),
        }
    }
}

fn is_token(secret: &Secret) -> bool {
    let text = secret.expose();
    (1..=SECRET_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Repository {
    /// Where the configuration is unless somebody says otherwise.
    pub fn default_ci_path() -> String {
        default_ci_path()
    }

    /// How it is reached.
    pub fn transport(&self) -> Result<Transport, JobsError> {
        let is_plain =
            self.url.len() <= URL_BYTES_MAX && self.url.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain {
            return Err(JobsError::Url);
        }
        match Url::parse(&self.url) {
            Ok(url) if url.password().is_some() => Err(JobsError::Password),
            Ok(url) if url.query().is_some() || url.fragment().is_some() => Err(JobsError::Url),
            Ok(url) => match url.scheme() {
                "https" if url.has_host() && url.username().is_empty() => Ok(Transport::Https),
                "ssh" if url.has_host() && url.path().len() > 1 => Ok(Transport::Ssh),
                "file" if url.path().len() > 1 && !url.has_host() => Ok(Transport::File),
                _ => Err(JobsError::Url),
            },
            Err(_) => is_scp_like(&self.url).then_some(Transport::Ssh).ok_or(JobsError::Url),
        }
    }

    fn check(&self) -> Result<(), JobsError> {
        let transport = self.transport()?;
        if self.reference.as_deref().is_some_and(|name| !is_ref_name(name)) {
            return Err(JobsError::Reference);
        }
        let path = &self.ci_path;
        // As GitLab asks for it, letter by letter.
        let is_file = [".yml", ".yaml"].iter().any(|ending| path.ends_with(ending));
        let is_inside = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if path.len() > CI_PATH_BYTES_MAX || !is_file || !is_inside || path.chars().any(char::is_control) {
            return Err(JobsError::CiPath);
        }
        match (&self.credentials, transport) {
            (None, _) => Ok(()),
            (Some(Credentials::Password { username, password }), Transport::Https) => {
                if username.is_empty() || username.contains(':') || !is_token(password) {
                    return Err(JobsError::Empty);
                }
                Ok(())
            }
            (Some(Credentials::SshKey { private_key, known_hosts }), Transport::Ssh) => {
                let is_key = (1..=SSH_KEY_BYTES_MAX).contains(&private_key.expose().len());
                let is_known = (1..=SSH_KEY_BYTES_MAX).contains(&known_hosts.trim().len());
                if is_key && is_known { Ok(()) } else { Err(JobsError::Empty) }
            }
            (Some(_), _) => Err(JobsError::Credentials),
        }
    }
}

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `https://`.
    Https,
    /// `ssh://`, or git's own shorthand for it.
    Ssh,
    /// A folder of this machine.
    File,
}

/// `user@host:path`.
fn is_scp_like(text: &str) -> bool {
    let Some((user, rest)) = text.split_once('@') else { return false };
    let Some((host, path)) = rest.split_once(':') else { return false };
    let is_name = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.contains('/');
    is_name(user) && is_name(host) && !path.is_empty() && !path.starts_with('-')
}

/// The part of git's rules for names that keeps one from being anything else
/// (<https://git-scm.com/docs/git-check-ref-format>).
fn is_ref_name(name: &str) -> bool {
    const LOCK: &str = ".lock";
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(LOCK);
    let is_forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    (1..=REF_BYTES_MAX).contains(&name.len())
        && !name.starts_with('-')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && !name.contains(is_forbidden)
        && name.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, change: impl FnOnce(&mut Jobs)) -> Result<(), JobsError> {
        let stored = format!(r#"{{"repository": {{"url": "{url}"}}, "executor": "local"}}"#);
        let mut jobs: Jobs = serde_json::from_str(&stored).unwrap();
        change(&mut jobs);
        jobs.check(false)
    }

    #[test]
    fn a_repository_is_named_as_git_names_it_and_holds_no_password() {
        for url in [
            "https://gitlab.example.net/g/p.git",
            "ssh://git@gitlab.example.net:2222/g/p.git",
            "git@gitlab.example.net:g/p.git",
            "file:///srv/git/p.git",
        ] {
            assert_eq!(check(url, |_| {}), Ok(()), "{url}");
        }
        for (url, error) in [
            ("http://gitlab.example.net/g/p.git", JobsError::Url),
            ("git://gitlab.example.net/g/p.git", JobsError::Url),
            ("https://u:p@gitlab.example.net/g/p.git", JobsError::Password),
            ("https://gitlab.example.net/g/p.git?x=1", JobsError::Url),
            ("ext::sh -c id", JobsError::Url),
            ("-oProxyCommand=id@h:p", JobsError::Url),
            ("git@-oProxyCommand=id:p", JobsError::Url),
            ("/srv/git/p.git", JobsError::Url),
        ] {
            assert_eq!(check(url, |_| {}), Err(error), "{url}");
        }
    }

    #[test]
    fn a_reference_and_a_path_are_what_git_could_have() {
        let url = "https://gitlab.example.net/g/p.git";
        for name in ["main", "release/1.2", "v1.0"] {
            assert_eq!(
                check(url, |jobs| jobs.repository.reference = Some(name.to_owned())),
                Ok(()),
                "{name}"
            );
        }
        for name in ["", "-x", "a..b", "a b", "a~1", "refs/heads/.x", "x.lock", "a@{1}", "a//b"] {
            let checked = check(url, |jobs| jobs.repository.reference = Some(name.to_owned()));
            assert_eq!(checked, Err(JobsError::Reference), "{name}");
        }
        for path in ["ci/chat.yaml", ".gitlab-ci.yml"] {
            assert_eq!(check(url, |jobs| jobs.repository.ci_path = path.to_owned()), Ok(()), "{path}");
        }
        for path in ["", "/etc/x.yml", "../x.yml", "ci.txt", "a\n.yml"] {
            let checked = check(url, |jobs| jobs.repository.ci_path = path.to_owned());
            assert_eq!(checked, Err(JobsError::CiPath), "{path}");
        }
    }

    #[test]
    fn what_opens_a_repository_is_of_its_kind() {
        let password =
            || Credentials::Password { username: "bot".to_owned(), password: Secret::new("glpat-x") };
        let with = |url, credentials| check(url, |jobs| jobs.repository.credentials = Some(credentials));
        assert_eq!(with("https://h/p.git", password()), Ok(()));
        assert_eq!(with("git@h:p.git", password()), Err(JobsError::Credentials));
        let key = |known_hosts: &str| Credentials::SshKey {
            private_key: Secret::new("-----BEGIN OPENSSH PRIVATE KEY-----"),
            known_hosts: known_hosts.to_owned(),
        };
        assert_eq!(with("git@h:p.git", key("h ssh-ed25519 AAAA")), Ok(()));
        assert_eq!(with("git@h:p.git", key("")), Err(JobsError::Empty));
    }

    #[test]
    fn gitlabs_executors_need_gitlab() {
        let url = "https://h/p.git";
        let pipeline = Executor::GitlabPipeline { pass_as: PassAs::Inputs };
        assert_eq!(check(url, |jobs| jobs.executor = pipeline), Err(JobsError::NoGitLab));
        assert_eq!(check(url, |jobs| jobs.timeout_s = 0), Err(JobsError::Timeout));
    }
}
