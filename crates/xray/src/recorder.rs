//! What the server itself tells of invocations.

use crate::{keeper::Keeper, sampler::Sampler, segment};
use lambent_types::{Clock, FunctionKey, Span, Tracer};
use std::sync::Arc;

/// About the bytes of one of Lambda's own segments.
const WEIGHT: usize = 1_024;

/// Takes in what is told of invocations. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) sampler: Arc<Sampler>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Tracer for Recorder {
    fn samples(&self, function: &FunctionKey) -> bool {
        let second = self.clock.now().as_millis().div_euclid(1_000);
        self.sampler.samples(function, second)
    }

    fn record(&self, span: Span) {
        let scope = span.function().scope.clone();
        self.keeper.take(scope, segment::document(span), WEIGHT);
    }
}
