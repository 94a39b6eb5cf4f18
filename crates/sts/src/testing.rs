//! What the tests share.

use crate::{LongTermKeys, Parts, SessionKeys, Sts};
use lambent_iam::Iam;
use lambent_store::contract;
use lambent_store_memory::MemoryStore;
use lambent_types::{Clock, Ids, ManualClock, RandomIds, RequestId, Timestamp};
use lambent_wire::{RequestContext, Value, service::Api as _};
use std::sync::Arc;

/// A request of an account in us-east-1.
pub(crate) fn context(account: &str) -> RequestContext {
    RequestContext {
        scope: contract::scope(account),
        access_key: None,
        session: None,
        request_id: RequestId::new(&RandomIds),
        host: None,
        trace_id: None,
        secure: false,
    }
}

/// A service over the store in memory.
pub(crate) fn service() -> Sts {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_micros(1_795_435_534_123_456)));
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let iam = Iam::new(lambent_iam::Parts {
        store: Arc::new(MemoryStore::default()),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
    });
    Sts::new(Parts {
        iam,
        keys: Arc::new(SessionKeys::new([7; 32])),
        long_term: LongTermKeys::Any,
        clock,
        ids,
    })
}

/// Makes a role of account 111111111111 that trusts a principal, with more in the statement.
pub(crate) async fn role(sts: &Sts, name: &str, principal: &str, more: &str) {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{more}}}]}}"#
    );
    let text = |text: &str| Value::Str(text.to_owned());
    let input = Value::Map(vec![
        ("RoleName".into(), text(name)),
        ("AssumeRolePolicyDocument".into(), text(&trust)),
    ]);
    let operation = sts.iam.service().operation("CreateRole").unwrap();
    sts.iam.call(&context("111111111111"), operation, input).await.unwrap();
}
