//! What a value weighs in Ruby's memory: GitLab's `DeepSize`, which refuses alias bombs.
//!
//! Aliases count each time they stand, and the count ends where it is too much, so a bomb costs no more than the limit.
//! The weights are those of Ruby 3 on 64 bits (`ObjectSpace.memsize_of`).
//!
//! Not here: the depth of what stands in the text itself (`loader`).

use super::super::limits::{YAML_BYTES_MAX, YAML_DEPTH_MAX};
use super::super::value::Value;
use super::YamlError;

/// An object's slot, which holds a short text or list.
const SLOT_BYTES: usize = 40;
/// The longest text in a slot.
const SLOT_TEXT_BYTES: usize = 23;
/// The longest list in a slot.
const SLOT_ITEMS: usize = 3;
/// A small table of up to eight pairs.
const SMALL_TABLE_BYTES: usize = 128;
const SMALL_TABLE_PAIRS: usize = 8;
/// A pair in a larger one, its bins included.
const PAIR_BYTES: usize = 52;

/// Refuses what GitLab finds too big or too deep.
pub(crate) fn check(value: &Value) -> Result<(), YamlError> {
    let mut bytes = 0;
    if fits(value, 0, &mut bytes) { Ok(()) } else { Err(YamlError::too_big()) }
}

fn fits(value: &Value, depth: usize, bytes: &mut usize) -> bool {
    *bytes += match value {
        Value::Text(text) => text_bytes(text),
        Value::List(items) if items.len() > SLOT_ITEMS => SLOT_BYTES + items.len() * 8,
        Value::List(_) | Value::Symbol(_) | Value::Reference(_) => SLOT_BYTES,
        Value::Map(map) => map_bytes(map.len()),
        _ => 0,
    };
    if *bytes > YAML_BYTES_MAX {
        return false;
    }
    match value {
        Value::List(items) => depth < YAML_DEPTH_MAX && items.iter().all(|item| fits(item, depth + 1, bytes)),
        Value::Map(map) => {
            depth < YAML_DEPTH_MAX
                && map.iter().all(|(key, item)| {
                    *bytes += if key.is_name() { text_bytes(&key.text) } else { 0 };
                    fits(item, depth + 1, bytes)
                })
        }
        _ => true,
    }
}

fn text_bytes(text: &str) -> usize {
    if text.len() <= SLOT_TEXT_BYTES { SLOT_BYTES } else { SLOT_BYTES + text.len() + 1 }
}

fn map_bytes(pairs: usize) -> usize {
    match pairs {
        0 => SLOT_BYTES,
        1..=SMALL_TABLE_PAIRS => SLOT_BYTES + SMALL_TABLE_BYTES,
        _ => SLOT_BYTES + pairs.next_power_of_two() * PAIR_BYTES,
    }
}
