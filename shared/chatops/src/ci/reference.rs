//! `!reference [a, b]`: what stands at `a: b:` in the configuration, put in its place.
//!
//! GitLab's `Tags::Resolver`, with the places it does not look at: what a reference names is looked through if it is a
//! map, and one level deep if it is a list. A reference that stays there is refused later, where its value would be.
//!
//! Not here: `extends`, which comes before and merges what references will stand in.

use std::rc::Rc;

use super::limits::{REFERENCE_CHAIN_MAX, VALUES_MAX};
use super::value::{Map, Progress, Reference, Value};

/// The configuration with its references resolved, or GitLab's sentence.
pub(crate) fn resolve(config: Map) -> Result<Map, String> {
    let root = Value::map(config);
    let mut resolver = Resolver { root: root.clone(), chain: 0, values: 0 };
    match resolver.deep(&root)? {
        Value::Map(map) => Ok(Rc::unwrap_or_clone(map)),
        _ => Ok(Map::new()),
    }
}

struct Resolver {
    root: Value,
    chain: usize,
    values: usize,
}

impl Resolver {
    /// `deep_resolve`: maps all the way down, lists one level.
    fn deep(&mut self, value: &Value) -> Result<Value, String> {
        match value {
            Value::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.one(item)).collect();
                Ok(Value::list(items?))
            }
            Value::Map(_) => self.values(value),
            _ => self.one(value),
        }
    }

    /// `deep_transform_values`.
    fn values(&mut self, value: &Value) -> Result<Value, String> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err("The parsed YAML is too big".to_owned());
        }
        match value {
            Value::Map(map) => {
                let mut out = Map::with_capacity(map.len());
                for (key, item) in map.iter() {
                    out.insert(key.clone(), self.values(item)?);
                }
                Ok(Value::map(out))
            }
            Value::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.values(item)).collect();
                Ok(Value::list(items?))
            }
            _ => self.one(value),
        }
    }

    fn one(&mut self, value: &Value) -> Result<Value, String> {
        match value {
            Value::Reference(reference) => self.reference(reference),
            _ => Ok(value.clone()),
        }
    }

    fn reference(&mut self, reference: &Rc<Reference>) -> Result<Value, String> {
        let Some(path) = path(&reference.given) else {
            return Err(format!("!reference {} is not valid", reference.given.inspect()));
        };
        match &*reference.progress.borrow() {
            Progress::Done(value) => return Ok(value.clone()),
            Progress::Open => {
                return Err(format!("!reference {} is part of a circular chain", reference.given.inspect()));
            }
            Progress::New => {}
        }
        if self.chain >= REFERENCE_CHAIN_MAX {
            return Err(format!("!reference {} is part of too long a chain", reference.given.inspect()));
        }
        reference.progress.replace(Progress::Open);
        self.chain += 1;
        let found = dig(&self.root, &path).cloned().unwrap_or(Value::Nil);
        let value = self.deep(&found)?;
        self.chain -= 1;
        if value.is_falsy() {
            return Err(format!("!reference {} could not be found", reference.given.inspect()));
        }
        reference.progress.replace(Progress::Done(value.clone()));
        Ok(value)
    }
}

/// A non-empty list of texts.
fn path(given: &Value) -> Option<Vec<Rc<str>>> {
    let items = given.as_list().filter(|items| !items.is_empty())?;
    items.iter().map(|item| item.as_text().cloned()).collect()
}

fn dig<'a>(root: &'a Value, path: &[Rc<str>]) -> Option<&'a Value> {
    path.iter().try_fold(root, |value, name| value.get(name))
}
