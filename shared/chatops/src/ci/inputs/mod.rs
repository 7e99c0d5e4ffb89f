//! `spec:inputs` and `$[[ inputs.name ]]`: a file with parameters.
//!
//! Only a file with a header is looked through. Values keep their type where a block is all of a text.
//!
//! Not here: where the given values come from: `include:inputs`; a pipeline from a chat has none.

mod functions;
mod spec;
mod template;

use super::expression::Variables;
use super::value::{Map, Value};
use super::yaml::Document;

/// A file's configuration with its inputs in it, or GitLab's sentence.
pub(crate) fn interpolate(
    document: Document,
    given: Option<&Value>,
    variables: &Variables,
) -> Result<Map, String> {
    let none = Map::new();
    let given = match given {
        None | Some(Value::Nil) => &none,
        Some(Value::Map(map)) => map,
        Some(_) => return Err("Given inputs must be a hash".to_owned()),
    };
    let Some(header) = document.header else {
        if given.is_empty() {
            return Ok(document.content);
        }
        return Err(
            "Given inputs not defined in the `spec` section of the included configuration file".to_owned()
        );
    };
    let inputs = spec::inputs(header, given)?;
    template::Template { inputs: &inputs, variables, blocks: std::collections::HashMap::new(), visited: 0 }
        .fill(&document.content)
}
