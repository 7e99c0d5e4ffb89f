//! Errors in a log: our own say in a few words what failed, and hold why.

use std::error::Error;
use std::fmt;

/// An error with all that it came from, outermost first, in one line: `the table is unavailable: disk full`.
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(formatter, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreError;
    use crate::table::TableError;

    #[test]
    fn an_error_tells_what_it_came_from() {
        let disk = TableError::Unavailable(Box::new(std::io::Error::other("disk full")));
        assert_eq!(Causes(&StoreError::from(disk)).to_string(), "the table is unavailable: disk full");
    }
}
