//! The targets of the design, with the measured values.

use crate::samples::Samples;
use crate::table::table;
use crate::unit::Unit;

/// By how much two figures that are to be the same may differ: a tenth.
const SAME: f64 = 1.1;

/// A target.
struct Target {
    /// The limited quantity.
    what: &'static str,
    /// The measured value.
    samples: Samples,
    unit: Unit,
    /// The most that its median may be.
    most: f64,
    /// The value of the Python connector, measured elsewhere.
    python: &'static str,
}

/// The quantities that have a target.
pub struct Measured {
    /// Microseconds of processor time for each endpoint.
    pub cpu: Samples,
    /// The mapping in the component as a multiple of the native one.
    pub mapping: Samples,
    /// The time of a run as a multiple of `curl`'s.
    pub wall: Samples,
    /// Peak memory of the smallest fleet, and of the largest, in MiB.
    pub memory: [Samples; 2],
    /// Peak memory of 200 accounts, and of 1,000, in MiB.
    pub accounts_memory: Vec<Samples>,
    /// Peak memory of a first run that compiles the component, in MiB.
    pub compiling_memory: Samples,
    /// Milliseconds to the first request.
    pub start: Samples,
    /// Processor time for each endpoint of a large fleet as a multiple of that of a small one.
    pub linearity: Samples,
}

/// Returns the table of targets.
pub fn targets(measured: Measured) -> String {
    let [small, large] = measured.memory;
    let mut of_accounts = measured.accounts_memory.into_iter();
    let mut of_accounts = || of_accounts.next().unwrap_or_default();
    let targets = [
        Target {
            what: "processor time per endpoint",
            samples: measured.cpu,
            unit: Unit::Microseconds,
            most: 10.0,
            python: "214 µs",
        },
        Target {
            what: "the mapping in the component, over native",
            samples: measured.mapping,
            unit: Unit::Times,
            most: 2.0,
            python: "",
        },
        Target {
            what: "time of a run, over curl",
            samples: measured.wall.clone(),
            unit: Unit::Times,
            most: 1.4,
            python: "9 ×",
        },
        Target {
            what: "the same, with the next page requested ahead",
            samples: measured.wall,
            unit: Unit::Times,
            most: 1.2,
            python: "9 ×",
        },
        Target {
            what: "peak memory of the largest fleet",
            samples: large.clone(),
            unit: Unit::Mebibytes,
            most: 64.0,
            python: "128 MiB at 50,000, growing",
        },
        Target {
            what: "the same, over that of the smallest",
            samples: large.over(&small),
            unit: Unit::Times,
            most: SAME,
            python: "",
        },
        Target {
            what: "peak memory of 200 accounts",
            samples: of_accounts(),
            unit: Unit::Mebibytes,
            most: 64.0,
            python: "",
        },
        Target {
            what: "peak memory of 1,000 accounts",
            samples: of_accounts(),
            unit: Unit::Mebibytes,
            most: 96.0,
            python: "",
        },
        Target {
            what: "peak memory of a run that compiles the component",
            samples: measured.compiling_memory,
            unit: Unit::Mebibytes,
            most: 64.0,
            python: "",
        },
        Target {
            what: "start to first request, compiled code cached",
            samples: measured.start,
            unit: Unit::Milliseconds,
            most: 30.0,
            python: "",
        },
        Target {
            what: "processor time per endpoint, a large fleet over a small one",
            samples: measured.linearity,
            unit: Unit::Times,
            most: SAME,
            python: "",
        },
    ];
    let head = ["target", " at most", " measured", "", "Python connector"];
    table(head, &targets.map(row))
}

fn row(target: Target) -> [String; 5] {
    let Target {
        what,
        samples,
        unit,
        most,
        python,
    } = target;
    let median = samples.median();
    let verdict = match median {
        Some(median) if median <= most => "met",
        Some(_) => "not met",
        None => "not measured",
    };
    [
        what.to_owned(),
        unit.write(most),
        median.map(|median| unit.write(median)).unwrap_or_default(),
        verdict.to_owned(),
        python.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_decides() {
        for (values, verdict) in [
            (&[9.0, 10.0, 30.0][..], "met"),
            (&[9.0, 10.01, 30.0], "not met"),
            (&[], "not measured"),
        ] {
            let [.., found, _] = row(Target {
                what: "",
                samples: values.iter().copied().collect(),
                unit: Unit::Microseconds,
                most: 10.0,
                python: "",
            });
            assert_eq!(found, verdict, "{values:?}");
        }
    }
}
