//! Errors in a log: our own say in a few words what failed, and hold why.

use std::error::Error;
use std::fmt;

/// An error with all that it came from, outermost first, in one line: `the table is unavailable: disk full`. What an error
/// says itself of its cause is not said again.
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        formatter.write_str(&said)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let cause_said = cause.to_string();
            if !said.ends_with(&cause_said) {
                write!(formatter, ": {cause_said}")?;
                said = cause_said;
            }
            next = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use config::LineSettings;
    use relay::irker::check_templates;

    use super::*;
    use crate::StoreError;
    use crate::projects::SaveError;
    use crate::table::TableError;

    #[test]
    fn an_error_tells_what_it_came_from() {
        let disk = TableError::Unavailable(Box::new(std::io::Error::other("disk full")));
        assert_eq!(Causes(&StoreError::from(disk)).to_string(), "the table is unavailable: disk full");
    }

    #[test]
    fn nothing_is_said_twice() {
        let broken = ("push".to_owned(), "{{ nothing".to_owned());
        let lines = LineSettings { templates: [broken].into(), ..LineSettings::default() };
        let refused = SaveError::from(check_templates(&lines).unwrap_err());
        assert!(std::error::Error::source(&refused).is_some(), "it says itself what it came from");
        assert_eq!(Causes(&refused).to_string(), refused.to_string());
    }
}
