//! AWS `GetMetricStatistics`.

use crate::{
    Metrics,
    periods::{Window, beginning},
    refusal::Refusal,
    select,
    statistic::Statistic,
    summary::{Summary, Unit},
};
use lambent_models::cloudwatch::{Datapoint, GetMetricStatisticsInput, GetMetricStatisticsOutput};
use lambent_wire::{Map, RequestContext, Time};

/// Data points of one answer.
const MOST: i64 = 1_440;

pub(crate) async fn get_metric_statistics(
    metrics: &Metrics,
    cx: &RequestContext,
    input: GetMetricStatisticsInput,
) -> Result<GetMetricStatisticsOutput, Refusal> {
    let start = input.start_time.ok_or(Refusal::Missing("StartTime"))?;
    let end = input.end_time.ok_or(Refusal::Missing("EndTime"))?;
    let window = Window::of(start.0, end.0, input.period.ok_or(Refusal::Missing("Period"))?)?;
    if window.periods() > MOST {
        return Err(Refusal::Combination(format!(
            "You have requested up to {} datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by \
             increasing Period, or decreasing the time range.",
            grouped(window.periods())
        )));
    }
    let wanted = Wanted::read(input.statistics.unwrap_or_default(), input.extended_statistics.unwrap_or_default())?;
    let series = select::series(&cx.scope, input.namespace, input.metric_name, input.dimensions)?;
    let minutes = metrics.keeper.read(&series, window.from, window.until).await?;
    let unit = input.unit.as_deref().and_then(Unit::named);
    let periods = window.gather(minutes).into_iter();
    let periods = periods.filter(|(_, summary)| unit.is_none_or(|unit| unit == summary.unit));
    Ok(GetMetricStatisticsOutput {
        label: Some(series.name),
        datapoints: Some(periods.map(|(minute, summary)| wanted.datapoint(minute, &summary)).collect()),
    })
}

/// 2880 as `2,880`.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The statistics that a client asks for.
struct Wanted {
    plain: Vec<Statistic>,
    extended: Vec<(String, Statistic)>,
}

impl Wanted {
    fn read(plain: Vec<String>, extended: Vec<String>) -> Result<Self, Refusal> {
        if plain.is_empty() && extended.is_empty() {
            let words = "At least one of the parameters Statistics and ExtendedStatistics must be specified.";
            return Err(Refusal::Combination(words.to_owned()));
        }
        let wrong = |parameter: &str, name: &str| Refusal::Value(format!("The value {name} for parameter {parameter} is not supported."));
        let plain = plain.iter().map(|name| Statistic::named(name).ok_or_else(|| wrong("Statistics", name)));
        let plain = plain.collect::<Result<_, _>>()?;
        let read = |name: String| match Statistic::extended(&name) {
            Some(statistic) => Ok((name, statistic)),
            None => Err(wrong("ExtendedStatistics", &name)),
        };
        Ok(Self {
            plain,
            extended: extended.into_iter().map(read).collect::<Result<_, _>>()?,
        })
    }

    fn datapoint(&self, minute: i64, summary: &Summary) -> Datapoint {
        let plain = |statistic: Statistic| self.plain.contains(&statistic).then(|| statistic.of(summary)).flatten();
        let extended = self.extended.iter().filter_map(|(name, statistic)| Some((name.clone(), statistic.of(summary)?)));
        let extended: Map<f64> = extended.collect();
        Datapoint {
            timestamp: Some(Time(beginning(minute))),
            sample_count: plain(Statistic::SampleCount),
            average: plain(Statistic::Average),
            sum: plain(Statistic::Sum),
            minimum: plain(Statistic::Minimum),
            maximum: plain(Statistic::Maximum),
            unit: Some(summary.unit.name().to_owned()),
            extended_statistics: (!extended.is_empty()).then_some(extended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_aws_prints_them() {
        assert_eq!([grouped(1), grouped(1_441), grouped(1_234_567)], ["1", "1,441", "1,234,567"]);
    }

    #[test]
    fn a_datapoint_has_what_was_asked_for() {
        let wanted = Wanted::read(vec!["Sum".into()], vec!["p50".into()]).unwrap();
        let point = wanted.datapoint(1, &Summary::of(2.0, 3.0, Unit::MILLISECONDS));
        assert_eq!((point.sum, point.average, point.unit.as_deref()), (Some(6.0), None, Some("Milliseconds")));
        assert_eq!(point.extended_statistics.unwrap().get("p50"), Some(&2.0));
        assert!(Wanted::read(Vec::new(), Vec::new()).is_err() && Wanted::read(vec![], vec!["Sum".into()]).is_err());
    }
}
