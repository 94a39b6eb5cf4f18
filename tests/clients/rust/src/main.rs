//! One life of a function, as the AWS SDK for Rust lives it. Prints what it saw as one JSON object.
//!
//! ```text
//! lambent-client-test ENDPOINT NAME ZIP OTHER_ZIP LAYER_ZIP
//! ```

use aws_sdk_lambda::types::InvokeWithResponseStreamResponseEvent as StreamEvent;
use aws_sdk_lambda::{
    Client, Config,
    client::Waiters as _,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    operation::{RequestId as _, invoke::InvokeError},
    primitives::{Blob, DateTime},
    types::{
        AllowedPublishers, Environment, EventSourcePosition, FunctionCode, FunctionUrlAuthType,
        LayerVersionContentInput, LogType, Runtime, State,
    },
};
use serde_json::{Value, json};
use std::{env, error::Error, fs, time::Duration};

/// Longer than anything takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);
const ROLE: &str = "arn:aws:iam::000000000000:role/r";
const SIGNER: &str = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/0123456789";

type Fault = Box<dyn Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [endpoint, name, zip, other, layer] = arguments.as_slice() else {
        return Err("usage: lambent-client-test ENDPOINT NAME ZIP OTHER_ZIP LAYER_ZIP".into());
    };
    let life = Life {
        client: client(endpoint),
        name: name.clone(),
    };
    let mut saw = life.code(blob(zip)?, blob(other)?).await?;
    for seen in [
        life.versions().await?,
        life.layer(blob(layer)?).await?,
        life.attachments().await?,
        life.members_that_must_be_there().await?,
        life.refusals().await?,
        life.lists().await?,
        life.end().await?,
    ] {
        let (Value::Object(saw), Value::Object(seen)) = (&mut saw, seen) else {
            return Err("not an object".into());
        };
        saw.extend(seen);
    }
    println!("{saw}");
    Ok(())
}

