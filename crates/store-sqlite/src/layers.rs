//! Which layers a version refers to, and which image it runs while another is fetched.

use crate::rows;
use lambent_types::{FunctionKey, FunctionRecord, VersionKey};
use rusqlite::{Connection, params};

/// Replaces what is known of a version's layers.
pub(crate) fn put(connection: &Connection, record: &FunctionRecord) -> Result<(), rusqlite::Error> {
    delete_of_version(connection, &record.key)?;
    let VersionKey { function, version } = &record.key;
    // The code's own digest stands in the version's row.
    for package in record.packages().skip(1) {
        connection
            .prepare_cached("INSERT OR IGNORE INTO function_layers VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                function.scope.account.as_str(),
                function.scope.region.as_str(),
                function.name.as_str(),
                rows::version_number(*version),
                package.as_bytes()
            ])?;
    }
    Ok(())
}

pub(crate) fn delete_of_version(connection: &Connection, key: &VersionKey) -> Result<(), rusqlite::Error> {
    let FunctionKey { scope, name } = &key.function;
    connection
        .prepare_cached(
            "DELETE FROM function_layers WHERE account = ?1 AND region = ?2 AND name = ?3 AND version = ?4",
        )?
        .execute(params![
            scope.account.as_str(),
            scope.region.as_str(),
            name.as_str(),
            rows::version_number(key.version)
        ])?;
    Ok(())
}

pub(crate) fn delete_of_function(connection: &Connection, key: &FunctionKey) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("DELETE FROM function_layers WHERE account = ?1 AND region = ?2 AND name = ?3")?
        .execute([key.scope.account.as_str(), key.scope.region.as_str(), key.name.as_str()])?;
    Ok(())
}
