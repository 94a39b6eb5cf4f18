//! What every backend must do, as tests. A backend calls [`run`] with a way to make an empty store.

use crate::{Change, CommitError, Condition, Document, DocumentKey, DocumentQuery, Kind, NodeId, Store, Transaction};
use lambent_types::{
    AccountId, Architecture, AsyncEvent, Code, CodeReference, EphemeralStorage, FunctionConfig, FunctionKey,
    FunctionRecord, Ids, Image, LastUpdateStatus, LayerReference, MemorySize, RequestId, RevisionId, RuntimeId, Scope,
    SeededIds, Sha256Digest, State, Timeout, Timestamp, Version, VersionKey, function::LoggingConfig,
};
use std::{future::Future, sync::Arc, time::Duration};

/// Runs the whole suite.
#[expect(
    clippy::cognitive_complexity,
    reason = "a plain list; every await counts as a branch"
)]
pub async fn run<S: Store, F: Future<Output = S>>(empty: impl Fn() -> F) {
    functions_are_found_by_key(&empty().await).await;
    listing_pages_in_order_of_name(&empty().await).await;
    a_failed_condition_changes_nothing(&empty().await).await;
    stale_revisions_are_refused(&empty().await).await;
    deleting_takes_all_versions(&empty().await).await;
    unsettled_functions_are_listed(&empty().await).await;
    code_is_in_use_while_a_version_refers_to_it(&empty().await).await;
    layers_are_in_use_while_a_version_refers_to_them(&empty().await).await;
    versions_are_listed_in_order(&empty().await).await;
    documents_are_listed_in_order_and_counted(&empty().await).await;
    documents_are_changed_on_conditions(&empty().await).await;
    documents_go_with_their_function(&empty().await).await;
    events_are_leased_once(&empty().await).await;
    a_lease_ends_by_time_or_release(&empty().await).await;
    a_rescheduled_event_keeps_its_payload(&empty().await).await;
    crate::contract_deliveries::run(&empty).await;
    crate::contract_messages::run(&empty).await;
}

/// A scope for tests.
#[must_use]
pub fn scope(account: &str) -> Scope {
    Scope {
        account: account.parse().unwrap_or(AccountId::DEFAULT),
        region: lambent_types::Region::default(),
    }
}

/// A function record for tests; `seed` decides its revision and code.
#[must_use]
pub fn record(account: &str, name: &str, version: Version, seed: u8) -> FunctionRecord {
    let ids = SeededIds::default();
    for _ in 0..seed {
        ids.uuid();
    }
    FunctionRecord {
        key: key(account, name).version(version),
        config: config(),
        code: Code::Zip(CodeReference {
            digest: Sha256Digest::of(&[seed]),
            size: 100,
        }),
        state: State::Active,
        last_update: LastUpdateStatus::Successful,
        revision: RevisionId::new(&ids),
        generation: 1,
        last_modified: Timestamp::from_micros(1_000),
        newest_version: 0,
        tags: std::collections::BTreeMap::new(),
    }
}

fn config() -> FunctionConfig {
    FunctionConfig {
        description: String::new(),
        role: "arn:aws:iam::000000000000:role/r".to_owned(),
        handler: "index.handler".to_owned(),
        runtime: RuntimeId::new("python3.12"),
        architecture: Architecture::X86_64,
        memory: MemorySize::DEFAULT,
        timeout: Timeout::DEFAULT,
        ephemeral_storage: EphemeralStorage::DEFAULT,
        environment: Some([("NAME".to_owned(), "value".to_owned())].into_iter().collect()),
        tracing_mode: Default::default(),
        dead_letter_target: None,
        kms_key_arn: None,
        vpc: None,
        logging: LoggingConfig::default(),
        snap_start: Default::default(),
        layers: Vec::new(),
        image: None,
    }
}

fn key(account: &str, name: &str) -> FunctionKey {
    FunctionKey {
        scope: scope(account),
        name: name.parse().expect("a valid name"),
    }
}

fn event(seed: u8, due_at: i64) -> AsyncEvent {
    let ids = SeededIds::default();
    for _ in 0..seed {
        ids.uuid();
    }
    AsyncEvent {
        id: RequestId::new(&ids),
        function: key("111111111111", "f"),
        qualifier: Some("live".to_owned()),
        payload: vec![seed, 0, 255],
        client_context: None,
        trace_id: None,
        accepted_at: Timestamp::from_micros(5),
        failures: 0,
        deferrals: 0,
        due_at: Timestamp::from_micros(due_at),
    }
}

fn put(record: &FunctionRecord) -> Change {
    Change::PutFunction(Arc::new(record.clone()))
}

