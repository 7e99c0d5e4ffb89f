//! Who runs jobs when Bellhop is started as root: somebody who may do nothing.
//!
//! Not here: users that are only known elsewhere (LDAP).

use std::fs;
use std::io;
use std::os::unix::fs::lchown;
use std::path::Path;

/// Where users are.
const USERS: &str = "/etc/passwd";

/// A user of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    pub(super) id: u32,
    pub(super) group: u32,
}

/// Nobody of that name, or somebody who may do everything.
#[derive(Debug, thiserror::Error)]
#[error("there is no user {0} on this machine to run jobs as, or that one may do everything")]
pub struct UserError(String);

impl User {
    /// Who jobs run as: the user of this name where it is root who asks, and whoever asks anywhere else (`None`).
    pub fn to_run_as(name: &str) -> Result<Option<Self>, UserError> {
        if rustix::process::geteuid().is_root() { Self::named(name).map(Some) } else { Ok(None) }
    }

    /// By the name; never root.
    pub fn named(name: &str) -> Result<Self, UserError> {
        let users = fs::read_to_string(USERS).unwrap_or_default();
        let user = users.lines().find_map(|line| of(line, name));
        user.filter(|user| user.id != 0 && user.group != 0).ok_or_else(|| UserError(name.to_owned()))
    }

    /// Gives a folder and all in it to the user. Links are given away themselves, and not followed.
    pub(super) fn own(self, path: &Path) -> io::Result<()> {
        lchown(path, Some(self.id), Some(self.group))?;
        if path.symlink_metadata()?.is_dir() {
            for entry in fs::read_dir(path)? {
                self.own(&entry?.path())?;
            }
        }
        Ok(())
    }
}

/// `name:password:uid:gid:...`
fn of(line: &str, name: &str) -> Option<User> {
    let mut fields = line.split(':');
    let is_it = fields.next() == Some(name);
    let (id, group) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
    is_it.then_some(User { id, group })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_runs_jobs_and_root_does_not() {
        assert!(User::named("nobody").is_ok());
        for name in ["root", "no-such-user", ""] {
            assert!(User::named(name).is_err(), "{name:?}");
        }
        let line = "runner:x:1001:1002:,,,:/home/runner:/bin/bash";
        assert_eq!(of(line, "runner"), Some(User { id: 1001, group: 1002 }));
    }
}
