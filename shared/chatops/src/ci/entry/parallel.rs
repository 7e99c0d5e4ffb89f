//! `parallel`: how many of a job, or one for each combination.
//!
//! Not here: the jobs it makes (`pipeline`).

use super::super::limits::PARALLEL_MAX;
use super::super::value::{KeyKind, Value};
use super::check::Check;

/// Numbers and matrices.
pub(crate) const ANY: bool = true;
/// Of trigger jobs.
pub(crate) const MATRIX_ONLY: bool = false;

pub(crate) fn parallel(check: &mut Check, at: &str, config: &Value, numbers: bool) {
    match config {
        Value::Int(count) => {
            let fine = (1..=PARALLEL_MAX).contains(count);
            check.unless(fine, at, &format!("config must be less than or equal to {PARALLEL_MAX}"));
            check.unless(numbers, at, "config cannot use \"parallel: <number>\".");
        }
        Value::Float(_) => check.add(at, "config must be an integer"),
        Value::Map(_) => {
            check.keys(at, config, &["matrix"]);
            check.required(at, config, &["matrix"]);
            if let Some(value) = config.present("matrix") {
                matrix(check, &format!("{at}:matrix"), value);
            }
        }
        _ => check.add(at, "should be an integer or a hash"),
    }
}

fn matrix(check: &mut Check, at: &str, config: &Value) {
    let items = config.as_list().filter(|items| items.iter().all(|item| item.as_map().is_some()));
    let Some(items) = items else { return check.add(at, "config should be an array of hashes") };
    let mut jobs: i128 = 0;
    for item in items {
        let at = format!("{at}:variables");
        let fine = item.as_map().is_some_and(|map| {
            map.iter().all(|(key, value)| matches!(key.kind, KeyKind::Name | KeyKind::Int) && is_axis(value))
        });
        check.unless(fine, &at, "config should be a hash of key value pairs, value can be an array");
        check.unless(!item.is_blank(), &at, "config requires at least 1 items");
        let sizes =
            item.as_map().into_iter().flatten().map(|(_, value)| value.as_list().map_or(1, <[Value]>::len));
        jobs += sizes
            .fold(1_i128, |product, size| product.saturating_mul(i128::try_from(size).unwrap_or(i128::MAX)));
        jobs = jobs.min(i128::from(u64::MAX));
    }
    let few = jobs <= PARALLEL_MAX;
    check.unless(few, at, &format!("config generates too many jobs (maximum is {PARALLEL_MAX})"));
}

fn is_axis(value: &Value) -> bool {
    let alphanumeric = |value: &Value| matches!(value, Value::Text(_) | Value::Symbol(_) | Value::Int(_));
    alphanumeric(value) || value.as_list().is_some_and(|items| items.iter().all(alphanumeric))
}
