//! The AWS wire, without any service in it: codecs, validation, routing, errors and signatures, all driven by static [`schema`] tables.
//!
//! A request travels one way: `route` picks the operation, a codec such as [`rest_json`] turns bytes into a canonical [`Value`] with the
//! operation's schema, [`validate`] checks the value in AWS's words, and the generated service trait turns it into a typed struct. An
//! answer travels back the same way. An operation never learns which protocol carried it.

pub mod aws_json;
mod cbor;
pub mod context;
pub mod error;
pub mod event_stream;
mod json;
pub mod pattern;
pub mod query;
pub mod rest_json;
pub mod route;
pub mod rpc_v2_cbor;
pub mod schema;
pub mod service;
pub mod sigv4;
mod text;
mod timestamp;
pub mod uri;
pub mod validate;
pub mod value;

pub use context::{RequestContext, RoleSession};
pub use error::{ErrorShape, ErrorType, ServiceError};
pub use schema::{Kind, Location, Member, Operation, Rules, Shape};
pub use service::Service;
pub use value::{Blob, Map, Time, Value, from_value, to_value};
