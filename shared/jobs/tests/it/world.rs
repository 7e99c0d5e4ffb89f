//! A repository on this machine, a project that runs its jobs, and the executor of this machine.

use std::sync::Arc;
use std::time::Duration;

use app::clock::{Chance, Clock};
use app::egress::Guard;
use app::executor::{Ended, Executor, Found, Handle, Order, Progress};
use app::ids::RunId;
use chatops::output::{self, Log};
use config::{HookId, Jobs, Project, ProjectId, Source};
use git::Git;
use git2::{IndexEntry, IndexTime, Oid, Repository};
use jobs::find::{Ask, FindError, Finder, Locals};
use jobs::local::{Local, User};
use tempfile::TempDir;

/// Longer than any job of these tests takes.
pub(crate) const LONG: Duration = Duration::from_mins(2);

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) project: Project,
    pub(crate) finder: Finder,
    pub(crate) local: Local,
    pub(crate) ask: Ask,
    pub(crate) timeout: Duration,
}

/// Under root, jobs are nobody's, as they are under the server.
pub(crate) fn user() -> Option<User> {
    rustix::process::geteuid().is_root().then(|| User::named("nobody").unwrap())
}

impl World {
    /// With this `.gitlab-ci.yml`.
    pub(crate) fn new(ci: &str) -> Self {
        Self::with(&[(".gitlab-ci.yml", ci)])
    }

    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path().join("p.git")).unwrap();
        repository.set_head("refs/heads/main").unwrap();
        commit(&repository, files);
        let jobs: Jobs = serde_json::from_value(serde_json::json!({
            "repository": {"url": format!("file://{}/p.git", folder.path().display())},
            "executor": "local",
        }))
        .unwrap();
        let house = folder.path().display().to_string();
        Self {
            project: project(jobs),
            finder: Finder::new(Git::default(), Guard::default(), Locals::Allowed),
            local: Local::new(&house, user(), Clock::System),
            ask: Ask { input: "in".to_owned(), channel_id: "C1".to_owned(), user_id: "U1".to_owned() },
            timeout: LONG,
            folder,
        }
    }

    /// The project has these variables.
    pub(crate) fn knowing(mut self, variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(key, value)| config::KeyedSecret {
            key: (*key).to_owned(),
            value: payload::Secret::new(*value),
        });
        self.project.jobs.as_mut().unwrap().variables = variables.collect();
        self
    }

    pub(crate) async fn find(&self, job: &str) -> Result<Found, FindError> {
        self.finder.find(&self.project, job, &self.ask).await
    }

    pub(crate) async fn order(&self, job: &str) -> Order {
        Order {
            run: RunId::new(&Chance::System),
            project: Arc::new(self.project.clone()),
            job: job.to_owned(),
            input: self.ask.input.clone(),
            team_id: "T1".to_owned(),
            channel_id: self.ask.channel_id.clone(),
            user_id: self.ask.user_id.clone(),
            user_name: "ann".to_owned(),
            timeout: self.timeout,
            found: Some(self.find(job).await.unwrap()),
            is_repeated: false,
        }
    }

    /// A job from its name to its end.
    pub(crate) async fn run(&self, job: &str) -> Ended {
        let order = self.order(job).await;
        let started = self.local.start(&order).await.unwrap();
        self.end(&started.handle).await
    }

    pub(crate) async fn end(&self, handle: &Handle) -> Ended {
        match self.local.look(&self.project, handle, LONG).await.unwrap() {
            Progress::Ended(ended) => ended,
            Progress::Running { .. } => panic!("it goes on and on"),
        }
    }

    /// What chat is told of a job's log.
    pub(crate) async fn reply(&self, job: &str) -> String {
        let found = self.find(job).await.unwrap();
        let ended = self.run(job).await;
        let is_sole_command = found.job.before_script.is_empty() && found.job.script.len() == 1;
        let secrets: Vec<_> = self
            .project
            .jobs
            .as_ref()
            .unwrap()
            .variables
            .iter()
            .map(|variable| variable.value.clone())
            .collect();
        let arguments = &self.ask.input;
        output::reply(&Log { bytes: &ended.log, secrets: &secrets, arguments, is_sole_command }).text
    }
}

pub(crate) fn log(ended: &Ended) -> String {
    String::from_utf8_lossy(&ended.log).into_owned()
}

pub(crate) fn project(jobs: Jobs) -> Project {
    Project {
        id: ProjectId(7),
        path: "g/p".to_owned().try_into().unwrap(),
        source: Source { id: "p".parse().unwrap(), forge: None, secrets: Vec::new(), allow_unsigned: true },
        irker: None,
        hooks: Vec::new(),
        last_hook: HookId(0),
        rate_limit: None,
        commands: Vec::new(),
        jobs: Some(jobs),
        gitlab: None,
    }
}

/// Files whose names begin with `bin/` are programs.
pub(crate) fn commit(repository: &Repository, files: &[(&str, &str)]) -> Oid {
    let mut index = git2::Index::new().unwrap();
    for (path, text) in files {
        let mode = if path.starts_with("bin/") { 0o100_755 } else { 0o100_644 };
        let entry = IndexEntry {
            ctime: IndexTime::new(0, 0),
            mtime: IndexTime::new(0, 0),
            dev: 0,
            ino: 0,
            mode,
            uid: 0,
            gid: 0,
            file_size: 0,
            id: repository.blob(text.as_bytes()).unwrap(),
            flags: 0,
            flags_extended: 0,
            path: path.as_bytes().to_vec(),
        };
        index.add(&entry).unwrap();
    }
    let tree = repository.find_tree(index.write_tree_to(repository).unwrap()).unwrap();
    let who = git2::Signature::new("a", "a@b", &git2::Time::new(0, 0)).unwrap();
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &who, &who, "A change [skip ci]", &tree, &parents).unwrap()
}
