//! A function on AWS's runtime client for Rust, as a `bootstrap`: does what its event says.

use lambda_runtime::{
    Diagnostic, Error, LambdaEvent,
    streaming::{Body, Response, channel},
};
use serde_json::{Value, json};
use std::{
    process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // A stream is another kind of handler; the function's variables say which is wanted.
    if std::env::var_os("STREAMS").is_some() {
        lambda_runtime::run(lambda_runtime::service_fn(stream)).await
    } else {
        lambda_runtime::run(lambda_runtime::service_fn(answer)).await
    }
}

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let (event, context) = event.into_parts();
    let text = event["text"].as_str().unwrap_or_default();
    println!("logged {}", text.chars().take(20).collect::<String>());
    match event["what"].as_str() {
        Some("fail") => Err(Diagnostic {
            error_type: "CustomError".to_owned(),
            error_message: text.to_owned(),
        }),
        Some("panic") => panic!("{text}"),
        Some("exit") => process::exit(3),
        Some("context") => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let left = Duration::from_millis(context.deadline).saturating_sub(now);
            let client = context.client_context.map(|client| client.custom);
            Ok(json!({
                "request": context.request_id,
                "arn": context.invoked_function_arn,
                "name": context.env_config.function_name,
                "memory": context.env_config.memory.to_string(),
                "left": u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
                "client": client,
            }))
        }
        Some("sleep") => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(Value::Null)
        }
        _ => Ok(json!({ "echo": event })),
    }
}

async fn stream(event: LambdaEvent<Value>) -> Result<Response<Body>, Error> {
    let fails = event.payload["what"].as_str() == Some("fail");
    let (mut sender, body) = channel();
    tokio::spawn(async move {
        for word in ["one", "two", "three"] {
            if sender.send_data(format!("{word}\n").into()).await.is_err() {
                return;
            }
        }
        if fails {
            sender.abort();
        }
    });
    Ok(Response::from(body))
}
