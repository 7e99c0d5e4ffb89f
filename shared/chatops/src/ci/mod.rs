//! A job of `.gitlab-ci.yml`, found and resolved as GitLab does for a pipeline that a chat starts on the default branch.
//!
//! The order is GitLab's: the whole configuration is read (`yaml`, `inputs`, `include`, `extends`, `reference`) and
//! validated (`entry`, `pipeline`), so that a mistake in any job stops all; then only the named job is kept; then the
//! workflow's rules and the job's own decide (`rules`, `filters`). What is taken, refused and said follows GitLab's code
//! (`lib/gitlab/ci/config`, <https://gitlab.com/gitlab-org/gitlab-foss>).
//!
//! Two things are left to GitLab's own pipelines: a job whose `needs` are not in the pipeline (from a chat, they never
//! are) and one in `.pre` or `.post` alone resolve here, and it is the executor that refuses what it cannot honour.
//!
//! Not here: reading files (a [`Repository`] is asked), running anything, and who may run what.

mod constant;
mod duration;
mod entry;
mod environment;
mod error;
mod expression;
mod extends;
mod filters;
mod glob;
mod include;
mod inputs;
mod job;
pub mod limits;
mod links;
mod pattern;
mod pipeline;
mod reference;
mod rules;
mod value;
mod variables;
mod yaml;

pub use environment::Environment;
pub use error::CiError;
pub use job::{Image, Job};

use entry::root::global;
use include::Includer;
use job::View;
use pipeline::{Pipeline, Planned};
use rules::Surroundings;
use value::{Key, Map, Value};

/// The files of a commit, already at hand: nothing here waits.
pub trait Repository {
    /// A file's bytes, by its path from the top without a leading slash; nothing if there is no such file. More than
    /// [`limits::FILE_BYTES_MAX`] are refused, so there is no need to read on after them.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// The paths of all files, for wildcards and `rules:exists`.
    fn paths(&self) -> Vec<String>;
}

/// What is known of the pipeline that would run.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The default branch.
    pub branch: String,
    /// The path of the configuration, usually `.gitlab-ci.yml`.
    pub config_path: String,
    /// The id of the commit, where known.
    pub commit: Option<String>,
    /// The project's path, as in `group/project`, where known.
    pub project_path: Option<String>,
    /// What counts more than the configuration's own variables: the project's, `CHAT_INPUT`, `CHAT_CHANNEL`.
    pub variables: Vec<(String, String)>,
}

/// Finds a job and resolves it.
pub fn resolve(repository: &dyn Repository, context: &Context, job: &str) -> Result<Job, CiError> {
    let config = load(repository, context)?;
    let place = &context.config_path;
    let pipeline = Pipeline::plan(&config).map_err(|reason| CiError::invalid(place, reason))?;
    let Some(planned) = pipeline.jobs.get(job) else {
        let hidden = job.starts_with('.') && config.contains_key(&Key::name(job));
        let job = job.to_owned();
        return Err(if hidden { CiError::Hidden { job } } else { CiError::NoSuchJob { job } });
    };
    let view = View { config: &config, job: planned.config };
    let chosen = Chosen { repository, context, name: job, view, planned };
    let workflow = chosen.workflow()?;
    let rule = chosen.rule(workflow)?;
    Ok(job::resolve(job, &chosen.view, planned, (rule, workflow)))
}

