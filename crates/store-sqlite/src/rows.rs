//! Rows and the values they stand for.

use lambent_types::{AsyncEvent, FunctionRecord, Version};
use rusqlite::{Row, types::Type};
use std::sync::Arc;

/// `$LATEST` is 0, so that it sorts first.
pub(crate) fn version_number(version: Version) -> i64 {
    match version {
        Version::Latest => 0,
        Version::Published(number) => i64::try_from(number).unwrap_or(i64::MAX),
    }
}

/// Reads the function in column 0.
pub(crate) fn function(row: &Row<'_>) -> Result<Arc<FunctionRecord>, rusqlite::Error> {
    let document = row.get_ref(0)?.as_str()?;
    serde_json::from_str(document)
        .map(Arc::new)
        .map_err(|error| unreadable(0, error))
}

/// Reads the event in columns 0 (document) and 1 (payload).
pub(crate) fn event(row: &Row<'_>) -> Result<AsyncEvent, rusqlite::Error> {
    let document = row.get_ref(0)?.as_str()?;
    let event: AsyncEvent = serde_json::from_str(document).map_err(|error| unreadable(0, error))?;
    Ok(AsyncEvent {
        payload: row.get(1)?,
        ..event
    })
}

fn unreadable(column: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