async fn commit(store: &impl Store, transaction: Transaction) {
    store.commit(transaction).await.expect("the commit is accepted");
}

async fn find(store: &impl Store, key: &VersionKey) -> Option<FunctionRecord> {
    store
        .function(key)
        .await
        .expect("the store answers")
        .map(|record| (*record).clone())
}

async fn functions_are_found_by_key(store: &impl Store) {
    let latest = record("111111111111", "f", Version::Latest, 1);
    let published = record("111111111111", "f", Version::Published(1), 2);
    commit(store, Transaction::of(put(&latest)).and(put(&published))).await;
    assert_eq!(find(store, &latest.key).await, Some(latest.clone()));
    assert_eq!(find(store, &published.key).await, Some(published));
    assert_eq!(
        find(store, &key("222222222222", "f").version(Version::Latest)).await,
        None
    );
    let replaced = FunctionRecord {
        generation: 2,
        ..latest
    };
    commit(store, Transaction::of(put(&replaced))).await;
    assert_eq!(find(store, &replaced.key).await, Some(replaced));
}

async fn listing_pages_in_order_of_name(store: &impl Store) {
    for (index, name) in ["b", "a", "c", "B"].into_iter().enumerate() {
        let seed = u8::try_from(index).unwrap_or(0);
        commit(
            store,
            Transaction::of(put(&record("111111111111", name, Version::Latest, seed))),
        )
        .await;
        commit(
            store,
            Transaction::of(put(&record("111111111111", name, Version::Published(1), seed))),
        )
        .await;
    }
    commit(
        store,
        Transaction::of(put(&record("222222222222", "other", Version::Latest, 9))),
    )
    .await;
    let page = |after: Option<&'static str>, limit| async move {
        let after = after.map(|name| name.parse().expect("a valid name"));
        let page = store
            .functions(&scope("111111111111"), after.as_ref(), limit)
            .await
            .expect("the store answers");
        (
            page.functions
                .iter()
                .map(|f| f.key.function.name.to_string())
                .collect::<Vec<_>>(),
            page.more,
        )
    };
    assert_eq!(
        page(None, 10).await,
        (
            vec!["B".to_owned(), "a".to_owned(), "b".to_owned(), "c".to_owned()],
            false
        )
    );
    assert_eq!(page(None, 2).await, (vec!["B".to_owned(), "a".to_owned()], true));
    assert_eq!(page(Some("a"), 2).await, (vec!["b".to_owned(), "c".to_owned()], false));
}

async fn a_failed_condition_changes_nothing(store: &impl Store) {
    let first = record("111111111111", "f", Version::Latest, 1);
    let absent = Condition::FunctionAbsent(first.key.function.clone());
    commit(store, Transaction::of(put(&first)).when(absent.clone())).await;
    let second = record("111111111111", "g", Version::Latest, 2);
    let refused = store
        .commit(Transaction::of(put(&second)).and(put(&first)).when(absent.clone()))
        .await;
    assert_eq!(refused, Err(CommitError::Condition(absent)));
    assert_eq!(find(store, &second.key).await, None);
}

async fn stale_revisions_are_refused(store: &impl Store) {
    let first = record("111111111111", "f", Version::Latest, 1);
    commit(store, Transaction::of(put(&first))).await;
    let second = record("111111111111", "f", Version::Latest, 2);
    let fresh = Condition::Revision(first.key.clone(), first.revision);
    commit(store, Transaction::of(put(&second)).when(fresh.clone())).await;
    assert_eq!(
        store.commit(Transaction::of(put(&first)).when(fresh.clone())).await,
        Err(CommitError::Condition(fresh)),
        "the revision has moved on"
    );
    assert_eq!(find(store, &second.key).await, Some(second));
}

async fn deleting_takes_all_versions(store: &impl Store) {
    let latest = record("111111111111", "f", Version::Latest, 1);
    let published = record("111111111111", "f", Version::Published(1), 1);
    let other = record("111111111111", "ff", Version::Latest, 1);
    commit(
        store,
        Transaction::of(put(&latest)).and(put(&published)).and(put(&other)),
    )
    .await;
    commit(
        store,
        Transaction::of(Change::DeleteFunction(latest.key.function.clone())),
    )
    .await;
    assert_eq!(find(store, &latest.key).await, None);
    assert_eq!(find(store, &published.key).await, None);
    assert_eq!(find(store, &other.key).await, Some(other));
}

