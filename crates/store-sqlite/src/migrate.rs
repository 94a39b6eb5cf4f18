//! Brings the tables up to date: every file of `migrations/` that the store has not seen, in order of name, in one transaction.

use crate::OpenError;
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeSet;

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

pub(crate) fn run(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch("CREATE TABLE IF NOT EXISTS migrations (name TEXT NOT NULL PRIMARY KEY)")?;
    let done: BTreeSet<String> = transaction
        .prepare("SELECT name FROM migrations")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if let Some(unknown) = done
        .iter()
        .find(|name| !MIGRATIONS.iter().any(|(known, _)| known == name))
    {
        return Err(OpenError::Newer(unknown.clone()));
    }
    for (name, sql) in MIGRATIONS.iter().filter(|(name, _)| !done.contains(*name)) {
        transaction.execute_batch(sql)?;
        transaction.execute("INSERT INTO migrations VALUES (?1)", [name])?;
    }
    transaction.commit()?;
    Ok(())
}
