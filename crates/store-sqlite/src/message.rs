//! Messages. Everything here is a query by an index; nothing depends on how many messages wait. Where the planner could take another
//! index and walk through a whole queue, the query names the one it is for.

use lambent_store::{MessageCounts, ReceiveMessages, Retention};
use lambent_types::{Deduplication, Message, QueueId, Sequence, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

pub(crate) fn is_open(connection: &Connection, queue: QueueId) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM message_queues WHERE id = ?1 AND open = 1)")?
        .query_row([queue.number()], |row| row.get(0))
}

pub(crate) fn was_received(
    connection: &Connection,
    queue: QueueId,
    sequence: Sequence,
    receives: u32,
) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM messages WHERE queue = ?1 AND sequence = ?2 AND receives = ?3)")?
        .query_row(params![queue.number(), sequence.number(), receives], |row| row.get(0))
}

pub(crate) fn open(connection: &Connection, queue: QueueId) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO message_queues VALUES (?1, 1, 0)")?
        .execute([queue.number()])?;
    Ok(())
}

/// Its messages stay until they are swept: removing a million at once would make everybody wait.
pub(crate) fn drop_queue(connection: &Connection, queue: QueueId) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("UPDATE message_queues SET open = 0 WHERE id = ?1")?
        .execute([queue.number()])?;
    Ok(())
}

pub(crate) fn put(connection: &Connection, message: &Message) -> Result<(), rusqlite::Error> {
    let (queue, sequence) = (message.queue.number(), message.sequence.number());
    connection
        .prepare_cached("INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            queue,
            sequence,
            message.visible_at.as_micros(),
            message.receives,
            message.first_received_at.map(Timestamp::as_micros),
            message.group,
            message.dead_letter_source,
        ])?;
    connection
        .prepare_cached("INSERT INTO message_contents VALUES (?1, ?2, ?3)")?
        .execute(params![sequence, message.header, message.body])?;
    if let Some(group) = &message.group {
        connection
            .prepare_cached("INSERT OR IGNORE INTO message_groups VALUES (?1, ?2, ?3)")?
            .execute(params![queue, group, message.visible_at.as_micros()])?;
    }
    count(connection, message.queue, 1)
}

fn count(connection: &Connection, queue: QueueId, more: i64) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("UPDATE message_queues SET messages = messages + ?2 WHERE id = ?1")?
        .execute(params![queue.number(), more])?;
    Ok(())
}

/// Removes a message if it is there.
pub(crate) fn delete(
    connection: &Connection,
    queue: QueueId,
    sequence: Sequence,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let group: Option<Option<String>> = connection
        .prepare_cached("DELETE FROM messages WHERE queue = ?1 AND sequence = ?2 RETURNING message_group")?
        .query_row([queue.number(), sequence.number()], |row| row.get(0))
        .optional()?;
    let Some(group) = group else { return Ok(()) };
    connection
        .prepare_cached("DELETE FROM message_contents WHERE sequence = ?1")?
        .execute([sequence.number()])?;
    if let Some(group) = group {
        refresh_group(connection, queue, &group, now)?;
    }
    count(connection, queue, -1)
}

pub(crate) fn set_visibility(
    connection: &Connection,
    queue: QueueId,
    sequence: Sequence,
    visible_at: Timestamp,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let group: Option<Option<String>> = connection
        .prepare_cached(
            "UPDATE messages SET visible_at = ?3 WHERE queue = ?1 AND sequence = ?2 RETURNING message_group",
        )?
        .query_row([queue.number(), sequence.number(), visible_at.as_micros()], |row| {
            row.get(0)
        })
        .optional()?;
    match group.flatten() {
        Some(group) => refresh_group(connection, queue, &group, now),
        None => Ok(()),
    }
}