async fn unsettled_functions_are_listed(store: &impl Store) {
    let pending = FunctionRecord {
        state: State::Pending,
        ..record("111111111111", "a", Version::Latest, 1)
    };
    let updating = FunctionRecord {
        last_update: LastUpdateStatus::InProgress,
        ..record("222222222222", "b", Version::Latest, 2)
    };
    let settled = record("111111111111", "c", Version::Latest, 3);
    commit(
        store,
        Transaction::of(put(&pending)).and(put(&updating)).and(put(&settled)),
    )
    .await;
    let mut names: Vec<_> = store
        .unsettled_functions()
        .await
        .expect("the store answers")
        .iter()
        .map(|record| record.key.function.name.to_string())
        .collect();
    names.sort();
    assert_eq!(names, ["a", "b"]);
}

async fn code_is_in_use_while_a_version_refers_to_it(store: &impl Store) {
    let latest = record("111111111111", "f", Version::Latest, 1);
    commit(store, Transaction::of(put(&latest))).await;
    assert_eq!(store.code_in_use(latest.code.digest()).await, Ok(true));
    assert_eq!(store.code_bytes(&latest.key.function.scope).await, Ok(100));
    let moved = record("111111111111", "f", Version::Latest, 2);
    commit(store, Transaction::of(put(&moved))).await;
    assert_eq!(store.code_in_use(latest.code.digest()).await, Ok(false));
    let image = FunctionRecord {
        code: Code::Image(Image {
            uri: "image:latest".parse().expect("a name"),
            digest: Sha256Digest::of(b"image"),
            before: Some(Box::new(Image::named("earlier:latest".parse().expect("a name")))),
        }),
        ..moved.clone()
    };
    commit(store, Transaction::of(put(&image))).await;
    assert_eq!(store.code_in_use(moved.code.digest()).await, Ok(false));
    assert_eq!(
        store.code_in_use(image.code.digest()).await,
        Ok(true),
        "images are counted, too"
    );
    assert_eq!(
        store.code_in_use(image.code.before().expect("another runs")).await,
        Ok(true),
        "and what runs until one is ready"
    );
    assert_eq!(store.code_bytes(&image.key.function.scope).await, Ok(0));
    assert_eq!(store.function(&image.key).await, Ok(Some(Arc::new(image.clone()))));
    commit(store, Transaction::of(Change::DeleteFunction(moved.key.function))).await;
    assert_eq!(store.code_in_use(image.code.digest()).await, Ok(false));
}

async fn layers_are_in_use_while_a_version_refers_to_them(store: &impl Store) {
    let [one, other] = [b"one", b"two"].map(|content| Sha256Digest::of(content));
    let with = |version, layers: &[Sha256Digest]| {
        let mut record = record("111111111111", "f", version, 1);
        let refer = |digest: &Sha256Digest| LayerReference {
            arn: String::new(),
            digest: *digest,
            size: 1,
        };
        record.config.layers = layers.iter().map(refer).collect();
        record
    };
    let used =
        || async { [store.code_in_use(one).await, store.code_in_use(other).await].map(|answer| answer == Ok(true)) };
    commit(store, Transaction::of(put(&with(Version::Latest, &[one, other, one])))).await;
    commit(store, Transaction::of(put(&with(Version::Published(1), &[other])))).await;
    assert_eq!(used().await, [true, true]);
    let latest = with(Version::Latest, &[]);
    commit(store, Transaction::of(put(&latest))).await;
    assert_eq!(used().await, [false, true], "only the published version has a layer");
    let published = latest.key.function.version(Version::Published(1));
    commit(store, Transaction::of(Change::DeleteVersion(published))).await;
    assert_eq!(used().await, [false, false]);
    commit(store, Transaction::of(put(&with(Version::Latest, &[one])))).await;
    commit(store, Transaction::of(Change::DeleteFunction(latest.key.function))).await;
    assert_eq!(used().await, [false, false]);
}

