//! Traces in a file of their own, so that they never stand in the way of what is promised.

use crate::{
    OpenError,
    aside::{Aside, used},
};
use lambent_store::{
    BoxFuture, KeptTrace, MOST_TRACE_BYTES, Piece, TraceCursor, TraceQuery, TraceTable, TraceTime, Unavailable,
};
use lambent_types::{Scope, Timestamp, TraceId};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use std::path::Path;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS traces (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    trace TEXT NOT NULL,
    began INTEGER NOT NULL,             -- microseconds since the epoch, as the other times
    ended INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    overfull INTEGER NOT NULL,
    UNIQUE (account, region, trace)
);
CREATE INDEX IF NOT EXISTS traces_by_start ON traces (account, region, began);
CREATE INDEX IF NOT EXISTS traces_by_end ON traces (account, region, ended);
CREATE INDEX IF NOT EXISTS traces_by_update ON traces (account, region, updated);
CREATE INDEX IF NOT EXISTS traces_by_age ON traces (updated);
CREATE TABLE IF NOT EXISTS pieces (
    trace INTEGER NOT NULL,
    id TEXT NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (trace, id)
);
";

/// How many of the oldest go at a time when there is too much.
const SLICE: i64 = 200;

/// Traces in one file. A commit does not wait for the disk.
#[derive(Clone)]
pub struct SqliteTraces(Aside);

impl SqliteTraces {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When the engine refuses it.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self(Aside::open(path, TABLES)?))
    }
}

impl TraceTable for SqliteTraces {
    fn put(&self, pieces: Vec<Piece>) -> BoxFuture<'_, Result<u64, Unavailable>> {
        self.0.with(move |connection| {
            let transaction = connection.transaction()?;
            let mut refused = 0;
            for piece in &pieces {
                refused += u64::from(!write(&transaction, piece)?);
            }
            transaction.commit()?;
            Ok(refused)
        })
    }

    fn list(&self, query: TraceQuery) -> BoxFuture<'_, Result<Vec<KeptTrace>, Unavailable>> {
        self.0.with(move |connection| {
            let column = match query.by {
                TraceTime::Began => "began",
                TraceTime::Ended => "ended",
                TraceTime::Updated => "updated",
            };
            // Rows behind the cursor are older, or as old and of a lower number.
            let TraceCursor(time, id) = query.after.unwrap_or(TraceCursor(i64::MAX, i64::MAX));
            let sql = format!(
                "SELECT id, trace, began, ended, revision, overfull, {column} FROM traces
                 WHERE account = ?1 AND region = ?2 AND {column} BETWEEN ?3 AND ?4 AND ({column}, id) < (?5, ?6)
                 ORDER BY {column} DESC, id DESC LIMIT ?7"
            );
            let rows = connection
                .prepare_cached(&sql)?
                .query_map(
                    params![
                        query.scope.account.as_str(),
                        query.scope.region.as_str(),
                        query.from.as_micros(),
                        query.until.as_micros(),
                        time,
                        id,
                        i64::try_from(query.limit).unwrap_or(i64::MAX)
                    ],
                    kept,
                )?
                .collect::<Result<Vec<_>, _>>()?;
            rows.into_iter()
                .flatten()
                .map(|row| with_documents(connection, row))
                .collect()
        })
    }

    fn get<'a>(
        &'a self,
        scope: &'a Scope,
        traces: &'a [TraceId],
    ) -> BoxFuture<'a, Result<Vec<KeptTrace>, Unavailable>> {
        let (scope, traces) = (scope.clone(), traces.to_vec());
        self.0.with(move |connection| {
            let mut found = Vec::with_capacity(traces.len());
            for trace in &traces {
                let row = connection
                    .prepare_cached(
                        "SELECT id, trace, began, ended, revision, overfull, began FROM traces
                         WHERE account = ?1 AND region = ?2 AND trace = ?3",
                    )?
                    .query_row(
                        params![scope.account.as_str(), scope.region.as_str(), trace.as_str()],
                        kept,
                    )
                    .optional()?;
                if let Some(row) = row.flatten() {
                    found.push(with_documents(connection, row)?);
                }
            }
            Ok(found)
        })
    }

    fn forget(&self, before: Timestamp, bytes: u64) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.0.with(move |connection| {
            let old = "SELECT id FROM traces WHERE updated < ?1";
            delete(connection, old, before.as_micros())?;
            while used(connection)? > bytes {
                let oldest = "SELECT id FROM traces ORDER BY updated LIMIT ?1";
                if delete(connection, oldest, SLICE)? == 0 {
                    break;
                }
            }
            connection.execute_batch("PRAGMA incremental_vacuum;")
        })
    }
}