/// Finds out from when on a group can be received: when its first message is visible and no other is in flight. Those in flight are
/// among its first ones, since a receive takes a few from the front and nothing is taken before all of them are back. It is never
/// before now, so that it queues up behind other groups.
fn refresh_group(connection: &Connection, queue: QueueId, group: &str, now: Timestamp) -> Result<(), rusqlite::Error> {
    let front: Vec<(i64, u32)> = connection
        .prepare_cached(
            "SELECT visible_at, receives FROM messages INDEXED BY messages_by_group
             WHERE queue = ?1 AND message_group = ?2 ORDER BY sequence LIMIT ?3",
        )?
        .query_map(params![queue.number(), group, ReceiveMessages::MOST], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let blocking = front
        .iter()
        .enumerate()
        .filter(|(place, (_, receives))| *place == 0 || *receives > 0)
        .map(|(_, (visible_at, _))| *visible_at)
        .max();
    match blocking {
        Some(ready_at) => connection
            .prepare_cached("UPDATE message_groups SET ready_at = ?3 WHERE queue = ?1 AND message_group = ?2")?
            .execute(params![queue.number(), group, ready_at.max(now.as_micros())])?,
        None => connection
            .prepare_cached("DELETE FROM message_groups WHERE queue = ?1 AND message_group = ?2")?
            .execute(params![queue.number(), group])?,
    };
    Ok(())
}

const COLUMNS: &str =
    "queue, m.sequence, visible_at, receives, first_received_at, message_group, dead_letter_source, header, body";
const CONTENTS: &str = "JOIN message_contents c ON c.sequence = m.sequence";

fn message(row: &Row<'_>) -> Result<Message, rusqlite::Error> {
    let first_received_at: Option<i64> = row.get(4)?;
    Ok(Message {
        queue: QueueId::at(Sequence::from_stored(row.get(0)?)),
        sequence: Sequence::from_stored(row.get(1)?),
        visible_at: Timestamp::from_micros(row.get(2)?),
        receives: row.get(3)?,
        first_received_at: first_received_at.map(Timestamp::from_micros),
        group: row.get(5)?,
        dead_letter_source: row.get(6)?,
        header: row.get(7)?,
        body: row.get(8)?,
    })
}

pub(crate) fn receive(connection: &Connection, request: &ReceiveMessages) -> Result<Vec<Message>, rusqlite::Error> {
    if !is_open(connection, request.queue)? {
        return Ok(Vec::new());
    }
    let limit = request.limit.min(ReceiveMessages::MOST);
    let found = if request.ordered {
        ordered(connection, request, limit)?
    } else {
        connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM messages m INDEXED BY messages_by_visibility {CONTENTS}
                 WHERE queue = ?1 AND visible_at <= ?2 AND m.sequence >= ?3
                 ORDER BY visible_at, receives, m.sequence LIMIT ?4"
            ))?
            .query_map(
                params![
                    request.queue.number(),
                    request.now.as_micros(),
                    request.oldest.number(),
                    limit
                ],
                message,
            )?
            .collect::<Result<_, _>>()?
    };
    let received = found.into_iter().map(|message| mark(connection, request, message));
    let received = received.collect::<Result<Vec<_>, _>>()?;
    let mut groups: Vec<&str> = received.iter().filter_map(|message| message.group.as_deref()).collect();
    groups.dedup();
    for group in groups {
        refresh_group(connection, request.queue, group, request.now)?;
    }
    Ok(received)
}

/// The messages at the front of groups that are ready.
fn ordered(connection: &Connection, request: &ReceiveMessages, limit: usize) -> Result<Vec<Message>, rusqlite::Error> {
    let queue = request.queue.number();
    let groups: Vec<String> = connection
        .prepare_cached(
            "SELECT message_group FROM message_groups WHERE queue = ?1 AND ready_at <= ?2 ORDER BY ready_at LIMIT ?3",
        )?
        .query_map(params![queue, request.now.as_micros(), limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut front = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM messages m INDEXED BY messages_by_group {CONTENTS}
         WHERE queue = ?1 AND message_group = ?2 AND m.sequence >= ?3 ORDER BY m.sequence LIMIT ?4"
    ))?;
    let mut found = Vec::new();
    for group in groups {
        let left = limit - found.len();
        let messages = front.query_map(params![queue, group, request.oldest.number(), left], message)?;
        for message in messages {
            let message = message?;
            if message.visible_at > request.now {
                break;
            }
            found.push(message);
        }
    }
    Ok(found)
}

fn mark(connection: &Connection, request: &ReceiveMessages, message: Message) -> Result<Message, rusqlite::Error> {
    let received = Message {
        visible_at: request.visible_at,
        receives: message.receives.saturating_add(1),
        first_received_at: message.first_received_at.or(Some(request.now)),
        ..message
    };
    connection
        .prepare_cached(
            "UPDATE messages SET visible_at = ?3, receives = ?4, first_received_at = ?5
             WHERE queue = ?1 AND sequence = ?2",
        )?
        .execute(params![
            received.queue.number(),
            received.sequence.number(),
            received.visible_at.as_micros(),
            received.receives,
            received.first_received_at.map(Timestamp::as_micros),
        ])?;
    Ok(received)
}

pub(crate) fn read(
    connection: &Connection,
    queue: QueueId,
    sequence: Sequence,
) -> Result<Option<Message>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM messages m {CONTENTS} WHERE queue = ?1 AND m.sequence = ?2"
        ))?
        .query_row([queue.number(), sequence.number()], message)
        .optional()
}