async fn versions_are_listed_in_order(store: &impl Store) {
    let numbered = |number| record("111111111111", "f", Version::Published(number), 1);
    for version in [
        numbered(10),
        numbered(2),
        record("111111111111", "f", Version::Latest, 1),
    ] {
        commit(store, Transaction::of(put(&version))).await;
    }
    commit(
        store,
        Transaction::of(put(&record("111111111111", "g", Version::Latest, 1))),
    )
    .await;
    let (scope, name) = (scope("111111111111"), key("111111111111", "f").name);
    let list = |function: Option<&'static str>, after: Option<VersionKey>, limit| {
        let (scope, function) = (scope.clone(), function.map(|name| name.parse().expect("a valid name")));
        async move {
            let page = store
                .versions(&scope, function.as_ref(), after.as_ref(), limit)
                .await
                .expect("the store answers");
            let shown = |record: &Arc<FunctionRecord>| format!("{}:{}", record.key.function.name, record.key.version);
            (
                page.functions.iter().map(shown).collect::<Vec<_>>().join(" "),
                page.more,
            )
        }
    };
    assert_eq!(list(Some("f"), None, 9).await, ("f:$LATEST f:2 f:10".to_owned(), false));
    let after = FunctionKey {
        scope: scope.clone(),
        name,
    }
    .version(Version::Published(2));
    assert_eq!(list(None, Some(after.clone()), 1).await, ("f:10".to_owned(), true));
    assert_eq!(
        list(None, Some(after.clone()), 9).await,
        ("f:10 g:$LATEST".to_owned(), false)
    );
    assert_eq!(store.function_count(&scope).await, Ok(2));
    commit(store, Transaction::of(Change::DeleteVersion(after.clone()))).await;
    assert_eq!(find(store, &after).await, None);
    let gone = Condition::VersionPresent(after);
    assert_eq!(
        store.commit(Transaction::default().when(gone.clone())).await,
        Err(CommitError::Condition(gone))
    );
}

fn document(kind: Kind, parent: &str, id: &str, seed: u8) -> Document {
    Document {
        key: DocumentKey {
            kind,
            scope: scope("111111111111"),
            parent: parent.to_owned(),
            id: id.to_owned(),
        },
        revision: record("111111111111", "f", Version::Latest, seed).revision,
        code: None,
        body: format!("{{\"seed\":{seed}}}").into(),
    }
}

async fn documents_are_listed_in_order_and_counted(store: &impl Store) {
    for (parent, id) in [("f", "b"), ("g", "a"), ("f", "a")] {
        commit(
            store,
            Transaction::of(Change::PutDocument(document(Kind::Alias, parent, id, 1))),
        )
        .await;
    }
    commit(
        store,
        Transaction::of(Change::PutDocument(document(Kind::Policy, "f", "", 1))),
    )
    .await;
    let list = |parent: Option<&'static str>, after: Option<(&'static str, &'static str)>, limit| async move {
        let query = DocumentQuery {
            kind: Kind::Alias,
            scope: scope("111111111111"),
            parent: parent.map(str::to_owned),
            after: after.map(|(parent, id)| (parent.to_owned(), id.to_owned())),
            limit,
        };
        let page = store.documents(query).await.expect("the store answers");
        let shown = |document: &Document| format!("{}/{}", document.key.parent, document.key.id);
        (
            page.documents.iter().map(shown).collect::<Vec<_>>().join(" "),
            page.more,
        )
    };
    assert_eq!(list(None, None, 9).await, ("f/a f/b g/a".to_owned(), false));
    assert_eq!(list(Some("f"), None, 1).await, ("f/a".to_owned(), true));
    assert_eq!(list(None, Some(("f", "a")), 9).await, ("f/b g/a".to_owned(), false));
    let scope = scope("111111111111");
    let count = |parent| store.document_count(Kind::Alias, &scope, parent);
    assert_eq!((count(None).await, count(Some("f")).await), (Ok(3), Ok(2)));
    assert_eq!(store.document_scopes(Kind::Alias).await, Ok(vec![scope]));
    assert_eq!(store.document_scopes(Kind::FunctionUrl).await, Ok(Vec::new()));
}

async fn documents_are_changed_on_conditions(store: &impl Store) {
    let (first, second) = (document(Kind::Alias, "f", "a", 1), document(Kind::Alias, "f", "a", 2));
    let absent = Condition::DocumentAbsent(first.key.clone());
    commit(
        store,
        Transaction::of(Change::PutDocument(first.clone())).when(absent.clone()),
    )
    .await;
    assert_eq!(store.document(&first.key).await, Ok(Some(first.clone())));
    let again = Transaction::of(Change::PutDocument(second.clone())).when(absent.clone());
    assert_eq!(store.commit(again).await, Err(CommitError::Condition(absent)));
    let fresh = Condition::DocumentRevision(first.key.clone(), first.revision);
    commit(
        store,
        Transaction::of(Change::PutDocument(second.clone())).when(fresh.clone()),
    )
    .await;
    let stale = Transaction::of(Change::DeleteDocument(first.key.clone())).when(fresh.clone());
    assert_eq!(store.commit(stale).await, Err(CommitError::Condition(fresh)));
    assert_eq!(store.document(&first.key).await, Ok(Some(second)));
    commit(store, Transaction::of(Change::DeleteDocument(first.key.clone()))).await;
    assert_eq!(store.document(&first.key).await, Ok(None));
}

