//! Reads that are asked for in one moment, made in one call: those of the deliveries of a batch, which begin together.
//!
//! Nobody waits for company. Whoever is first has the call made by a task of its own, which has its turn when everybody who
//! is ready now has run; and it goes on if the first one is let go.
//!
//! Not here: the call itself (`table`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use app::table::{Key, Stored, TableError};
use tokio::sync::oneshot;

type Answer = Result<Vec<Stored>, TableError>;

/// What is asked for, and not yet on its way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reads(Arc<Mutex<Vec<Asked>>>);

#[derive(Debug)]
struct Asked {
    keys: Vec<Key>,
    answer: oneshot::Sender<Answer>,
}

/// What went wrong for all who asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<TableError>);

/// What was asked for together.
#[derive(Debug)]
pub(crate) struct Together(Vec<Asked>);

impl Reads {
    /// Asks for some items. Says whether whoever asks is the first, and so has the call made.
    pub(crate) fn ask(&self, keys: &[Key]) -> (bool, oneshot::Receiver<Answer>) {
        let (answer, hears) = oneshot::channel();
        let mut asked = self.lock();
        asked.push(Asked { keys: keys.to_vec(), answer });
        (asked.len() == 1, hears)
    }

    /// All that has been asked for so far.
    pub(crate) fn take(&self) -> Together {
        Together(std::mem::take(&mut self.lock()))
    }

    /// A panic elsewhere cannot leave the list half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Together {
    /// The keys, each once: deliveries of one event share its row.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let keys: BTreeSet<_> = self.0.iter().flat_map(|asked| &asked.keys).collect();
        keys.into_iter().cloned().collect()
    }

    /// Gives everybody what they asked for.
    pub(crate) fn answer(self, result: Answer) {
        let found: Result<BTreeMap<_, _>, _> = result
            .map(|found| found.into_iter().map(|stored| (stored.item.key.clone(), stored)).collect())
            .map_err(|error| Shared(Arc::new(error)));
        for Asked { keys, answer } in self.0 {
            let its = match &found {
                Ok(found) => Ok(keys.iter().filter_map(|key| found.get(key)).cloned().collect()),
                Err(error) => Err(TableError::Unavailable(Box::new(error.clone()))),
            };
            // One that does not listen any more was let go.
            answer.send(its).unwrap_or_default();
        }
    }
}
