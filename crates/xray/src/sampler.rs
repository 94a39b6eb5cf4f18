//! Which invocations are traced when nobody before has decided that: "1 request per second and 5 percent of additional requests", of
//! each function, which nobody can set otherwise ("Visualize Lambda function invocations using AWS X-Ray").

use lambent_types::{FunctionKey, Ids};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Beyond the first of a second, in ten thousands.
const RATE: u64 = 500;
/// Functions whose last second is remembered. Beyond, all seconds are forgotten, which costs a few traces more.
const MOST: usize = 10_000;

/// Decides.
pub(crate) struct Sampler {
    ids: Arc<dyn Ids>,
    /// The second in which each function was last traced for being the first.
    last: Mutex<HashMap<FunctionKey, i64>>,
}

impl Sampler {
    pub(crate) fn new(ids: Arc<dyn Ids>) -> Self {
        Self {
            ids,
            last: Mutex::default(),
        }
    }

    /// Whether to trace this one, in this second.
    pub(crate) fn samples(&self, function: &FunctionKey, second: i64) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.get_mut(function) {
            Some(known) if *known == second => {
                drop(last);
                self.ids.uuid().as_u64_pair().1 % 10_000 < RATE
            }
            Some(known) => {
                *known = second;
                true
            }
            None => {
                if last.len() >= MOST {
                    last.clear();
                }
                last.insert(function.clone(), second);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;
    use lambent_types::{RandomIds, SeededIds};

    fn key(name: &str) -> FunctionKey {
        FunctionKey {
            scope: scope("111111111111"),
            name: name.parse().unwrap(),
        }
    }

    #[test]
    fn the_first_of_each_second_and_one_of_twenty_after_it() {
        let sampler = Sampler::new(Arc::new(RandomIds));
        assert!(sampler.samples(&key("f"), 1) && sampler.samples(&key("g"), 1) && sampler.samples(&key("f"), 2));
        let more = (0..10_000).filter(|_| sampler.samples(&key("f"), 2)).count();
        assert!((300..700).contains(&more), "{more}");
    }

    #[test]
    fn no_more_is_remembered_than_that() {
        let sampler = Sampler::new(Arc::new(SeededIds::default()));
        for number in 0..=MOST {
            assert!(sampler.samples(&key(&format!("f{number}")), 1));
        }
        assert_eq!(sampler.last.lock().unwrap().len(), 1);
    }
}
