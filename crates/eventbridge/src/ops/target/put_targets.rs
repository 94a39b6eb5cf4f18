//! `PutTargets`.

use crate::{Events, Refusal, input::is_path, rule::Rule};
use lambent_models::eventbridge::{PutTargetsRequest, PutTargetsResponse, Target};
use lambent_wire::RequestContext;

/// Targets of a rule.
const MOST: usize = 5;

/// A target with an id that is there takes its place.
pub(crate) async fn put_targets(
    events: &Events,
    cx: &RequestContext,
    input: PutTargetsRequest,
) -> Result<PutTargetsResponse, Refusal> {
    let bus = events.bus(cx, input.event_bus_name).await?;
    let targets = input.targets.unwrap_or_default();
    targets.iter().try_for_each(check)?;
    let add = |rule: &mut Rule| {
        for target in &targets {
            match rule.targets.iter_mut().find(|known| known.id == target.id) {
                Some(known) => *known = target.clone(),
                None => rule.targets.push(target.clone()),
            }
        }
        if rule.targets.len() > MOST {
            Err(Refusal::TooMany)
        } else {
            Ok(())
        }
    };
    events
        .change_rule(cx, &bus, &input.rule.unwrap_or_default(), add)
        .await?;
    Ok(PutTargetsResponse {
        failed_entry_count: Some(0),
        failed_entries: Some(Vec::new()),
    })
}

fn check(target: &Target) -> Result<(), Refusal> {
    let id = target.id.as_deref().unwrap_or_default();
    let invalid = |what: &str| Err(Refusal::Invalid(format!("{what} for target {id}.")));
    let arn = target.arn.as_deref().unwrap_or_default();
    match arn.split(':').nth(2) {
        Some("lambda" | "sqs" | "sns") => {}
        Some(_) => return Err(Refusal::NotImplemented("A target that is no function, queue or topic")),
        None => return invalid("Provided Arn is not in correct format. Reason: Invalid Arn"),
    }
    if let Some(queue) = target
        .dead_letter_config
        .as_ref()
        .and_then(|config| config.arn.as_deref())
        && (queue.split(':').nth(2) != Some("sqs") || queue.ends_with(".fifo"))
    {
        return invalid("Parameter DeadLetterConfig.Arn must be the ARN of a standard Amazon SQS queue");
    }
    let ways = [
        target.input.is_some(),
        target.input_path.is_some(),
        target.input_transformer.is_some(),
    ];
    if ways.iter().filter(|way| **way).count() > 1 {
        return invalid("Only one of Input, InputPath, or InputTransformer must be provided");
    }
    if target
        .input
        .as_deref()
        .is_some_and(|input| serde_json::from_str::<serde_json::Value>(input).is_err())
    {
        return invalid("JSON syntax error in input");
    }
    let paths = target
        .input_transformer
        .iter()
        .filter_map(|transformer| transformer.input_paths_map.as_ref());
    let mut paths = paths
        .flat_map(|paths| paths.iter().map(|(_, path)| path.as_str()))
        .chain(target.input_path.as_deref());
    if paths.any(|path| !is_path(path)) {
        return invalid("Invalid JSONPath");
    }
    if arn.ends_with(".fifo") && arn.contains(":sqs:") && target.sqs_parameters.is_none() {
        return invalid("Parameter(s) MessageGroupId must be specified");
    }
    Ok(())
}
