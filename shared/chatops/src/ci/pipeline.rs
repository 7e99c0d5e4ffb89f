//! The jobs of a valid configuration, as GitLab counts them, and what they must be to each other.
//!
//! `parallel` makes several of one, with names of their own. Stages, needs, dependencies and environments are held
//! against each other: GitLab's `Normalizer` and the second half of its `YamlProcessor`.
//!
//! Not here: one job's own keys (`entry::job`).

use indexmap::IndexMap;

use super::entry::check::flatten;
use super::entry::needs;
use super::entry::root::{Kind, global, jobs, kind};
use super::limits::{JOBS_MAX, VALUES_MAX};
use super::value::{Key, Map, Value};

/// A pipeline that could be, before rules.
pub(crate) struct Pipeline<'a> {
    /// With `.pre` first and `.post` last.
    pub(crate) stages: Vec<String>,
    pub(crate) jobs: IndexMap<String, Planned<'a>>,
}

/// A job, or one of its parallel instances.
#[derive(Clone)]
pub(crate) struct Planned<'a> {
    pub(crate) config: &'a Value,
    pub(crate) stage: String,
    /// The variables of this instance of a matrix.
    pub(crate) matrix: Vec<(String, String)>,
    /// Which instance it is, of how many.
    pub(crate) instance: Option<(usize, usize)>,
    pub(crate) needs: Vec<Need<'a>>,
    pub(crate) dependencies: Vec<String>,
}

/// A job of the same pipeline that comes first.
#[derive(Clone)]
pub(crate) struct Need<'a> {
    pub(crate) name: String,
    pub(crate) optional: bool,
    /// Which instances of it, where said.
    parallel: Option<&'a Value>,
}

/// An instance that `parallel` makes.
#[derive(Clone)]
struct Instance {
    name: String,
    matrix: Vec<(String, String)>,
    number: (usize, usize),
}

impl<'a> Pipeline<'a> {
    /// Counts a validated configuration's jobs; GitLab's sentence if they contradict each other.
    pub(crate) fn plan(config: &'a Map) -> Result<Self, String> {
        let mut instances: IndexMap<&str, Vec<Instance>> = IndexMap::new();
        for (key, job) in visible(config) {
            if let Some(parallel) = job.present("parallel") {
                instances.insert(&key.text, expand(&key.text, parallel));
            }
        }
        let mut pipeline = Self { stages: stages(config), jobs: IndexMap::new() };
        let mut values = 0;
        for (key, job) in visible(config) {
            let planned = planned(job, &instances);
            match instances.get(&*key.text) {
                None => {
                    pipeline.jobs.insert(key.text.to_string(), planned);
                }
                Some(all) => {
                    for Instance { name, matrix, number } in all {
                        let (matrix, instance) = (matrix.clone(), Some(*number));
                        values += planned.needs.len() + planned.dependencies.len();
                        pipeline.jobs.insert(name.clone(), Planned { matrix, instance, ..planned.clone() });
                    }
                }
            }
            values += pipeline.jobs.last().map_or(0, |(_, job)| job.needs.len());
            if pipeline.jobs.len() > JOBS_MAX || values > VALUES_MAX {
                return Err("The parsed YAML is too big".to_owned());
            }
        }
        super::links::check(&pipeline)?;
        Ok(pipeline)
    }
}

fn visible(config: &Map) -> impl Iterator<Item = (&Key, &Value)> {
    jobs(config).filter(|(key, job)| kind(key, job).is_some_and(|kind| kind != Kind::Hidden))
}

/// GitLab's own stages where none are said, and the edges around them.
fn stages(config: &Map) -> Vec<String> {
    let said: Vec<String> = match global(config, "stages") {
        None => ["build", "test", "deploy"].map(str::to_owned).to_vec(),
        Some(stages) if stages.is_blank() => return Vec::new(),
        Some(stages) => {
            let mut all = Vec::new();
            flatten(stages, &mut all);
            all.into_iter().map(Value::to_text).collect()
        }
    };
    let inner = said.into_iter().filter(|stage| stage != ".pre" && stage != ".post");
    std::iter::once(".pre".to_owned()).chain(inner).chain(std::iter::once(".post".to_owned())).collect()
}

fn planned<'a>(config: &'a Value, instances: &IndexMap<&str, Vec<Instance>>) -> Planned<'a> {
    const DEFAULT_STAGE: &str = "test";
    let stage = config.present("stage").map_or_else(|| DEFAULT_STAGE.to_owned(), Value::to_text);
    let mut expanded = Vec::new();
    for need in config.present("needs").map(needs_of).unwrap_or_default() {
        let Some(all) = instances.get(need.name.as_str()) else {
            expanded.push(need);
            continue;
        };
        let some = need.parallel.map(|parallel| expand(&need.name, parallel));
        for instance in some.as_ref().unwrap_or(all) {
            expanded.push(Need { name: instance.name.clone(), parallel: None, ..need.clone() });
        }
    }
    let mut dependencies = Vec::new();
    for name in config.present("dependencies").and_then(Value::as_list).into_iter().flatten() {
        let name = name.to_text();
        match instances.get(name.as_str()) {
            Some(all) => dependencies.extend(all.iter().map(|instance| instance.name.clone())),
            None => dependencies.push(name),
        }
    }
    Planned { config, stage, matrix: Vec::new(), instance: None, needs: expanded, dependencies }
}

/// The needs within the pipeline.
pub(crate) fn needs_of(config: &Value) -> Vec<Need<'_>> {
    let mut all = Vec::new();
    flatten(config, &mut all);
    let own = all.into_iter().filter(|need| needs::kind(need) == Some(needs::Kind::Job));
    own.map(|need| Need {
        name: need.get("job").unwrap_or(need).to_text(),
        optional: matches!(need.get("optional"), Some(Value::Bool(true))),
        parallel: need.get("parallel"),
    })
    .collect()
}

/// What `parallel` makes of a job.
fn expand(name: &str, parallel: &Value) -> Vec<Instance> {
    if let Value::Int(total) = parallel {
        let total = usize::try_from(*total).unwrap_or(0);
        let numbered = (1..=total).map(|number| Instance {
            name: format!("{name} {number}/{total}"),
            matrix: Vec::new(),
            number: (number, total),
        });
        return numbered.collect();
    }
    let mut all: Vec<Vec<(String, String)>> = Vec::new();
    for axes in parallel.get("matrix").and_then(Value::as_list).into_iter().flatten() {
        all.extend(product(axes));
    }
    let total = all.len();
    let named = all.into_iter().enumerate().map(|(index, matrix)| {
        let values: Vec<&str> = matrix.iter().map(|(_, value)| value.as_str()).collect();
        Instance { name: format!("{name}: [{}]", values.join(", ")), number: (index + 1, total), matrix }
    });
    named.collect()
}

/// Every combination, the last axis turning fastest.
fn product(axes: &Value) -> Vec<Vec<(String, String)>> {
    let mut all = vec![Vec::new()];
    for (key, values) in axes.as_map().into_iter().flatten() {
        let values: Vec<String> = match values {
            Value::List(items) => items.iter().map(Value::to_text).collect(),
            one => vec![one.to_text()],
        };
        let longer = |chosen: &Vec<(String, String)>| {
            let with = |value: &String| {
                let mut chosen = chosen.clone();
                chosen.push((key.text.to_string(), value.clone()));
                chosen
            };
            values.iter().map(with).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}
