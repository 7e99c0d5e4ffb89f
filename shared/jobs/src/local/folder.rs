//! The folder of a run: `work` with the commit's files, `home`, `tmp`, and the scripts. It goes with the run.

use std::env;
use std::error::Error;
use std::fs::{self, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use app::executor::Files;
use chatops::ci::Job;
use tempfile::TempDir;

use super::script::script;
use super::user::User;

/// The names of the scripts.
pub(super) const SCRIPT: &str = "script.sh";
pub(super) const AFTER_SCRIPT: &str = "after_script.sh";

/// Only its user gets in.
const PRIVATE: u32 = 0o700;

pub(super) struct RunFolder(Option<TempDir>);

/// How the folders of one Bellhop's runs begin: it tells them from those of another one on the same machine.
pub(super) fn prefix(house: &str) -> String {
    let mut hasher = DefaultHasher::new();
    house.hash(&mut hasher);
    format!("bellhop-run-{:016x}-", hasher.finish())
}

/// Removes what a process left behind that was killed. Whoever else made a folder of such a name loses it.
pub(super) fn remove_left(prefix: &str) {
    for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
        let is_left = entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix));
        if is_left && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
}

impl RunFolder {
    /// Makes it. Its path is nobody else's to guess. Blocks.
    pub(super) fn make(
        prefix: &str,
        files: &dyn Files,
        job: &Job,
        user: Option<User>,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut builder = tempfile::Builder::new();
        let folder = builder.prefix(prefix).permissions(Permissions::from_mode(PRIVATE)).tempdir()?;
        let folder = Self(Some(folder));
        for name in ["work", "home", "tmp"] {
            fs::create_dir(folder.path().join(name))?;
        }
        files.check_out(&folder.path().join("work"))?;
        fs::write(folder.path().join(SCRIPT), script(job.before_script.iter().chain(&job.script)))?;
        fs::write(folder.path().join(AFTER_SCRIPT), script(&job.after_script))?;
        if let Some(user) = user {
            user.own(folder.path())?;
        }
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.as_ref().map_or(Path::new(""), TempDir::path)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take() {
            remove(&folder.keep());
        }
    }
}

/// A job may leave folders that nobody may write in, as Go's cache of modules is.
fn remove(path: &Path) {
    if fs::remove_dir_all(path).is_ok() {
        return;
    }
    let removed = open_up(path).and_then(|()| fs::remove_dir_all(path));
    if let Err(error) = removed {
        tracing::warn!(folder = %path.display(), %error, "run.folder_left");
    }
}

/// Lets us write in all folders of a folder. Links are not followed.
fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(PRIVATE))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}
