//! Reads, on connections of their own.

use crate::{connect, rows, unavailable};
use lambent_store::{FunctionPage, Unavailable};
use lambent_types::{FunctionName, FunctionRecord, Scope, Sha256Digest, Timestamp, VersionKey};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Idle connections kept for the next reader.
const KEPT: usize = 8;

/// Connections that read. A reader takes an idle one or opens its own.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Runs a query. A point query takes microseconds, less than handing it to another thread would.
    pub(crate) fn with<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, Unavailable> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path).map_err(unavailable)?,
        };
        let answer = query(&connection).map_err(unavailable)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(answer)
    }
}

pub(crate) fn function(
    connection: &Connection,
    key: &VersionKey,
) -> Result<Option<Arc<FunctionRecord>>, rusqlite::Error> {
    let Scope { account, region } = &key.function.scope;
    connection
        .prepare_cached(
            "SELECT document FROM function_versions WHERE account = ?1 AND region = ?2 AND name = ?3 AND version = ?4",
        )?
        .query_row(
            params![
                account.as_str(),
                region.as_str(),
                key.function.name.as_str(),
                rows::version_number(key.version)
            ],
            rows::function,
        )
        .optional()
}

pub(crate) fn functions(
    connection: &Connection,
    scope: &Scope,
    after: Option<&FunctionName>,
    limit: usize,
) -> Result<FunctionPage, rusqlite::Error> {
    let after = after.map_or("", FunctionName::as_str);
    let mut functions: Vec<_> = connection
        .prepare_cached(
            "SELECT document FROM function_versions
             WHERE account = ?1 AND region = ?2 AND name > ?3 AND version = 0 ORDER BY name LIMIT ?4",
        )?
        .query_map(
            params![scope.account.as_str(), scope.region.as_str(), after, limit + 1],
            rows::function,
        )?
        .collect::<Result<_, _>>()?;
    let more = functions.len() > limit;
    functions.truncate(limit);
    Ok(FunctionPage { functions, more })
}

pub(crate) fn versions(
    connection: &Connection,
    scope: &Scope,
    function: Option<&FunctionName>,
    after: Option<&VersionKey>,
    limit: usize,
) -> Result<FunctionPage, rusqlite::Error> {
    let after_name = after.map(|key| key.function.name.as_str());
    let after_version = after.map(|key| rows::version_number(key.version));
    let mut functions: Vec<_> = connection
        .prepare_cached(
            "SELECT document FROM function_versions
             WHERE account = ?1 AND region = ?2 AND (?3 IS NULL OR name = ?3)
               AND (?4 IS NULL OR (name, version) > (?4, ?5))
             ORDER BY name, version LIMIT ?6",
        )?
        .query_map(
            params![
                scope.account.as_str(),
                scope.region.as_str(),
                function.map(FunctionName::as_str),
                after_name,
                after_version,
                limit + 1
            ],
            rows::function,
        )?
        .collect::<Result<_, _>>()?;
    let more = functions.len() > limit;
    functions.truncate(limit);
    Ok(FunctionPage { functions, more })
}

pub(crate) fn function_count(connection: &Connection, scope: &Scope) -> Result<u64, rusqlite::Error> {
    connection
        .prepare_cached("SELECT count(*) FROM function_versions WHERE account = ?1 AND region = ?2 AND version = 0")?
        .query_row([scope.account.as_str(), scope.region.as_str()], |row| row.get(0))
}

pub(crate) fn unsettled_functions(connection: &Connection) -> Result<Vec<Arc<FunctionRecord>>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT document FROM function_versions WHERE settled = 0")?
        .query_map([], rows::function)?
        .collect()
}

pub(crate) fn code_in_use(connection: &Connection, digest: Sha256Digest) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM function_versions WHERE code_digest = ?1)
                 OR EXISTS (SELECT 1 FROM function_layers WHERE digest = ?1)
                 OR EXISTS (SELECT 1 FROM documents WHERE code_digest = ?1)",
        )?
        .query_row([digest.as_bytes()], |row| row.get(0))
}

pub(crate) fn code_bytes(connection: &Connection, scope: &Scope) -> Result<u64, rusqlite::Error> {
    connection
        .prepare_cached("SELECT coalesce(sum(code_size), 0) FROM function_versions WHERE account = ?1 AND region = ?2")?
        .query_row([scope.account.as_str(), scope.region.as_str()], |row| row.get(0))
}

pub(crate) fn next_event_due(connection: &Connection) -> Result<Option<Timestamp>, rusqlite::Error> {
    let due: Option<i64> = connection
        .prepare_cached("SELECT min(due_at) FROM events")?
        .query_row([], |row| row.get(0))?;
    Ok(due.map(Timestamp::from_micros))
}

pub(crate) fn event_count(connection: &Connection) -> Result<u64, rusqlite::Error> {
    connection
        .prepare_cached("SELECT count(*) FROM events")?
        .query_row([], |row| row.get(0))
}
