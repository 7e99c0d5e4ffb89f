//! A folder becomes a house: the store in it, the key to its secrets, and the use cases on top.
//!
//! Not here: taking from the queues (`serve`), what is stored.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use app::attempts::AttemptLog;
use app::clock::{Chance, Clock};
use app::seal::Sealer;
use app::{Addresses, App};
use embedded::Store;
use payload::Secret;

/// The file with the sealing key, beside the store. Whoever has both has the secrets: back them up apart.
pub(crate) const KEY_FILE: &str = "sealing.key";

/// How many random bytes the key is made from.
const KEY_BYTES: usize = 32;

/// Everything that the functions stand on.
pub(crate) struct House {
    /// Where it is, from the root.
    pub(crate) folder: PathBuf,
    pub(crate) app: Arc<App>,
    pub(crate) store: Store,
}

impl House {
    /// Opens the house in a folder, and builds it if it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        Self::open_with(folder, AttemptLog::default(), Addresses::default())
    }

    /// The same, with a log of attempts that is kept for another time, and found at these addresses.
    pub(crate) fn open_with(folder: &Path, log: AttemptLog, addresses: Addresses) -> Result<Self> {
        let store = Store::open(folder, Clock::System)?;
        let key = sealing_key(folder)?;
        let sealer =
            Sealer::new(&key).with_context(|| format!("{} is unusable", folder.join(KEY_FILE).display()))?;
        let app = Arc::new(App::new(Arc::new(store.table()), sealer).logging(log).found_at(addresses));
        let folder = folder.canonicalize().with_context(|| format!("cannot read {}", folder.display()))?;
        Ok(Self { folder, app, store })
    }
}

/// Reads the key, or makes one. Two processes that start at the same time agree on one.
fn sealing_key(folder: &Path) -> Result<Secret> {
    let path = folder.join(KEY_FILE);
    let unusable = || format!("cannot use {}", path.display());
    match fs::read_to_string(&path) {
        Ok(text) => return Ok(Secret::new(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(unusable),
    }
    match keep_key(folder, &random_text::<KEY_BYTES>(&Chance::System)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error).with_context(unusable),
        _ => {}
    }
    fs::read_to_string(&path).map(Secret::new).with_context(unusable)
}

/// Keeps a key where there is none. Written in full, readable by its owner only, before it has its name.
pub(crate) fn keep_key(folder: &Path, key: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", key.trim())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(folder.join(KEY_FILE))?;
    Ok(())
}

/// Random bytes in hexadecimal.
pub(crate) fn random_text<const N: usize>(chance: &Chance) -> String {
    chance.bytes::<N>().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_nobody_elses_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let first = sealing_key(folder.path()).unwrap();
        assert_eq!(sealing_key(folder.path()).unwrap(), first);
        assert_eq!(first.expose().trim().len(), 2 * KEY_BYTES);
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions(),
        );
        assert_eq!(mode & 0o077, 0);
    }
}
