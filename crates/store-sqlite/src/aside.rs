//! A file beside the database, for what may be lost in part and must never stand in the way of what is promised.

use crate::{OpenError, unavailable};
use lambent_store::{BoxFuture, Unavailable};
use rusqlite::Connection;
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Tables in one file, which shrinks when told to. A commit does not wait for the disk.
#[derive(Clone)]
pub(crate) struct Aside(Arc<Mutex<Connection>>);

impl Aside {
    /// Opens the file, or makes it with `tables`.
    pub(crate) fn open(path: &Path, tables: &str) -> Result<Self, OpenError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch(
            "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
        )?;
        connection.execute_batch(tables)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs a query where it may take its time.
    pub(crate) fn with<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, Unavailable>> {
        let connection = Arc::clone(&self.0);
        Box::pin(async move {
            let work = move || {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                query(&mut connection).map_err(unavailable)
            };
            tokio::task::spawn_blocking(work).await.map_err(unavailable)?
        })
    }
}

/// The bytes of pages that hold something.
pub(crate) fn used(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u64>(0));
    Ok((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?)
}
