//! Documents.

use lambent_store::{Document, DocumentKey, DocumentPage, DocumentQuery, Kind};
use lambent_types::{FunctionKey, RevisionId, Scope, Sha256Digest};
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};

pub(crate) fn read(connection: &Connection, key: &DocumentKey) -> Result<Option<Document>, rusqlite::Error> {
    let Scope { account, region } = &key.scope;
    connection
        .prepare_cached(
            "SELECT parent, id, revision, code_digest, body FROM documents
             WHERE kind = ?1 AND account = ?2 AND region = ?3 AND parent = ?4 AND id = ?5",
        )?
        .query_row(
            params![key.kind.as_str(), account.as_str(), region.as_str(), key.parent, key.id],
            |row| document(key.kind, &key.scope, row),
        )
        .optional()
}

pub(crate) fn list(connection: &Connection, query: &DocumentQuery) -> Result<DocumentPage, rusqlite::Error> {
    let DocumentQuery {
        kind,
        scope,
        parent,
        after,
        limit,
    } = query;
    let (after_parent, after_id) = after.as_ref().map(|(parent, id)| (parent, id)).unzip();
    let mut documents: Vec<_> = connection
        .prepare_cached(
            "SELECT parent, id, revision, code_digest, body FROM documents
             WHERE kind = ?1 AND account = ?2 AND region = ?3
               AND (?4 IS NULL OR parent = ?4) AND (?5 IS NULL OR (parent, id) > (?5, ?6))
             ORDER BY parent, id LIMIT ?7",
        )?
        .query_map(
            params![
                kind.as_str(),
                scope.account.as_str(),
                scope.region.as_str(),
                parent,
                after_parent,
                after_id,
                limit + 1
            ],
            |row| document(*kind, scope, row),
        )?
        .collect::<Result<_, _>>()?;
    let more = documents.len() > *limit;
    documents.truncate(*limit);
    Ok(DocumentPage { documents, more })
}

pub(crate) fn scopes(connection: &Connection, kind: Kind) -> Result<Vec<Scope>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT DISTINCT account, region FROM documents WHERE kind = ?1 ORDER BY account, region")?
        .query_map([kind.as_str()], |row| {
            let (account, region): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(Scope {
                account: account.parse().map_err(|error| unreadable(0, error))?,
                region: region.parse().map_err(|error| unreadable(1, error))?,
            })
        })?
        .collect()
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

pub(crate) fn count(
    connection: &Connection,
    kind: Kind,
    scope: &Scope,
    parent: Option<&str>,
) -> Result<u64, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM documents
             WHERE kind = ?1 AND account = ?2 AND region = ?3 AND (?4 IS NULL OR parent = ?4)",
        )?
        .query_row(
            params![kind.as_str(), scope.account.as_str(), scope.region.as_str(), parent],
            |row| row.get(0),
        )
}

/// Whether it exists; with this revision, if one is given.
pub(crate) fn exists(
    connection: &Connection,
    key: &DocumentKey,
    revision: Option<RevisionId>,
) -> Result<bool, rusqlite::Error> {
    let found = read(connection, key)?;
    Ok(found.is_some_and(|document| revision.is_none_or(|revision| document.revision == revision)))
}

pub(crate) fn put(connection: &Connection, document: &Document) -> Result<(), rusqlite::Error> {
    let DocumentKey {
        kind,
        scope,
        parent,
        id,
    } = &document.key;
    connection
        .prepare_cached(
            "INSERT INTO documents (kind, account, region, parent, id, with_function, revision, code_digest, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO UPDATE SET revision = excluded.revision, code_digest = excluded.code_digest,
                 body = excluded.body",
        )?
        .execute(params![
            kind.as_str(),
            scope.account.as_str(),
            scope.region.as_str(),
            parent,
            id,
            kind.belongs_to_function(),
            document.revision.to_string(),
            document.code.as_ref().map(Sha256Digest::as_bytes),
            document.body,
        ])?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, key: &DocumentKey) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "DELETE FROM documents WHERE kind = ?1 AND account = ?2 AND region = ?3 AND parent = ?4 AND id = ?5",
        )?
        .execute(params![
            key.kind.as_str(),
            key.scope.account.as_str(),
            key.scope.region.as_str(),
            key.parent,
            key.id
        ])?;
    Ok(())
}

/// Removes what goes with a function.
pub(crate) fn delete_of(connection: &Connection, function: &FunctionKey) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "DELETE FROM documents WHERE with_function = 1 AND account = ?1 AND region = ?2 AND parent = ?3",
        )?
        .execute([
            function.scope.account.as_str(),
            function.scope.region.as_str(),
            function.name.as_str(),
        ])?;
    Ok(())
}

fn document(kind: Kind, scope: &Scope, row: &Row<'_>) -> Result<Document, rusqlite::Error> {
    let revision: String = row.get(2)?;
    let code: Option<[u8; 32]> = row.get(3)?;
    Ok(Document {
        key: DocumentKey {
            kind,
            scope: scope.clone(),
            parent: row.get(0)?,
            id: row.get(1)?,
        },
        revision: revision.parse().map_err(|error| unreadable(2, error))?,
        code: code.map(Sha256Digest::from_bytes),
        body: row.get(4)?,
    })
}