/// The names of all jobs that a chat could run, in the order in which they stand there.
pub fn runnable(repository: &dyn Repository, context: &Context) -> Result<Vec<String>, CiError> {
    let config = load(repository, context)?;
    let pipeline =
        Pipeline::plan(&config).map_err(|reason| CiError::invalid(&context.config_path, reason))?;
    let mut names = Vec::new();
    for (name, planned) in &pipeline.jobs {
        let view = View { config: &config, job: planned.config };
        let chosen = Chosen { repository, context, name, view, planned };
        match chosen.workflow().and_then(|workflow| chosen.rule(workflow)) {
            Ok(_) => names.push(name.clone()),
            Err(CiError::Filtered { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}

/// The whole configuration, read and validated.
fn load(repository: &dyn Repository, context: &Context) -> Result<Map, CiError> {
    let place = &context.config_path;
    let invalid = |reason: String| CiError::invalid(place, reason);
    let bytes = repository.read(place).ok_or_else(|| invalid("the file does not exist".to_owned()))?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(invalid("Please provide content of .gitlab-ci.yml".to_owned()));
    }
    let document = yaml::documents(&bytes)
        .map_err(|error| CiError::invalid(&place_of(place, &error), error.reason.clone()))?;
    let mut variables = variables::predefined(context);
    variables::add_given(&mut variables, context);
    let config = inputs::interpolate(document, None, &variables).map_err(invalid)?;
    let mut includer = Includer { repository, variables: &variables, branch: &context.branch, count: 0 };
    let config = includer.expand(config, place)?;
    let config = extends::extend(config).map_err(invalid)?;
    let config = reference::resolve(config).map_err(invalid)?;
    let mut check = entry::Check::default();
    entry::root::root(&mut check, &config);
    match check.first() {
        Some(error) => Err(invalid(error.to_owned())),
        None => Ok(config),
    }
}

/// A job that is there, with all that decides whether it runs.
struct Chosen<'a> {
    repository: &'a dyn Repository,
    context: &'a Context,
    name: &'a str,
    view: View<'a>,
    planned: &'a Planned<'a>,
}

impl<'a> Chosen<'a> {
    /// The variables of the workflow's matching rule; an error if the workflow has no pipeline for a chat.
    fn workflow(&self) -> Result<Option<&'a Value>, CiError> {
        let workflow = global(self.view.config, "workflow");
        let Some(listed) = workflow.and_then(|workflow| workflow.present("rules")) else { return Ok(None) };
        let mut variables = variables::predefined(self.context);
        variables.extend(job::texts(global(self.view.config, "variables")));
        variables::add_given(&mut variables, self.context);
        let rule = self.first_match(listed, &variables)?;
        match rule {
            None => Err(self.filtered("no rule of `workflow:rules` matches")),
            Some(rule) if rules::when(rule) == Some("never") => {
                Err(self.filtered("`workflow:rules` say `when: never`"))
            }
            Some(rule) => Ok(rule.present("variables")),
        }
    }

    /// The job's matching rule; nothing where it has none at all.
    fn rule(&self, workflow: Option<&Value>) -> Result<Option<&'a Value>, CiError> {
        let mut variables = variables::predefined(self.context);
        let mut set = |name: &str, value: String| {
            variables.insert(name.to_owned(), value);
        };
        set("CI_JOB_NAME", self.name.to_owned());
        set("CI_JOB_STAGE", self.planned.stage.clone());
        if let Some((number, _)) = self.planned.instance {
            set("CI_NODE_INDEX", number.to_string());
        }
        set("CI_NODE_TOTAL", self.planned.instance.map_or(1, |(_, total)| total).to_string());
        variables.extend(self.view.variables(workflow, self.planned));
        variables::add_given(&mut variables, self.context);
        if let Some(listed) = self.view.job.present("rules") {
            let rule = self.first_match(listed, &variables)?;
            return match rule {
                None => Err(self.filtered("none of its rules matches")),
                Some(rule) if rules::when(rule) == Some("never") => {
                    Err(self.filtered("the rule that matches says `when: never`"))
                }
                Some(rule) => Ok(Some(rule)),
            };
        }
        match filters::refusal(self.view.job, self.context, &variables) {
            Some(why) => Err(self.filtered(&why)),
            None => Ok(None),
        }
    }

    fn first_match(
        &self,
        listed: &'a Value,
        variables: &expression::Variables,
    ) -> Result<Option<&'a Value>, CiError> {
        let surroundings =
            Surroundings { repository: self.repository, variables, branch: &self.context.branch };
        let prefix = format!("Failed to parse rule for {}: ", self.name);
        rules::first_match(listed, &surroundings)
            .map_err(|error| error.at(&self.context.config_path, &prefix))
    }

    fn filtered(&self, why: &str) -> CiError {
        CiError::Filtered { job: self.name.to_owned(), why: why.to_owned() }
    }
}

/// A file, with line and column where they are known.
fn place_of(path: &str, error: &yaml::YamlError) -> String {
    match (error.line, error.column) {
        (Some(line), Some(column)) => format!("{path}:{line}:{column}"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
