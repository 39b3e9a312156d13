//! What a bench must not exceed where it is to be strict.

use super::bench_report::Costs;
use crate::rehearsal::load::{LoadReport, Quantiles};

/// A figure, and what is promised of it for 500 calls on a core.
struct Limit {
    name: &'static str,
    unit: &'static str,
    most: f64,
    found: f64,
}

/// What is more than is promised, all of it; nothing if that is kept.
pub(super) fn exceeded(costs: &Costs, seen: &LoadReport, tls: bool) -> Option<String> {
    let over: Vec<String> = limits(costs, seen, tls)
        .iter()
        .filter(|limit| limit.found > limit.most)
        .map(Limit::line)
        .collect();
    (!over.is_empty()).then(|| over.join("; "))
}

impl Limit {
    fn line(&self) -> String {
        let Self {
            name,
            unit,
            most,
            found,
        } = self;
        format!("{name}: {found:.2} {unit}, {most} at most")
    }
}

fn limits(costs: &Costs, seen: &LoadReport, tls: bool) -> [Limit; 8] {
    let limit = |name, found, unit, most| Limit {
        name,
        unit,
        most,
        found,
    };
    let p50 = |times: &Quantiles| times.p50_us / 1e3;
    let p99 = |times: &Quantiles| times.p99_us / 1e3;
    let (cpu, cpu_at_most) = (costs.cpu_ms_per_call_second, if tls { 2.0 } else { 1.5 });
    [
        limit("delay of the caller, p50", p50(&seen.up), "ms", 0.5),
        limit("delay of the caller, p99", p99(&seen.up), "ms", 5.0),
        limit("delay of the model, p50", p50(&seen.down), "ms", 0.5),
        limit("delay of the model, p99", p99(&seen.down), "ms", 5.0),
        limit("clear, p99", p99(&seen.barge_in), "ms", 10.0),
        limit("CPU per call and second", cpu, "ms", cpu_at_most),
        limit("memory per call", costs.memory_kib_per_call, "KiB", 100.0),
        limit("memory without a call", costs.idle_mib, "MiB", 40.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: Costs = Costs {
        cpu_ms_per_call_second: 1.7,
        user_ms_per_call_second: 0.7,
        system_ms_per_call_second: 1.0,
        waits_per_second: 1_500.0,
        idle_mib: 38.0,
        memory_kib_per_call: 92.0,
    };

    #[test]
    fn all_that_is_more_than_is_promised_is_named_with_its_limit() {
        let mut seen = LoadReport::default();

        assert_eq!(exceeded(&COSTS, &seen, true), None);
        seen.down.p99_us = 5_500.0;
        assert_eq!(
            exceeded(&COSTS, &seen, false).as_deref(),
            Some(
                "delay of the model, p99: 5.50 ms, 5 at most; \
                 CPU per call and second: 1.70 ms, 1.5 at most"
            )
        );
    }
}