pub(crate) fn counts(
    connection: &Connection,
    queue: QueueId,
    now: Timestamp,
) -> Result<MessageCounts, rusqlite::Error> {
    let all: Option<u64> = connection
        .prepare_cached("SELECT messages FROM message_queues WHERE id = ?1 AND open = 1")?
        .query_row([queue.number()], |row| row.get(0))
        .optional()?;
    let (in_flight, delayed): (u64, u64) = connection
        .prepare_cached(
            "SELECT count(*) FILTER (WHERE receives > 0), count(*) FILTER (WHERE receives = 0)
             FROM messages WHERE queue = ?1 AND visible_at > ?2",
        )?
        .query_row([queue.number(), now.as_micros()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(MessageCounts {
        waiting: all.unwrap_or(0).saturating_sub(in_flight + delayed),
        in_flight,
        delayed,
    })
}

pub(crate) fn next_visible(connection: &Connection, queue: QueueId) -> Result<Option<Timestamp>, rusqlite::Error> {
    let ordered: Option<i64> = connection
        .prepare_cached("SELECT min(ready_at) FROM message_groups WHERE queue = ?1")?
        .query_row([queue.number()], |row| row.get(0))?;
    let next = match ordered {
        Some(ready_at) => Some(ready_at),
        None => connection
            .prepare_cached("SELECT min(visible_at) FROM messages WHERE queue = ?1")?
            .query_row([queue.number()], |row| row.get(0))?,
    };
    Ok(next.map(Timestamp::from_micros))
}

pub(crate) fn oldest(connection: &Connection, queue: QueueId) -> Result<Option<Sequence>, rusqlite::Error> {
    let oldest: Option<i64> = connection
        .prepare_cached("SELECT min(sequence) FROM messages WHERE queue = ?1")?
        .query_row([queue.number()], |row| row.get(0))?;
    Ok(oldest.map(Sequence::from_stored))
}

pub(crate) fn put_deduplication(connection: &Connection, used: &Deduplication) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO message_deduplications VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            used.queue.number(),
            used.key,
            used.until.as_micros(),
            used.sequence.number(),
            used.header
        ])?;
    Ok(())
}

pub(crate) fn deduplication(
    connection: &Connection,
    queue: QueueId,
    key: &str,
    now: Timestamp,
) -> Result<Option<Deduplication>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT until, sequence, header FROM message_deduplications WHERE queue = ?1 AND key = ?2 AND until > ?3",
        )?
        .query_row(params![queue.number(), key, now.as_micros()], |row| {
            Ok(Deduplication {
                queue,
                key: key.to_owned(),
                until: Timestamp::from_micros(row.get(0)?),
                sequence: Sequence::from_stored(row.get(1)?),
                header: row.get(2)?,
            })
        })
        .optional()
}

pub(crate) fn newest(connection: &Connection) -> Result<Sequence, rusqlite::Error> {
    let newest: i64 = connection
        .prepare_cached(
            "SELECT max(coalesce((SELECT max(sequence) FROM message_contents), 0),
                        coalesce((SELECT max(id) FROM message_queues), 0))",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(Sequence::from_stored(newest))
}

pub(crate) fn sweep(
    connection: &Connection,
    kept: &[Retention],
    now: Timestamp,
    limit: usize,
) -> Result<usize, rusqlite::Error> {
    let mut removed = connection
        .prepare_cached(
            "DELETE FROM message_deduplications WHERE (queue, key) IN
             (SELECT queue, key FROM message_deduplications WHERE until <= ?1 LIMIT ?2)",
        )?
        .execute(params![now.as_micros(), limit])?;
    for (queue, oldest) in kept {
        removed += delete_before(connection, *queue, *oldest, now, limit.saturating_sub(removed))?;
    }
    let dropped: Vec<i64> = connection
        .prepare_cached("SELECT id FROM message_queues WHERE open = 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for queue in dropped {
        let left = limit.saturating_sub(removed);
        let end = Sequence::from_stored(i64::MAX);
        let gone = delete_before(connection, QueueId::at(Sequence::from_stored(queue)), end, now, left)?;
        removed += gone;
        if gone < left {
            for table in ["message_queues WHERE id", "message_deduplications WHERE queue"] {
                connection
                    .prepare_cached(&format!("DELETE FROM {table} = ?1"))?
                    .execute([queue])?;
            }
        }
    }
    Ok(removed)
}

/// Removes at most so many messages from before a place.
fn delete_before(
    connection: &Connection,
    queue: QueueId,
    place: Sequence,
    now: Timestamp,
    limit: usize,
) -> Result<usize, rusqlite::Error> {
    let gone: Vec<i64> = connection
        .prepare_cached("SELECT sequence FROM messages WHERE queue = ?1 AND sequence < ?2 ORDER BY sequence LIMIT ?3")?
        .query_map(params![queue.number(), place.number(), limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for sequence in &gone {
        delete(connection, queue, Sequence::from_stored(*sequence), now)?;
    }
    Ok(gone.len())
}
