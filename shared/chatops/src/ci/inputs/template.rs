//! Puts the values of inputs where `$[[ inputs.name | function ]]` stands, in keys and in texts.
//!
//! Not here: the functions.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::super::constant::pattern;
use super::super::expression::Variables;
use super::super::limits::{INPUT_BLOCKS_MAX, VALUES_MAX};
use super::super::value::{Key, Map, Value};
use super::functions;

pattern!(BLOCK, r"\$\[\[[ \t\r\n\f]*([^ \t\r\n\f]{1}.*?[^ \t\r\n\f]{1})[ \t\r\n\f]*\]\]");

/// How many functions a block may chain.
const FUNCTIONS_MAX: usize = 3;
/// The longest name in a block, in bytes.
const ACCESS_BYTES_MAX: usize = 1024;
/// How many parts a name may have; the rest is one part.
const ACCESS_PARTS_MAX: usize = 5;
/// The longest text with blocks in it, in bytes.
const NODE_BYTES_MAX: usize = 1024 * 1024;

pub(super) struct Template<'a> {
    pub(super) inputs: &'a Map,
    pub(super) variables: &'a Variables,
    /// What a block is worth, by its text.
    pub(super) blocks: HashMap<String, Value>,
    pub(super) visited: usize,
}

impl Template<'_> {
    pub(super) fn fill(mut self, content: &Map) -> Result<Map, String> {
        self.map(content)
    }

    fn map(&mut self, map: &Map) -> Result<Map, String> {
        let mut out = Map::with_capacity(map.len());
        for (key, value) in map {
            let key = if key.is_name() && key.text.contains("$[[") {
                Key::of(&self.text(&key.text)?)
            } else {
                key.clone()
            };
            let value = self.value(value)?;
            out.insert(key, value);
        }
        Ok(out)
    }

    fn value(&mut self, value: &Value) -> Result<Value, String> {
        self.visited += 1;
        if self.visited > VALUES_MAX {
            return Err("config too large".to_owned());
        }
        match value {
            Value::Text(text) | Value::Symbol(text) => self.text(text),
            Value::Map(map) => Ok(Value::map(self.map(map)?)),
            Value::List(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items.iter() {
                    // A list in place of an item of a list is spread out.
                    match (item, self.value(item)?) {
                        (Value::Text(_), Value::List(inner)) => out.extend(inner.iter().cloned()),
                        (_, value) => out.push(value),
                    }
                }
                Ok(Value::list(out))
            }
            other => Ok(other.clone()),
        }
    }

    fn text(&mut self, text: &str) -> Result<Value, String> {
        if text.len() > NODE_BYTES_MAX {
            return Err("config node too large".to_owned());
        }
        let found: Vec<(String, String)> =
            BLOCK.captures_iter(text).map(|found| (found[0].to_owned(), found[1].to_owned())).collect();
        let mut blocks = Vec::new();
        for (block, inner) in found {
            let value = match self.blocks.get(&block) {
                Some(value) => value.clone(),
                None => self.block(&inner)?,
            };
            self.blocks.insert(block.clone(), value.clone());
            if self.blocks.len() > INPUT_BLOCKS_MAX {
                return Err("too many interpolation blocks".to_owned());
            }
            blocks.push((block, value));
        }
        match blocks.as_slice() {
            [] => Ok(Value::text(text)),
            [(block, value)] if block.len() == text.len() => Ok(value.clone()),
            _ => {
                let mut text = text.to_owned();
                for (block, value) in &blocks {
                    text = text.replace(block.as_str(), &value.to_text());
                    if text.len() > NODE_BYTES_MAX {
                        return Err("config node too large".to_owned());
                    }
                }
                Ok(Value::text(&text))
            }
        }
    }

    /// `inputs.name | function | function`.
    fn block(&self, inner: &str) -> Result<Value, String> {
        let mut parts = inner.split('|').map(str::trim);
        let access = parts.next().unwrap_or_default();
        let functions: Vec<&str> = parts.collect();
        let value = self.access(access)?;
        if functions.len() > FUNCTIONS_MAX {
            return Err("too many functions in interpolation block".to_owned());
        }
        functions.iter().try_fold(value, |value, function| functions::call(function, &value, self.variables))
    }

    fn access(&self, access: &str) -> Result<Value, String> {
        let parts: Vec<&str> = access.splitn(ACCESS_PARTS_MAX, '.').collect();
        if parts.len() <= 1 {
            return Err(
                "invalid pattern used for interpolation. valid pattern is $[[ inputs.input ]]".to_owned()
            );
        }
        if access.len() > ACCESS_BYTES_MAX {
            return Err("maximum interpolation expression size exceeded".to_owned());
        }
        let unknown = |part: &str| format!("unknown input name provided: `{part}` in `{access}`");
        if parts[0] != "inputs" {
            return Err(unknown(parts[0]));
        }
        let value = self.inputs.get(&Key::name(parts[1])).ok_or_else(|| unknown(parts[1]))?;
        parts[2..]
            .iter()
            .try_fold(value.clone(), |value, part| value.get(part).cloned().ok_or_else(|| unknown(part)))
    }
}