/// A client that asks once, without TLS.
fn client(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(endpoint)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

fn blob(path: &str) -> Result<Blob, Fault> {
    Ok(Blob::new(fs::read(path)?))
}

/// A function and what is done with it.
struct Life {
    client: Client,
    name: String,
}

impl Life {
    /// It is created, invoked, and changed.
    async fn code(&self, zip: Blob, other: Blob) -> Result<Value, Fault> {
        let created = self.client.create_function();
        let created = created
            .function_name(&self.name)
            .runtime(Runtime::Nodejs20x)
            .role(ROLE)
            .handler("index.handler")
            .code(FunctionCode::builder().zip_file(zip).build())
            .send()
            .await?;
        let active = self.client.wait_until_function_active_v2();
        active.function_name(&self.name).wait(PATIENCE).await?;
        let first = self.invoke(None).await?;
        let update = self.client.update_function_code();
        update.function_name(&self.name).zip_file(other).send().await?;
        self.updated().await?;
        let environment = Environment::builder().variables("MODE", "set").build();
        let update = self.client.update_function_configuration();
        let update = update.function_name(&self.name).timeout(7).environment(environment);
        update.send().await?;
        let shown = self.updated().await?;
        Ok(json!({
            "created": created.function_arn(),
            "first": first,
            "second": self.invoke(None).await?,
            "timeout": shown,
        }))
    }

    /// A version, an alias for it, and who may call it.
    async fn versions(&self) -> Result<Value, Fault> {
        let published = self.client.publish_version().function_name(&self.name).send().await?;
        let alias = self.client.create_alias().function_name(&self.name).name("live");
        let alias = alias.set_function_version(published.version.clone()).send().await?;
        let permission = self.client.add_permission().function_name(&self.name);
        let permission = permission.statement_id("s1").action("lambda:InvokeFunction");
        permission.principal("s3.amazonaws.com").send().await?;
        let policy = self.client.get_policy().function_name(&self.name).send().await?;
        let policy: Value = serde_json::from_str(policy.policy().ok_or("no policy")?)?;
        Ok(json!({
            "published": published.version(),
            "aliasFor": alias.function_version(),
            "throughAlias": self.invoke(Some("live")).await?,
            "statements": [policy["Statement"][0]["Sid"]],
        }))
    }

    /// A layer that it uses.
    async fn layer(&self, zip: Blob) -> Result<Value, Fault> {
        let content = LayerVersionContentInput::builder().zip_file(zip).build();
        let layer = self.client.publish_layer_version();
        let layer = layer
            .layer_name(format!("{}-layer", self.name))
            .content(content)
            .send()
            .await?;
        let update = self.client.update_function_configuration().function_name(&self.name);
        update
            .set_layers(layer.layer_version_arn.map(|arn| vec![arn]))
            .send()
            .await?;
        self.updated().await?;
        Ok(json!({ "layered": self.invoke(None).await?, "streamed": self.streamed().await? }))
    }

    /// The answer to an invocation as it comes: what its parts say together, and how it ended.
    async fn streamed(&self) -> Result<Value, Fault> {
        let invoke = self.client.invoke_with_response_stream().function_name(&self.name);
        let mut answer = invoke.log_type(LogType::Tail).payload(Blob::new("{}")).send().await?;
        let (mut payload, mut complete) = (Vec::new(), None);
        while let Some(event) = answer.event_stream.recv().await? {
            match event {
                StreamEvent::PayloadChunk(chunk) => payload.extend(chunk.payload.ok_or("an empty part")?.into_inner()),
                StreamEvent::InvokeComplete(end) => complete = Some(end),
                other => return Err(format!("{other:?}").into()),
            }
        }
        let complete = complete.ok_or("no end")?;
        Ok(json!({
            "payload": String::from_utf8(payload)?,
            "version": answer.executed_version,
            "logged": complete.log_result.is_some(),
            "error": complete.error_code,
        }))
    }

    /// What has moments, maps and lists in it.
    async fn attachments(&self) -> Result<Value, Fault> {
        let (client, name) = (&self.client, &self.name);
        let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
        client.tag_resource().resource(&arn).tags("team", "blue").send().await?;
        let tags = client.list_tags().resource(&arn).send().await?;
        client
            .put_function_concurrency()
            .function_name(name)
            .reserved_concurrent_executions(5)
            .send()
            .await?;
        let events = client.put_function_event_invoke_config().function_name(name);
        let events = events.maximum_retry_attempts(1).send().await?;
        let stream = format!("arn:aws:kinesis:us-east-1:000000000000:stream/{name}");
        let mapping = client.create_event_source_mapping().function_name(name);
        let mapping = mapping
            .event_source_arn(&stream)
            .starting_position(EventSourcePosition::AtTimestamp)
            .starting_position_timestamp(DateTime::from_secs(1_600_000_000))
            .send()
            .await?;
        client
            .delete_event_source_mapping()
            .set_uuid(mapping.uuid)
            .send()
            .await?;
        let settings = client.get_account_settings().send().await?;
        Ok(json!({
            "tags": tags.tags(),
            "retries": events.maximum_retry_attempts(),
            "moments": events.last_modified().is_some() && mapping.last_modified.is_some(),
            "position": mapping.starting_position_timestamp.map(|moment| moment.secs()),
            "limit": settings.account_limit().map(|limit| limit.concurrent_executions()),
        }))
    }

    /// What the model says is always in an answer, and what the SDK would make up if it were not: an empty text, zero.
    async fn members_that_must_be_there(&self) -> Result<Value, Fault> {
        let (client, name) = (&self.client, &self.name);
        let url = client.create_function_url_config().function_name(name);
        let url = url.auth_type(FunctionUrlAuthType::None).send().await?;
        let got = client.get_function_url_config().function_name(name).send().await?;
        let publishers = AllowedPublishers::builder()
            .signing_profile_version_arns(SIGNER)
            .build()?;
        let signing = client
            .create_code_signing_config()
            .allowed_publishers(publishers)
            .send()
            .await?;
        let signing = signing.code_signing_config.ok_or("no configuration")?;
        let assign = client.put_function_code_signing_config().function_name(name);
        let assigned = assign
            .code_signing_config_arn(&signing.code_signing_config_arn)
            .send()
            .await?;
        let provisioned = client.put_provisioned_concurrency_config().function_name(name);
        let provisioned = provisioned
            .qualifier("live")
            .provisioned_concurrent_executions(1)
            .send()
            .await?;
        client
            .delete_provisioned_concurrency_config()
            .function_name(name)
            .qualifier("live")
            .send()
            .await?;
        let runtime = client
            .get_runtime_management_config()
            .function_name(name)
            .send()
            .await?;
        let texts = [
            url.creation_time(),
            got.function_url(),
            got.last_modified_time(),
            &signing.last_modified,
            assigned.code_signing_config_arn(),
        ];
        client
            .delete_function_code_signing_config()
            .function_name(name)
            .send()
            .await?;
        client
            .delete_code_signing_config()
            .code_signing_config_arn(&signing.code_signing_config_arn)
            .send()
            .await?;
        Ok(json!({
            "texts": texts.iter().all(|text| !text.is_empty()),
            "auth": got.auth_type().as_str(),
            "publishers": signing.allowed_publishers.map(|all| all.signing_profile_version_arns),
            "provisioned": provisioned.requested_provisioned_concurrent_executions(),
            "runtime": runtime.update_runtime_on().map(|mode| mode.as_str().to_owned()),
        }))
    }

    /// Errors have their types, their members, their words and a request id.
    async fn refusals(&self) -> Result<Value, Fault> {
        let (client, name) = (&self.client, &self.name);
        let again = client
            .create_alias()
            .function_name(name)
            .name("live")
            .function_version("1")
            .send()
            .await;
        let conflict = again.err().ok_or("made twice")?.into_service_error();
        let no_json = client.invoke().function_name(name).payload(Blob::new("{")).send().await;
        let no_json = no_json.err().ok_or("taken for JSON")?.into_service_error();
        client
            .put_function_concurrency()
            .function_name(name)
            .reserved_concurrent_executions(0)
            .send()
            .await?;
        let throttled = client.invoke().function_name(name).send().await;
        let throttled = throttled.err().ok_or("not throttled")?.into_service_error();
        let InvokeError::TooManyRequestsException(throttled) = throttled else {
            return Err(format!("not throttled: {throttled}").into());
        };
        Ok(json!({
            "conflict": conflict.is_resource_conflict_exception(),
            "noJson": no_json.is_invalid_request_content_exception(),
            "throttled": throttled.reason().map(|reason| reason.as_str().to_owned()),
        }))
    }

    /// Pages of one item each.
    async fn lists(&self) -> Result<Value, Fault> {
        let functions = self
            .client
            .list_functions()
            .into_paginator()
            .page_size(1)
            .items()
            .send();
        let functions = functions.try_collect().await?;
        let versions = self.client.list_versions_by_function().function_name(&self.name);
        let versions = versions
            .into_paginator()
            .page_size(1)
            .items()
            .send()
            .try_collect()
            .await?;
        Ok(json!({
            "listed": functions.iter().any(|function| function.function_name() == Some(&self.name)),
            "versions": versions.iter().map(|version| version.version()).collect::<Vec<_>>(),
        }))
    }

    /// It is deleted.
    async fn end(&self) -> Result<Value, Fault> {
        let (client, name) = (&self.client, &self.name);
        client.delete_alias().function_name(name).name("live").send().await?;
        client.delete_function().function_name(name).send().await?;
        let Err(refused) = client.get_function().function_name(name).send().await else {
            return Err("it is still there".into());
        };
        let (identified, refused) = (refused.request_id().is_some(), refused.into_service_error());
        Ok(json!({
            "gone": refused.is_resource_not_found_exception(),
            "message": refused.meta().message(),
            "identified": identified,
        }))
    }

    async fn invoke(&self, qualifier: Option<&str>) -> Result<Value, Fault> {
        let invoke = self.client.invoke().function_name(&self.name).log_type(LogType::Tail);
        let invoke = invoke
            .set_qualifier(qualifier.map(str::to_owned))
            .payload(Blob::new(r#"{"n":1}"#));
        let answer = invoke.send().await?;
        answer.log_result().ok_or("no log")?;
        let payload = answer.payload().map_or(&[][..], Blob::as_ref);
        Ok(json!({
            "payload": String::from_utf8(payload.to_vec())?,
            "version": answer.executed_version(),
            "status": answer.status_code(),
        }))
    }

    /// Waits for the end of an update. Returns the timeout in seconds.
    async fn updated(&self) -> Result<Option<i32>, Fault> {
        let updated = self.client.wait_until_function_updated_v2();
        updated.function_name(&self.name).wait(PATIENCE).await?;
        let shown = self.client.get_function().function_name(&self.name).send().await?;
        let configuration = shown.configuration().ok_or("no configuration")?;
        if configuration.state() != Some(&State::Active) {
            return Err(format!("it is {:?}", configuration.state()).into());
        }
        Ok(configuration.timeout())
    }
}
