//! Rows of figures.

use crate::load::Samples;
use std::fmt;

/// The heading of the rows, with a column for each of `servers`.
pub(crate) fn head(servers: usize) -> String {
    let columns: String = (1..=servers)
        .map(|server| format!("| {:>20} ", format!("server {server} p50/p99")))
        .collect();
    format!(
        "{:<17} {:<30}| {:>20} {columns}|  ratio",
        "function", "what", "floor p50/p99"
    )
}

/// How a figure is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Latencies.
    Micros,
    /// Latencies, long ones.
    Millis,
    /// Requests per second, with the median latency.
    Rate,
}

/// One measurement of one function: the floor's samples, then each server's.
pub(crate) struct Row<'a> {
    pub(crate) label: &'a str,
    pub(crate) what: &'static str,
    pub(crate) unit: Unit,
    pub(crate) samples: Vec<Samples>,
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<17} {:<30}", self.label, self.what)?;
        for samples in &self.samples {
            write!(f, "| {:>20} ", self.figure(samples))?;
        }
        if let [floor, server, ..] = self.samples.as_slice() {
            write!(f, "| {:>5.2}x", self.ratio(floor, server))?;
        }
        Ok(())
    }
}

impl Row<'_> {
    fn figure(&self, samples: &Samples) -> String {
        let (p50, p99) = (samples.percentile(50).unwrap_or(0), samples.percentile(99).unwrap_or(0));
        match self.unit {
            Unit::Micros => format!("{p50} / {p99} us"),
            Unit::Millis => format!("{} / {} ms", millis(p50), millis(p99)),
            Unit::Rate => format!("{:.0}/s {} / {} ms", samples.per_second(), millis(p50), millis(p99)),
        }
    }

    /// How many times the floor's time one request takes.
    #[expect(clippy::cast_precision_loss, reason = "latencies are far below 2^52")]
    fn ratio(&self, floor: &Samples, server: &Samples) -> f64 {
        if self.unit == Unit::Rate {
            return floor.per_second() / server.per_second();
        }
        let median = |samples: &Samples| samples.percentile(50).unwrap_or(0) as f64;
        median(server) / median(floor).max(1.0)
    }
}

/// Milliseconds with one decimal.
fn millis(micros: u64) -> String {
    let tenths = (micros + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_the_ratio_to_the_floor() {
        let samples = vec![
            Samples::new(vec![10, 20, 30], 1_000),
            Samples::new(vec![30, 40, 50], 2_000),
        ];
        let row = Row {
            label: "static",
            what: "warm",
            unit: Unit::Micros,
            samples,
        };
        assert!(row.to_string().ends_with("|  2.00x"), "{row}");
        assert_eq!(millis(12_349), "12.3");
    }
}
