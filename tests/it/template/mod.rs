//! `template.yaml`: what has to fit together and no linter checks.
//!
//! Not here: whether it is valid (`sam validate --lint` and cfn-lint say that), whether it keeps to common policy (checkov
//! does), and whether every function is in it (`tidy` does).

mod functions;
mod queues;
mod watching;

use std::fs;

use end_to_end::workspace;
use saphyr::{LoadableYamlNode, Yaml};

fn check(check: impl Fn(&Yaml<'_>)) {
    let template = fs::read_to_string(workspace().join("template.yaml")).expect("read template.yaml");
    let documents = Yaml::load_from_str(&template).expect("template.yaml is YAML");
    check(at(&documents[0], "Resources"));
}

/// A node's child, which must be there.
fn at<'a>(node: &'a Yaml<'a>, key: &str) -> &'a Yaml<'a> {
    node.as_mapping_get(key).unwrap_or_else(|| panic!("there is no {key}"))
}

fn number(node: &Yaml<'_>, key: &str) -> i64 {
    at(node, key).as_integer().unwrap_or_else(|| panic!("{key} is no number"))
}

fn entries<'a>(node: &'a Yaml<'a>) -> impl Iterator<Item = (&'a str, &'a Yaml<'a>)> {
    let mapping = node.as_mapping().expect("a mapping");
    mapping.iter().map(|(key, value)| (key.as_str().expect("a name"), value))
}

/// The resource in `!GetAtt Resource.Attribute` or `!Ref Resource`.
fn name_in<'a>(node: &'a Yaml<'a>) -> &'a str {
    let Yaml::Tagged(_, inner) = node else { panic!("{node:?} names no resource") };
    inner.as_str().and_then(|text| text.split('.').next()).expect("a resource's name")
}

/// The resource in `!GetAtt Resource.Arn`.
fn named<'a>(node: &'a Yaml<'a>) -> &'a str {
    let Yaml::Tagged(tag, attribute) = node else { panic!("{node:?} names no resource") };
    assert_eq!(tag.suffix, "GetAtt");
    attribute.as_str().and_then(|text| text.strip_suffix(".Arn")).expect("the ARN of a resource")
}

/// All texts below a key, wherever that is.
fn collect<'a>(key: &str, node: &'a Yaml<'a>, found: &mut Vec<&'a str>) {
    match node {
        Yaml::Tagged(_, inner) => collect(key, inner, found),
        Yaml::Sequence(nodes) => nodes.iter().for_each(|node| collect(key, node, found)),
        Yaml::Mapping(mapping) => {
            for (name, value) in mapping {
                match (name.as_str() == Some(key), value.as_vec()) {
                    (true, Some(texts)) => found.extend(texts.iter().filter_map(|text| text.as_str())),
                    (true, None) => found.extend(value.as_str()),
                    (false, _) => collect(key, value, found),
                }
            }
        }
        _ => {}
    }
}