/// Deletes the traces that a query names, and says how many they were.
fn delete(connection: &mut Connection, which: &str, parameter: i64) -> Result<usize, rusqlite::Error> {
    let transaction = connection.transaction()?;
    transaction.execute(&format!("DELETE FROM pieces WHERE trace IN ({which})"), [parameter])?;
    let gone = transaction.execute(&format!("DELETE FROM traces WHERE id IN ({which})"), [parameter])?;
    transaction.commit()?;
    Ok(gone)
}

/// A row without its documents; `None` of one that cannot be read.
fn kept(row: &Row<'_>) -> Result<Option<KeptTrace>, rusqlite::Error> {
    let Ok(trace) = row.get_ref(1)?.as_str()?.parse() else {
        return Ok(None);
    };
    Ok(Some(KeptTrace {
        trace,
        began: Timestamp::from_micros(row.get(2)?),
        ended: Timestamp::from_micros(row.get(3)?),
        revision: row.get(4)?,
        overfull: row.get(5)?,
        cursor: TraceCursor(row.get(6)?, row.get(0)?),
        documents: Vec::new(),
    }))
}

fn with_documents(connection: &Connection, row: KeptTrace) -> Result<KeptTrace, rusqlite::Error> {
    let TraceCursor(_, id) = row.cursor;
    let documents = connection
        .prepare_cached("SELECT document FROM pieces WHERE trace = ?1 ORDER BY rowid")?
        .query_map([id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(KeptTrace { documents, ..row })
}

/// Whether there was room for the piece in its trace.
fn write(transaction: &Transaction<'_>, piece: &Piece) -> Result<bool, rusqlite::Error> {
    let (trace, held) = trace_of(transaction, piece)?;
    let id = piece.id.to_string();
    let replaced: Option<u64> = transaction
        .prepare_cached("SELECT length(document) FROM pieces WHERE trace = ?1 AND id = ?2")?
        .query_row(params![trace, id], |row| row.get(0))
        .optional()?;
    let bytes = held - replaced.unwrap_or(0) + piece.document.len() as u64;
    if bytes > MOST_TRACE_BYTES {
        transaction
            .prepare_cached("UPDATE traces SET overfull = 1 WHERE id = ?1")?
            .execute([trace])?;
        return Ok(false);
    }
    transaction
        .prepare_cached(
            "INSERT INTO pieces (trace, id, document) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET document = excluded.document",
        )?
        .execute(params![trace, id, piece.document])?;
    transaction
        .prepare_cached(
            "UPDATE traces SET began = MIN(began, ?2), ended = MAX(ended, ?3), updated = MAX(updated, ?4),
                               revision = revision + 1, bytes = ?5 WHERE id = ?1",
        )?
        .execute(params![
            trace,
            piece.began.as_micros(),
            piece.ended.as_micros(),
            piece.told.as_micros(),
            bytes
        ])?;
    Ok(true)
}

/// The row of a piece's trace, made if it is the first, and the bytes that it holds.
fn trace_of(transaction: &Transaction<'_>, piece: &Piece) -> Result<(i64, u64), rusqlite::Error> {
    transaction
        .prepare_cached(
            "INSERT INTO traces (account, region, trace, began, ended, updated, revision, bytes, overfull)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0)
             ON CONFLICT DO UPDATE SET trace = excluded.trace RETURNING id, bytes",
        )?
        .query_row(
            params![
                piece.scope.account.as_str(),
                piece.scope.region.as_str(),
                piece.trace.as_str(),
                piece.began.as_micros(),
                piece.ended.as_micros(),
                piece.told.as_micros()
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;

    fn trace(number: u32) -> TraceId {
        format!("1-58406520-{number:024x}").parse().unwrap()
    }

    fn piece(number: u32, id: u64, at: i64, size: usize) -> Piece {
        Piece {
            scope: scope("111111111111"),
            trace: trace(number),
            id: format!("{id:016x}").parse().unwrap(),
            began: Timestamp::from_micros(at),
            ended: Timestamp::from_micros(at + 10),
            told: Timestamp::from_micros(at + 20),
            document: vec![u8::try_from(id).unwrap(); size],
        }
    }

    fn query(from: i64, until: i64) -> TraceQuery {
        TraceQuery {
            scope: scope("111111111111"),
            by: TraceTime::Began,
            from: Timestamp::from_micros(from),
            until: Timestamp::from_micros(until),
            after: None,
            limit: 2,
        }
    }

    #[tokio::test]
    async fn traces_are_put_together_replaced_and_listed_in_pages() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("traces.db");
        let table = SqliteTraces::open(&path).unwrap();
        let pieces = vec![
            piece(1, 1, 100, 1),
            piece(1, 2, 90, 1),
            piece(2, 1, 100, 1),
            piece(3, 1, 50, 1),
        ];
        assert_eq!(table.put(pieces).await, Ok(0));
        assert_eq!(table.put(vec![piece(1, 1, 100, 3)]).await, Ok(0));
        drop(table);
        let table = SqliteTraces::open(&path).unwrap();
        let first = table.list(query(0, 100)).await.unwrap();
        assert_eq!(
            first.iter().map(|row| &row.trace).collect::<Vec<_>>(),
            [&trace(2), &trace(1)]
        );
        assert_eq!(first[1].documents, [vec![1, 1, 1], vec![2]]);
        assert_eq!((first[1].began.as_micros(), first[1].ended.as_micros()), (90, 110));
        let after = Some(first[1].cursor);
        let rest = table.list(TraceQuery { after, ..query(0, 100) }).await.unwrap();
        assert_eq!(rest.iter().map(|row| &row.trace).collect::<Vec<_>>(), [&trace(3)]);
        assert!(table.list(query(101, 200)).await.unwrap().is_empty());
        let got = table.get(&scope("111111111111"), &[trace(9), trace(3)]).await.unwrap();
        assert_eq!(got.len(), 1);
        assert!(table.get(&scope("222222222222"), &[trace(3)]).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_trace_keeps_so_much_and_the_oldest_go_first() {
        let directory = tempfile::tempdir().unwrap();
        let table = SqliteTraces::open(&directory.path().join("traces.db")).unwrap();
        let large = usize::try_from(MOST_TRACE_BYTES).unwrap();
        assert_eq!(table.put(vec![piece(1, 1, 1, large), piece(1, 2, 1, 1)]).await, Ok(1));
        assert_eq!(table.put(vec![piece(1, 1, 1, 5)]).await, Ok(0));
        let got = table.get(&scope("111111111111"), &[trace(1)]).await.unwrap();
        assert!(got[0].overfull && got[0].documents.len() == 1);
        let many = (0..1_000)
            .map(|number| piece(100 + number, 1, i64::from(number) * 1_000, 1_000))
            .collect();
        assert_eq!(table.put(many).await, Ok(0));
        table.forget(Timestamp::from_micros(0), 500_000).await.unwrap();
        let everything = TraceQuery {
            limit: 9_999,
            ..query(0, i64::MAX)
        };
        let left = table.list(everything.clone()).await.unwrap();
        assert!((100..500).contains(&left.len()), "{}", left.len());
        assert_eq!(left[0].trace, trace(1_099));
        table.forget(Timestamp::from_micros(i64::MAX), u64::MAX).await.unwrap();
        assert!(table.list(everything).await.unwrap().is_empty());
    }
}
