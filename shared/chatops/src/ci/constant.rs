//! Patterns of our own, compiled once.
//!
//! Not here: patterns out of a configuration (`pattern`), which may be wrong.

/// `pattern!(NAME, r"source")`: a static [`regex::Regex`].
macro_rules! pattern {
    ($name:ident, $source:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($source).expect("a constant pattern, compiled by the tests"));
    };
}
pub(crate) use pattern;
