//! Metrics in a file of their own, so that they never stand in the way of what is promised.

use crate::{
    OpenError,
    aside::{Aside, used},
};
use lambent_store::{BoxFuture, Kept, MetricTable, MinutePart, Series, Unavailable};
use lambent_types::Scope;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use std::path::Path;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL,           -- JSON: pairs, sorted by name
    last_minute INTEGER NOT NULL,
    UNIQUE (account, region, namespace, name, dimensions)
);
CREATE TABLE IF NOT EXISTS minutes (
    series INTEGER NOT NULL,
    minute INTEGER NOT NULL,            -- since the epoch
    part INTEGER NOT NULL,
    summary BLOB NOT NULL,
    PRIMARY KEY (series, minute, part)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS minutes_by_age ON minutes (minute);
";

/// How many minutes of the oldest go at a time when there is too much.
const SLICE: i64 = 60;

/// Metrics in one file. A commit does not wait for the disk.
#[derive(Clone)]
pub struct SqliteMetrics(Aside);

impl SqliteMetrics {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When the engine refuses it.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self(Aside::open(path, TABLES)?))
    }
}

impl MetricTable for SqliteMetrics {
    fn put(&self, parts: Vec<MinutePart>) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.0.with(move |connection| {
            let transaction = connection.transaction()?;
            for part in &parts {
                write(&transaction, part)?;
            }
            transaction.commit()
        })
    }

    fn summaries<'a>(
        &'a self,
        series: &'a Series,
        from: i64,
        until: i64,
    ) -> BoxFuture<'a, Result<Vec<Kept>, Unavailable>> {
        let series = series.clone();
        self.0.with(move |connection| {
            let Some(id) = id_of(connection, &series)? else {
                return Ok(Vec::new());
            };
            connection
                .prepare_cached(
                    "SELECT minute, part, summary FROM minutes
                     WHERE series = ?1 AND minute >= ?2 AND minute < ?3 ORDER BY minute, part",
                )?
                .query_map(params![id, from, until], |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?))
                })?
                .collect()
        })
    }

    fn series<'a>(&'a self, scope: &'a Scope, since: i64) -> BoxFuture<'a, Result<Vec<Series>, Unavailable>> {
        let scope = scope.clone();
        self.0.with(move |connection| {
            connection
                .prepare_cached(
                    "SELECT namespace, name, dimensions FROM series
                     WHERE account = ?1 AND region = ?2 AND last_minute >= ?3 ORDER BY namespace, name, dimensions",
                )?
                .query_map(params![scope.account.as_str(), scope.region.as_str(), since], |row| {
                    Ok(Series {
                        scope: scope.clone(),
                        namespace: row.get(0)?,
                        name: row.get(1)?,
                        dimensions: serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default(),
                    })
                })?
                .collect()
        })
    }

    fn forget(&self, before: i64, bytes: u64) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.0.with(move |connection| {
            connection.execute("DELETE FROM minutes WHERE minute < ?1", [before])?;
            while used(connection)? > bytes {
                let oldest: Option<i64> =
                    connection.query_row("SELECT MIN(minute) FROM minutes", [], |row| row.get(0))?;
                let Some(oldest) = oldest else { break };
                connection.execute("DELETE FROM minutes WHERE minute < ?1", [oldest + SLICE])?;
            }
            connection.execute("DELETE FROM series WHERE last_minute < ?1", [before])?;
            connection.execute_batch("PRAGMA incremental_vacuum;")
        })
    }
}

fn write(transaction: &Transaction<'_>, part: &MinutePart) -> Result<(), rusqlite::Error> {
    let id: i64 = transaction
        .prepare_cached(
            "INSERT INTO series (account, region, namespace, name, dimensions, last_minute) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET last_minute = MAX(last_minute, excluded.last_minute) RETURNING id",
        )?
        .query_row(
            params![
                part.series.scope.account.as_str(),
                part.series.scope.region.as_str(),
                part.series.namespace,
                part.series.name,
                dimensions(&part.series),
                part.minute
            ],
            |row| row.get(0),
        )?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO minutes VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, part.minute, part.part.cast_signed(), part.summary])?;
    Ok(())
}

fn id_of(connection: &Connection, series: &Series) -> Result<Option<i64>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT id FROM series
             WHERE account = ?1 AND region = ?2 AND namespace = ?3 AND name = ?4 AND dimensions = ?5",
        )?
        .query_row(
            params![
                series.scope.account.as_str(),
                series.scope.region.as_str(),
                series.namespace,
                series.name,
                dimensions(series)
            ],
            |row| row.get(0),
        )
        .optional()
}

/// Pairs of text always have a JSON form.
fn dimensions(series: &Series) -> String {
    serde_json::to_string(&series.dimensions).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;
    use std::sync::Arc;

    fn series(name: &str) -> Arc<Series> {
        Arc::new(Series {
            scope: scope("111111111111"),
            namespace: "N".to_owned(),
            name: name.to_owned(),
            dimensions: vec![("A".to_owned(), "\"1".to_owned())],
        })
    }

    fn part(name: &str, minute: i64, part: u64, size: usize) -> MinutePart {
        MinutePart {
            series: series(name),
            minute,
            part,
            summary: vec![u8::try_from(part).unwrap(); size],
        }
    }

    #[tokio::test]
    async fn minutes_are_kept_replaced_and_read_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("metrics.db");
        let metrics = SqliteMetrics::open(&path).unwrap();
        metrics
            .put(vec![part("m", 8, 1, 1), part("m", 7, 2, 1), part("other", 7, 1, 1)])
            .await
            .unwrap();
        metrics.put(vec![part("m", 8, 1, 2), part("m", 8, 3, 1)]).await.unwrap();
        drop(metrics);
        let metrics = SqliteMetrics::open(&path).unwrap();
        let read = metrics.summaries(&series("m"), 7, 9).await.unwrap();
        assert_eq!(read, [(7, 2, vec![2]), (8, 1, vec![1, 1]), (8, 3, vec![3])]);
        assert_eq!(metrics.summaries(&series("m"), 9, 20).await.unwrap(), []);
        let known = metrics.series(&scope("111111111111"), 8).await.unwrap();
        assert_eq!(known, [(*series("m")).clone()]);
        assert_eq!(metrics.series(&scope("222222222222"), 0).await.unwrap(), []);
    }

    #[tokio::test]
    async fn the_oldest_go_when_there_is_too_much() {
        let directory = tempfile::tempdir().unwrap();
        let metrics = SqliteMetrics::open(&directory.path().join("metrics.db")).unwrap();
        metrics
            .put((0..600).map(|minute| part("m", minute, 1, 300)).collect())
            .await
            .unwrap();
        metrics.forget(10, 150_000).await.unwrap();
        let left = metrics.summaries(&series("m"), 0, 1_000).await.unwrap();
        assert!((100..300).contains(&left.len()), "{}", left.len());
        assert_eq!(left.last().map(|(minute, ..)| *minute), Some(599));
        metrics.forget(1_000, u64::MAX).await.unwrap();
        assert_eq!(metrics.series(&scope("111111111111"), 0).await.unwrap(), []);
    }
}
