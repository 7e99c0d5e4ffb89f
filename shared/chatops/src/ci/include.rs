//! `include`: other files, merged below the one that names them.
//!
//! GitLab's `External::Mapper` and `Processor`: the files of a list in their order, each with its own includes first, and
//! the including file over them all. `project`, `remote`, `template`, `component` and `artifact` take GitLab's API.
//!
//! Not here: reading (`Repository`), and what `include:inputs` do in a file (`inputs`).

use std::rc::Rc;

use super::entry::{self, Check};
use super::error::CiError;
use super::expression::Variables;
use super::limits::INCLUDES_MAX;
use super::rules::{self, Surroundings};
use super::value::{Map, Value, deep_merge, get, remove};
use super::{Repository, glob, inputs, variables, yaml};

/// Where a file can come from, in the order in which GitLab names them.
const KINDS: [&str; 6] = ["local", "project", "remote", "template", "artifact", "component"];

/// Reads a configuration and everything it includes.
pub(crate) struct Includer<'a> {
    pub(crate) repository: &'a dyn Repository,
    /// Without the configuration's own: GitLab does not know them yet.
    pub(crate) variables: &'a Variables,
    pub(crate) branch: &'a str,
    /// How many files were included.
    pub(crate) count: usize,
}

/// One entry of `include`.
struct Location {
    map: Map,
}

impl Includer<'_> {
    /// A configuration with its includes in it. `place` is the file it is from.
    pub(crate) fn expand(&mut self, values: Map, place: &str) -> Result<Map, CiError> {
        let locations = self.locations(&values, place)?;
        for (index, location) in locations.iter().enumerate() {
            location.check(self.count + index + 1, place)?;
        }
        self.count += locations.len();
        if locations.is_empty() {
            return Ok(values);
        }
        let mut content = Map::new();
        for location in &locations {
            let file = self.file(location, place)?;
            deep_merge(&mut content, &file);
        }
        deep_merge(&mut content, &values);
        remove(&mut content, "include");
        Ok(content)
    }

    /// What is to be read, after rules, wildcards and variables.
    fn locations(&self, values: &Map, place: &str) -> Result<Vec<Location>, CiError> {
        let listed = match get(values, "include") {
            None | Some(Value::Nil) => return Ok(Vec::new()),
            Some(Value::List(items)) => Rc::clone(items),
            Some(other) => Rc::new(vec![other.clone()]),
        };
        let mut maps = Vec::new();
        for item in listed.iter().filter(|item| !item.is_nil()) {
            maps.push(self.normalised(item).map_err(|reason| CiError::invalid(place, reason))?);
        }
        let mut locations = Vec::new();
        for map in maps {
            if self.passes(&map, place)? {
                locations
                    .extend(self.globbed(map).into_iter().map(|map| Location { map: self.filled_in(map) }));
            }
        }
        Ok(locations)
    }

    /// A text is a file of the repository, or an address.
    fn normalised(&self, item: &Value) -> Result<Map, &'static str> {
        match item {
            Value::Text(text) => {
                let text = variables::expand(text, self.variables);
                let address = ["http://", "https://", "ssh://", "git://"];
                let is_address = address.iter().any(|scheme| text.trim().to_lowercase().starts_with(scheme));
                Ok(single(if is_address { "remote" } else { "local" }, Value::text(&text)))
            }
            Value::Map(map) => Ok((**map).clone()),
            _ => Err("Each include must be a hash or a string"),
        }
    }

    /// `include:rules`.
    fn passes(&self, map: &Map, place: &str) -> Result<bool, CiError> {
        let Some(rules) = get(map, "rules").filter(|rules| !rules.is_falsy()) else { return Ok(true) };
        let mut check = Check::default();
        entry::include::rules(&mut check, "rules", rules);
        if let Some(error) = check.first() {
            return Err(CiError::invalid(place, format!("include:{error}")));
        }
        let surroundings =
            Surroundings { repository: self.repository, variables: self.variables, branch: self.branch };
        let rule = rules::first_match(rules, &surroundings).map_err(|error| error.at(place, "include:"))?;
        Ok(rule.is_some_and(|rule| rules::when(rule) != Some("never")))
    }

    /// A wildcard stands for every file that matches; what else was said of it is forgotten, as GitLab does.
    fn globbed(&self, map: Map) -> Vec<Map> {
        let is_local = get(&map, "project").is_none_or(Value::is_falsy);
        let Some(pattern) = get(&map, "local").and_then(Value::as_text).filter(|_| is_local) else {
            return vec![map];
        };
        if !pattern.contains('*') {
            return vec![map];
        }
        let mut paths = self.repository.paths();
        paths.sort();
        let matching = paths.iter().filter(|path| glob::matches_include(pattern, path));
        matching.map(|path| single("local", Value::text(path))).collect()
    }

    fn filled_in(&self, map: Map) -> Map {
        let fill = |value: Value| match value {
            Value::Text(text) => Value::text(&variables::expand(&text, self.variables)),
            Value::List(items) => Value::list(
                items
                    .iter()
                    .map(|item| Value::text(&variables::expand(&item.to_text(), self.variables)))
                    .collect(),
            ),
            other => other,
        };
        map.into_iter().map(|(key, value)| (key, fill(value))).collect()
    }

    fn file(&mut self, location: &Location, place: &str) -> Result<Map, CiError> {
        let invalid = |reason: String| CiError::invalid(place, reason);
        let named = get(&location.map, "local").cloned().unwrap_or(Value::Nil);
        let Some(path) = named.as_text() else {
            return Err(invalid(format!("Included file `{}` needs to be a string", named.to_text())));
        };
        let path = path.trim_start_matches('/');
        if !has_yaml_extension(path) {
            return Err(invalid(format!("Included file `{path}` does not have YAML extension!")));
        }
        let Some(bytes) = self.repository.read(path) else {
            return Err(invalid(format!("Local file `{path}` does not exist!")));
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(invalid(format!("Local file `{path}` is empty!")));
        }
        let document = yaml::documents(&bytes).map_err(|error| {
            CiError::invalid(&super::place_of(path, &error), format!("`{path}`: {}", error.reason))
        })?;
        let content = inputs::interpolate(document, get(&location.map, "inputs"), self.variables)
            .map_err(|reason| CiError::invalid(path, format!("`{path}`: {reason}")))?;
        let expanded = if content.is_empty() { content } else { self.expand(content, path)? };
        if expanded.is_empty() {
            return Err(invalid(format!("Included file `{path}` does not have valid YAML syntax!")));
        }
        Ok(expanded)
    }
}