async fn documents_go_with_their_function(store: &impl Store) {
    let function = record("111111111111", "f", Version::Latest, 1);
    let alias = document(Kind::Alias, "f", "a", 1);
    let digest = Sha256Digest::of(b"layer");
    let layer = Document {
        code: Some(digest),
        ..document(Kind::LayerVersion, "f", "1", 1)
    };
    let other = document(Kind::Alias, "ff", "a", 1);
    let documents = [&alias, &layer, &other].map(|each| Change::PutDocument(each.clone()));
    commit(
        store,
        documents
            .into_iter()
            .fold(Transaction::of(put(&function)), Transaction::and),
    )
    .await;
    assert_eq!(store.code_in_use(digest).await, Ok(true));
    commit(store, Transaction::of(Change::DeleteFunction(function.key.function))).await;
    assert_eq!(store.document(&alias.key).await, Ok(None));
    assert_eq!(
        store.document(&layer.key).await,
        Ok(Some(layer.clone())),
        "a layer of that name is no part of it"
    );
    assert_eq!(store.document(&other.key).await, Ok(Some(other)));
    commit(store, Transaction::of(Change::DeleteDocument(layer.key))).await;
    assert_eq!(store.code_in_use(digest).await, Ok(false));
}

async fn lease(store: &impl Store, node: &str, now: i64, end: i64, limit: usize) -> Vec<AsyncEvent> {
    let (now, end) = (Timestamp::from_micros(now), Timestamp::from_micros(end));
    store
        .lease_events(&NodeId(node.to_owned()), now, end, limit)
        .await
        .expect("the store answers")
}

async fn events_are_leased_once(store: &impl Store) {
    for (seed, due) in [(1, 30), (2, 10), (3, 20), (4, 1_000)] {
        commit(store, Transaction::of(Change::PutEvent(event(seed, due)))).await;
    }
    assert_eq!(store.event_count().await, Ok(4));
    assert_eq!(store.next_event_due().await, Ok(Some(Timestamp::from_micros(10))));
    let first = lease(store, "a", 50, 500, 2).await;
    assert_eq!(
        first.iter().map(|e| e.payload[0]).collect::<Vec<_>>(),
        [2, 3],
        "oldest due first"
    );
    assert_eq!(
        first[0],
        AsyncEvent {
            due_at: Timestamp::from_micros(500),
            ..event(2, 10)
        }
    );
    let second = lease(store, "b", 50, 500, 10).await;
    assert_eq!(second.iter().map(|e| e.payload[0]).collect::<Vec<_>>(), [1]);
    assert!(lease(store, "b", 50, 500, 10).await.is_empty());
    commit(store, Transaction::of(Change::DeleteEvent(first[0].id))).await;
    assert_eq!(store.event_count().await, Ok(3));
    let gone = Condition::EventPresent(first[0].id);
    let late = Transaction::of(Change::PutEvent(event(2, 10))).when(gone.clone());
    assert_eq!(store.commit(late).await, Err(CommitError::Condition(gone)));
}

async fn a_lease_ends_by_time_or_release(store: &impl Store) {
    commit(store, Transaction::of(Change::PutEvent(event(1, 10)))).await;
    assert_eq!(lease(store, "a", 10, 100, 1).await.len(), 1);
    assert_eq!(lease(store, "b", 99, 200, 1).await.len(), 0);
    assert_eq!(
        lease(store, "b", 100, 200, 1).await.len(),
        1,
        "the first node is taken for dead"
    );
    let release = |node: &str| store.release_leases(&NodeId(node.to_owned()), Timestamp::from_micros(120));
    assert_eq!(release("a").await, Ok(0), "it no longer holds the lease");
    assert_eq!(release("b").await, Ok(1));
    assert_eq!(lease(store, "a", 120, 300, 1).await.len(), 1);
}

async fn a_rescheduled_event_keeps_its_payload(store: &impl Store) {
    commit(store, Transaction::of(Change::PutEvent(event(1, 10)))).await;
    let mut leased = lease(store, "a", 10, 100, 1).await.remove(0);
    leased.failures = 1;
    leased.due_at = Timestamp::from_micros(50).plus(Duration::from_micros(10));
    leased.payload = Vec::new();
    let present = Condition::EventPresent(leased.id);
    commit(store, Transaction::of(Change::PutEvent(leased)).when(present)).await;
    assert!(lease(store, "a", 59, 100, 1).await.is_empty());
    let again = lease(store, "a", 60, 100, 1).await.remove(0);
    assert_eq!((again.failures, again.payload), (1, vec![1, 0, 255]));
}
