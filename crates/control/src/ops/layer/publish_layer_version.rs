//! `PublishLayerVersion`.

use crate::{
    Control, Refusal, documents,
    layer::{Layer, LayerKey, LayerVersion},
    package::Source,
};
use lambent_models::lambda::{PublishLayerVersionRequest, PublishLayerVersionResponse};
use lambent_store::{CommitError, Condition, Transaction};
use lambent_types::RevisionId;
use lambent_wire::RequestContext;

/// Tries against others who publish versions of the same layer at the same time.
const TRIES: usize = 100;

pub(crate) async fn publish_layer_version(
    control: &Control,
    cx: &RequestContext,
    input: PublishLayerVersionRequest,
) -> Result<PublishLayerVersionResponse, Refusal> {
    let layer = LayerKey::read(cx, &input.layer_name.unwrap_or_default())?;
    if layer.scope.account != cx.scope.account {
        return Err(Refusal::OtherAccount);
    }
    let source = control
        .fetch(cx, Source::from(input.content.unwrap_or_default()))
        .await?;
    let _intake = control.0.intake.read().await;
    let (code, _pin) = control.take_in(source).await?;
    let version = LayerVersion {
        layer,
        number: 0,
        description: input.description.unwrap_or_default(),
        created: control.0.clock.now(),
        architectures: input.compatible_architectures,
        runtimes: input.compatible_runtimes,
        license: input.license_info,
        code,
    };
    let LayerVersion {
        layer,
        number,
        description,
        created,
        architectures,
        runtimes,
        license,
        code,
    } = publish(control, version).await?;
    Ok(PublishLayerVersionResponse {
        content: Some(control.layer_content(cx, &code)),
        layer_arn: Some(layer.arn()),
        layer_version_arn: Some(layer.version_arn(number)),
        description: Some(description),
        created_date: Some(created.to_lambda_string()),
        version: i64::try_from(number).ok(),
        compatible_architectures: architectures,
        compatible_runtimes: runtimes,
        license_info: license,
    })
}