impl Location {
    /// Everything that can be said of a location before its file is read.
    fn check(&self, count: usize, place: &str) -> Result<(), CiError> {
        let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| self.is(kind)).collect();
        let invalid = |reason: String| Err(CiError::invalid(place, reason));
        match kinds.as_slice() {
            [] => invalid(format!(
                "`{}` does not have a valid subkey for include. Valid subkeys are: `{}`",
                Value::map(self.map.clone()).inspect(),
                KINDS.join("`, `")
            )),
            ["local"] if count > INCLUDES_MAX => {
                invalid(format!("Maximum of {INCLUDES_MAX} nested includes are allowed!"))
            }
            ["local"] => Ok(()),
            [kind] => {
                let named = get(&self.map, kind).map(Value::to_text).unwrap_or_default();
                Err(CiError::NeedsGitLab {
                    what: format!("include:{kind} {named:?}"),
                    place: place.to_owned(),
                })
            }
            _ => invalid(format!("Each include must use only one of: `{}`", KINDS.join("`, `"))),
        }
    }

    /// Whether GitLab takes it for a file of this kind.
    fn is(&self, kind: &str) -> bool {
        let there = |name: &str| get(&self.map, name).is_some_and(|value| !value.is_blank());
        match kind {
            "project" => there("project") && there("file"),
            _ => there(kind),
        }
    }
}

fn single(kind: &str, value: Value) -> Map {
    Map::from([(super::value::Key::name(kind), value)])
}

fn has_yaml_extension(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    [".yml", ".yaml"].iter().any(|ending| name.len() > ending.len() && name.ends_with(ending))
}
