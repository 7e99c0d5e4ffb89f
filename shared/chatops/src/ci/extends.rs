//! `extends`: a job gets what its parents have; maps are merged deeply, everything else is replaced.
//!
//! GitLab's `Extendable`. Parents are merged in their order, so that later ones win, and the job's own keys over them;
//! `extends` itself stays.
//!
//! Not here: whether `extends` has a sensible value, which the job's validation tells.

use std::collections::HashMap;
use std::rc::Rc;

use super::limits::{EXTENDS_DEPTH_MAX, VALUES_MAX};
use super::value::{Key, Map, Value, deep_merge};

/// Extends every entry of a configuration, or says GitLab's sentence.
pub(crate) fn extend(config: Map) -> Result<Map, String> {
    let keys: Vec<Key> = config.keys().cloned().collect();
    let mut extender = Extender { config, done: HashMap::new(), values: 0 };
    for key in keys {
        extender.entry(&key, &mut Vec::new())?;
    }
    Ok(extender.config)
}

struct Extender {
    config: Map,
    /// How long the chain below an extended entry is: extending it again changes nothing.
    done: HashMap<Key, usize>,
    values: usize,
}

impl Extender {
    /// Extends an entry and everything it stands on; how long the chain below it is.
    fn entry(&mut self, key: &Key, ancestors: &mut Vec<Key>) -> Result<usize, String> {
        let Some(Value::Map(value)) = self.config.get(key).cloned() else { return Ok(0) };
        let Some(parents) = super::value::get(&value, "extends") else { return Ok(0) };
        let name = &key.text;
        let parents = parent_keys(parents);
        let listed = |keys: Vec<&Key>| keys.iter().map(|key| &*key.text).collect::<Vec<_>>().join(", ");
        let unknown: Vec<&Key> = parents.iter().filter(|key| !self.config.contains_key(*key)).collect();
        if !unknown.is_empty() {
            return Err(format!("{name}: unknown keys in `extends` ({})", listed(unknown)));
        }
        let is_map = |key: &&Key| self.config.get(*key).is_some_and(|base| base.as_map().is_some());
        let invalid: Vec<&Key> = parents.iter().filter(|key| !is_map(key)).collect();
        if !invalid.is_empty() {
            return Err(format!("{name}: invalid base hashes in `extends` ({})", listed(invalid)));
        }
        if ancestors.len() > EXTENDS_DEPTH_MAX {
            return Err(format!("{name}: nesting too deep in `extends`"));
        }
        if ancestors.contains(key) {
            return Err(format!("{name}: circular dependency detected in `extends`"));
        }
        if let Some(height) = self.done.get(key)
            && ancestors.len() + height <= EXTENDS_DEPTH_MAX
        {
            return Ok(*height);
        }
        let mut height = 0;
        let mut merged = Map::new();
        ancestors.push(key.clone());
        for parent in &parents {
            height = height.max(self.entry(parent, ancestors)? + self.extends(parent));
            if let Some(base) = self.config.get(parent).and_then(Value::as_map) {
                deep_merge(&mut merged, base);
            }
        }
        ancestors.pop();
        deep_merge(&mut merged, &value);
        self.values += merged.len();
        if self.values > VALUES_MAX {
            return Err("The parsed YAML is too big".to_owned());
        }
        self.config.insert(key.clone(), Value::Map(Rc::new(merged)));
        self.done.insert(key.clone(), height);
        Ok(height)
    }

    /// 1 for an entry that itself extends others: only such an entry is asked how deep it is.
    fn extends(&self, key: &Key) -> usize {
        usize::from(self.config.get(key).is_some_and(|base| base.get("extends").is_some()))
    }
}

/// `Array(extends).map(&:to_s).map(&:to_sym)`.
fn parent_keys(parents: &Value) -> Vec<Key> {
    match parents {
        Value::Nil => Vec::new(),
        Value::List(items) => items.iter().map(|item| Key::name(&item.to_text())).collect(),
        other => vec![Key::name(&other.to_text())],
    }
}