/// Stores the version under the layer's next number.
async fn publish(control: &Control, mut version: LayerVersion) -> Result<LayerVersion, Refusal> {
    let shared = &control.0;
    let key = documents::key::<Layer>(&version.layer.scope, "", &version.layer.name);
    for _ in 0..TRIES {
        let before = control.load::<Layer>(&key).await?;
        let unchanged = match &before {
            Some(stored) => stored.unchanged(),
            None => Condition::DocumentAbsent(key.clone()),
        };
        version.number = before.map_or(1, |stored| stored.value.newest + 1);
        let layer = Layer { newest: version.number };
        let count = documents::put(key.clone(), RevisionId::new(shared.ids.as_ref()), &layer)?;
        let place = version.layer.version_key(version.number);
        let put = documents::put(place, RevisionId::new(shared.ids.as_ref()), &version)?;
        match shared
            .store
            .commit(Transaction::of(count).and(put).when(unchanged))
            .await
        {
            Err(CommitError::Condition(_)) => {}
            committed => {
                committed?;
                return Ok(version);
            }
        }
    }
    Err(Refusal::Internal(
        "versions of the layer are published too fast".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            delete_layer_version::delete_layer_version, get_layer_version::get_layer_version,
            list_layer_versions::list_layer_versions, list_layers::list_layers,
        },
        testing::{context, control, refused},
    };
    use lambent_models::lambda::{
        DeleteLayerVersionRequest, GetLayerVersionRequest, LayerVersionContentInput, ListLayerVersionsRequest,
        ListLayersRequest,
    };
    use lambent_wire::Blob;

    async fn publish(control: &Control, name: &str, runtime: &str) -> PublishLayerVersionResponse {
        let input = PublishLayerVersionRequest {
            layer_name: Some(name.to_owned()),
            compatible_runtimes: Some(vec![runtime.to_owned()]),
            content: Some(LayerVersionContentInput {
                zip_file: Some(Blob(runtime.to_owned().into())),
                ..LayerVersionContentInput::default()
            }),
            ..PublishLayerVersionRequest::default()
        };
        publish_layer_version(control, &context(), input).await.unwrap()
    }

    async fn delete(control: &Control, name: &str, number: i64) -> Result<(), Refusal> {
        let input = DeleteLayerVersionRequest {
            layer_name: Some(name.to_owned()),
            version_number: Some(number),
        };
        delete_layer_version(control, &context(), input).await
    }

    async fn versions(control: &Control, name: &str, runtime: Option<&str>) -> Vec<i64> {
        let (mut numbers, mut marker) = (Vec::new(), None);
        loop {
            let input = ListLayerVersionsRequest {
                layer_name: Some(name.to_owned()),
                compatible_runtime: runtime.map(str::to_owned),
                max_items: Some(2),
                marker,
                ..ListLayerVersionsRequest::default()
            };
            let page = list_layer_versions(control, &context(), input).await.unwrap();
            numbers.extend(
                page.layer_versions
                    .unwrap()
                    .iter()
                    .filter_map(|version| version.version),
            );
            marker = page.next_marker;
            if marker.is_none() {
                return numbers;
            }
        }
    }

    #[tokio::test]
    async fn numbers_go_up_and_are_never_used_again() {
        let control = control();
        let arn = "arn:aws:lambda:us-east-1:111111111111:layer:l";
        for (runtime, number) in [("python3.12", 1), ("nodejs20.x", 2), ("python3.12", 3)] {
            let published = publish(&control, "l", runtime).await;
            assert_eq!(published.layer_version_arn, Some(format!("{arn}:{number}")));
        }
        assert_eq!(versions(&control, "l", None).await, [3, 2, 1]);
        assert_eq!(versions(&control, arn, Some("python3.12")).await, [3, 1]);
        for number in [3, 2, 3] {
            delete(&control, "l", number).await.unwrap();
        }
        assert_eq!(versions(&control, "l", None).await, [1]);
        delete(&control, "l", 1).await.unwrap();
        assert_eq!(publish(&control, "l", "go1.x").await.version, Some(4));
    }

    #[tokio::test]
    async fn layers_are_listed_by_their_newest_matching_version() {
        let control = control();
        for (name, runtime) in [("b", "go1.x"), ("a", "java8"), ("a", "go1.x"), ("c", "java8")] {
            publish(&control, name, runtime).await;
        }
        let list = async |runtime: Option<&str>, marker| {
            let compatible_runtime = runtime.map(str::to_owned);
            let input = ListLayersRequest {
                compatible_runtime,
                marker,
                max_items: Some(2),
                ..ListLayersRequest::default()
            };
            let page = list_layers(&control, &context(), input).await.unwrap();
            let shown = |item: &lambent_models::lambda::LayersListItem| {
                let number = item.latest_matching_version.as_ref().unwrap().version.unwrap();
                format!("{}:{number}", item.layer_name.as_ref().unwrap())
            };
            (
                page.layers.unwrap().iter().map(shown).collect::<Vec<_>>().join(" "),
                page.next_marker,
            )
        };
        let (first, marker) = list(None, None).await;
        assert_eq!(first, "a:2 b:1");
        assert_eq!(list(None, marker).await, ("c:1".to_owned(), None));
        assert_eq!(list(Some("java8"), None).await.0, "a:1 c:1");
        delete(&control, "c", 1).await.unwrap();
        assert_eq!(
            list(Some("java8"), None).await,
            ("a:1".to_owned(), None),
            "a layer without versions is not shown"
        );
    }

    #[tokio::test]
    async fn versions_are_got_by_number() {
        let control = control();
        publish(&control, "l", "go1.x").await;
        let get = async |number| {
            let input = GetLayerVersionRequest {
                layer_name: Some("l".to_owned()),
                version_number: Some(number),
            };
            get_layer_version(&control, &context(), input).await
        };
        let content = get(1).await.unwrap().content.unwrap();
        assert_eq!(content.code_size, Some(5));
        assert!(
            content
                .location
                .unwrap()
                .starts_with("http://127.0.0.1:4566/_lambent/code/")
        );
        let missing = (
            "ResourceNotFoundException",
            "The resource you requested does not exist.".to_owned(),
        );
        assert_eq!(refused(get(2).await), missing);
        let low = (
            "InvalidParameterValueException",
            "Layer Version Cannot be less than 1".to_owned(),
        );
        assert_eq!((refused(get(0).await), refused(get(-1).await)), (low.clone(), low));
    }
}
