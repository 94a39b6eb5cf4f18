//! Deliveries. Of a lane only the first is ever due by its column, so that finding what is due never reads what waits.

use lambent_store::NodeId;
use lambent_types::{Delivery, DeliveryId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};

/// When what waits for another of its lane is due.
const WAITS: i64 = i64::MAX;

pub(crate) fn exists(connection: &Connection, id: DeliveryId) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM deliveries WHERE id = ?1)")?
        .query_row([id.to_string()], |row| row.get(0))
}

pub(crate) fn put(connection: &Connection, delivery: &Delivery) -> Result<(), rusqlite::Error> {
    let document =
        serde_json::to_string(delivery).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let id = delivery.id.to_string();
    connection
        .prepare_cached(
            "INSERT INTO deliveries (id, due_at, leased_by, lane, document, payload)
             VALUES (?1, CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE lane = ?3 AND id != ?1) THEN ?6 ELSE ?2 END,
                 NULL, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET due_at = ?2, leased_by = NULL, document = excluded.document,
                 payload = CASE WHEN length(excluded.payload) = 0 THEN payload ELSE excluded.payload END",
        )?
        .execute(params![
            id,
            delivery.due_at.as_micros(),
            delivery.lane,
            document,
            delivery.payload,
            WAITS
        ])?;
    Ok(())
}

/// The next of its lane comes forward.
pub(crate) fn delete(connection: &Connection, id: DeliveryId) -> Result<(), rusqlite::Error> {
    let lane: Option<Option<String>> = connection
        .prepare_cached("DELETE FROM deliveries WHERE id = ?1 RETURNING lane")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    if let Some(Some(lane)) = lane {
        connection
            .prepare_cached(
                "UPDATE deliveries SET due_at = 0
                 WHERE place = (SELECT min(place) FROM deliveries WHERE lane = ?1) AND due_at = ?2",
            )?
            .execute(params![lane, WAITS])?;
    }
    Ok(())
}

pub(crate) fn lease(
    connection: &Connection,
    node: &NodeId,
    now: Timestamp,
    lease_end: Timestamp,
    limit: usize,
) -> Result<Vec<Delivery>, rusqlite::Error> {
    let due: Vec<Delivery> = connection
        .prepare_cached("SELECT document, payload FROM deliveries WHERE due_at <= ?1 ORDER BY due_at, place LIMIT ?2")?
        .query_map(params![now.as_micros(), limit], read)?
        .collect::<Result<_, _>>()?;
    let mut update = connection.prepare_cached("UPDATE deliveries SET due_at = ?2, leased_by = ?3 WHERE id = ?1")?;
    due.into_iter()
        .map(|delivery| {
            update.execute(params![delivery.id.to_string(), lease_end.as_micros(), node.0])?;
            Ok(Delivery {
                due_at: lease_end,
                ..delivery
            })
        })
        .collect()
}

pub(crate) fn release(connection: &Connection, node: &NodeId, now: Timestamp) -> Result<u64, rusqlite::Error> {
    let released = connection
        .prepare_cached("UPDATE deliveries SET due_at = ?2, leased_by = NULL WHERE leased_by = ?1")?
        .execute(params![node.0, now.as_micros()])?;
    Ok(released as u64)
}

pub(crate) fn next_due(connection: &Connection) -> Result<Option<Timestamp>, rusqlite::Error> {
    let micros: Option<i64> = connection
        .prepare_cached("SELECT min(due_at) FROM deliveries")?
        .query_row([], |row| row.get(0))?;
    Ok(micros.map(Timestamp::from_micros))
}

pub(crate) fn count(connection: &Connection) -> Result<u64, rusqlite::Error> {
    connection
        .prepare_cached("SELECT count(*) FROM deliveries")?
        .query_row([], |row| row.get(0))
}

/// Reads the delivery in columns 0 (document) and 1 (payload).
fn read(row: &Row<'_>) -> Result<Delivery, rusqlite::Error> {
    let document = row.get_ref(0)?.as_str()?;
    let delivery: Delivery = serde_json::from_str(document)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))?;
    Ok(Delivery {
        payload: row.get(1)?,
        ..delivery
    })
}
