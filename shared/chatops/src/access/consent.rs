//! Consent to a run that waits for it: the caller's own, or a second person's.
//!
//! Not here: keeping the run until then, and forgetting it (`app`).

use config::commands::{Approval, CommandIntegration};

use super::{Caller, Decision, Denial, Permit, Subject, decide};

/// A run that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Who asked for it.
    pub caller: Caller<'a>,
    /// What for.
    pub subject: Subject<'a>,
    /// Whose consent it was said to need. A job that is manual in itself needs the caller's at least.
    pub approval: Approval,
    /// When it was asked for, in seconds since 1970.
    pub at_s: i64,
}

/// Why consent does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// The run is not what was asked for any more.
    #[error("the time to confirm it is over")]
    Expired,
    /// Somebody else's, where the caller's is needed.
    #[error("only the one who asked for it can confirm it")]
    NotTheCaller,
    /// The caller's own, where another person's is needed.
    #[error("a second person has to confirm it")]
    SamePerson,
    /// Whoever consents may not do it.
    #[error("the one who confirms may not do it: {0}")]
    Denied(Denial),
    /// Whoever asked may not do it any more.
    #[error("the one who asked may not do it any more: {0}")]
    CallerDenied(Denial),
}

/// Judges consent by the rules as they are now. `now_s` is the time of day, in seconds since 1970.
pub fn consent<S>(
    integration: &CommandIntegration<S>,
    asked: &Asked<'_>,
    by: &Caller<'_>,
    now_s: i64,
) -> Result<Permit, ConsentError> {
    let permit = permit(integration, &asked.caller, &asked.subject).map_err(ConsentError::CallerDenied)?;
    let waited_s = u64::try_from(now_s.saturating_sub(asked.at_s)).unwrap_or(0);
    if waited_s > permit.expires_after.as_secs() {
        return Err(ConsentError::Expired);
    }
    let is_caller = by.user_id == asked.caller.user_id;
    match asked.approval.max(permit.approval) {
        Approval::None | Approval::Confirm if is_caller => Ok(permit),
        Approval::None | Approval::Confirm => Err(ConsentError::NotTheCaller),
        Approval::SecondPerson if is_caller => Err(ConsentError::SamePerson),
        Approval::SecondPerson => {
            self::permit(integration, by, &asked.subject).map_err(ConsentError::Denied)?;
            Ok(permit)
        }
    }
}

fn permit<S>(
    integration: &CommandIntegration<S>,
    caller: &Caller<'_>,
    subject: &Subject<'_>,
) -> Result<Permit, Denial> {
    match decide(integration, caller, subject) {
        Decision::Allowed(permit) => Ok(permit),
        Decision::Denied(denial) => Err(denial),
    }
}
