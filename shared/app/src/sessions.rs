//! The repository of sessions at the page. A session holds while its row is there: signing out takes the row away, so that
//! a copy of the cookie is worth nothing from then on, whoever has it.
//!
//! Not here: the cookie (`console`), and what the session's token opens (`tokens`).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::hex;
use crate::store::{item, row};
use crate::table::{Condition, Key};
use crate::tokens::TokenId;
use crate::{App, StoreError};

/// How many random bytes an id holds: beyond all guessing.
const RANDOM_BYTES: usize = 16;

/// The sort key of a session's row.
const SESSION: &str = "session";

/// A session's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(String);

impl SessionId {
    fn key(&self) -> Key {
        Key::new(format!("session#{}", self.0), SESSION)
    }
}

#[derive(Serialize, Deserialize)]
struct SessionRow {
    token: TokenId,
}

/// Begins a session of whoever has shown this token, until a moment.
pub async fn begin(app: &App, token: TokenId, until: Timestamp) -> Result<SessionId, StoreError> {
    let id = SessionId(hex(&app.chance.bytes::<RANDOM_BYTES>()));
    let row = item(id.key(), &SessionRow { token }, Some(until));
    app.table.put(row, Condition::Absent).await?;
    Ok(id)
}

/// Whether a session is one of this token's, and not over.
pub async fn holds(app: &App, id: &SessionId, token: TokenId) -> Result<bool, StoreError> {
    let Some(stored) = app.table.get(&id.key()).await? else { return Ok(false) };
    Ok(row::<SessionRow>(&stored)?.token == token)
}

/// Ends a session. One that is over already stays so.
pub async fn end(app: &App, id: &SessionId) -> Result<(), StoreError> {
    app.table.delete(&id.key(), Condition::Always).await?;
    Ok(())
}
