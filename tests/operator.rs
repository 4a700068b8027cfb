//! What an operator sees of unattended runs: summary, metrics, log, and a stop in time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use rustix::process::Signal;
use serde_json::{Value, json};
use sophos_central_simulator::intake::{self, Intake};
use sophos_central_simulator::{Access, Credential, Fault, Fleet, Options, Route, Tenant};
use support::running::{self, Running};
use support::{QUICK, Workplace};

/// Returns a partner with four tenants of three endpoints: one answers 404, one was not activated, one is excluded.
fn partner() -> Workplace {
    let mut tenants = Tenant::generate(7, 4, 3);
    tenants[2].access = Access::NotActivated;
    let fails = tenants[1].id.clone();
    let work = Workplace::new(Options::with_tenants(Credential::Partner, tenants));
    work.simulator.fault_when(
        Route::Endpoints,
        move |request| request.header("x-tenant-id") == Some(&fails),
        Fault::status(404),
    );
    work.edit_config(
        "rate_limits = []",
        "rate_limits = []\nskip = [\"Example 4\"]",
    );
    work
}

fn tenants(work: &Workplace) -> Vec<String> {
    work.simulator.configure(|options| {
        let id = |tenant: &Tenant| tenant.id.clone();
        options.tenants.iter().map(id).collect()
    })
}

#[test]
fn the_summary_lists_each_source_and_the_totals() {
    let work = partner();
    let ran = work
        .host(&["collect", "--summary", "summary.json"])
        .expect(1);
    let summary = std::fs::read_to_string(work.path("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["exit_code"], 1);
    assert_eq!(summary["totals"]["events"], 3);
    assert_eq!(
        [
            &summary["totals"]["sources"],
            &summary["totals"]["failed"],
            &summary["totals"]["not_collectable"]
        ],
        [2, 1, 1]
    );
    let mut sources = summary["sources"].as_array().unwrap().clone();
    sources.sort_by_key(|source| source["name"].to_string());
    let told: Vec<_> = sources
        .iter()
        .map(|source| {
            json!([
                source["account"],
                source["name"],
                source["source"],
                source["outcome"],
                source["events"]
            ])
        })
        .collect();
    let ids = tenants(&work);
    assert_eq!(
        told,
        [
            json!(["acme", "Example 1", ids[0], "up_to_date", 3]),
            json!(["acme", "Example 2", ids[1], "failed", 0]),
            json!(["acme", "Example 3", ids[2], "not_collectable", 0]),
            json!(["acme", "Example 4", ids[3], "skipped", 0]),
        ]
    );
    assert!(sources[1]["reason"].as_str().unwrap().contains("404"));
    assert!(sources[0]["mark"].is_string());
    // The log for people has the same, a line for each.
    for source in &sources {
        let (name, id) = (
            source["name"].as_str().unwrap(),
            source["source"].as_str().unwrap(),
        );
        assert!(
            ran.stderr
                .lines()
                .any(|line| line.starts_with("acme") && line.contains(name) && line.contains(id)),
            "{name} in\n{}",
            ran.stderr
        );
    }
}

#[test]
fn metrics_are_written_to_a_file_after_each_run() {
    let work = partner();
    work.host(&["collect", "--metrics", "metrics.prom"])
        .expect(1);
    let metrics = std::fs::read_to_string(work.path("metrics.prom")).unwrap();
    let ids = tenants(&work);
    let has = |name: &str, labels: &[(&str, &str)], value: &str| {
        let found = metrics.lines().any(|line| {
            line.starts_with(&format!("{name}{{"))
                && line.ends_with(&format!(" {value}"))
                && labels
                    .iter()
                    .all(|(key, text)| line.contains(&format!("{key}=\"{text}\"")))
        });
        assert!(found, "{name} {labels:?} {value} in\n{metrics}");
    };
    let first = ("source", ids[0].as_str());
    has(
        "asset_host_source_events_total",
        &[("account", "acme"), first],
        "3",
    );
    has(
        "asset_host_source_outcome",
        &[first, ("outcome", "up_to_date")],
        "1",
    );
    has(
        "asset_host_source_outcome",
        &[("source", &ids[1]), ("outcome", "failed")],
        "1",
    );
    assert!(
        metrics.contains("asset_host_last_run_exit_code{account=\"acme\"} 1"),
        "{metrics}"
    );
    // The next process continues from the state, which remembers when the source was last up to date.
    work.simulator
        .fault_always(Route::Token, Fault::status(401));
    work.host(&["collect", "--metrics", "metrics.prom"])
        .expect(1);
    let metrics = std::fs::read_to_string(work.path("metrics.prom")).unwrap();
    let success = format!(
        "asset_host_source_last_success_timestamp_seconds{{account=\"acme\",source=\"{}\"}}",
        ids[0]
    );
    assert!(metrics.contains(&success), "{metrics}");
}

#[test]
fn metrics_are_written_also_if_the_summary_cannot_be() {
    let work = partner();
    // The summary can be written when the run begins, and no more once the secret is read.
    work.edit_config(
        "client_secret = { env = \"TEST_CLIENT_SECRET\" }",
        "client_secret = { command = [\"sh\", \"-c\", \"mkdir summary.json; echo canary-secret\"] }",
    );
    let files = ["--summary", "summary.json", "--metrics", "metrics.prom"];
    work.host(&[&["collect"], &files[..]].concat())
        .expect(1)
        .says(&["--summary: summary.json: cannot be written"]);
    assert!(work.path("metrics.prom").exists());
}

#[test]
fn an_account_removed_from_the_configuration_has_no_metrics() {
    let work = Workplace::new(Options::new(Fleet::new(1, 3)));
    let acme = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let zeta = acme.replace("account.acme", "account.zeta");
    work.write("asset-host.toml", &format!("{acme}\n{zeta}"));
    let mut running = Running::start(
        &work,
        &["collect", "--every", "1s", "--metrics", "127.0.0.1:0"],
    );
    for _ in ["acme", "zeta"] {
        running.wait_for("the next run starts in");
    }
    let port = running.port_of_metrics();
    let zeta = "asset_host_source_last_success_timestamp_seconds{account=\"zeta\"";
    let answer = running::ask_for_metrics(&port, "localhost");
    assert!(answer.contains(zeta), "{answer}");

    // Replaced in one step, since a run may be reading it.
    work.write("other.toml", &acme);
    std::fs::rename(work.path("other.toml"), work.path("asset-host.toml")).unwrap();
    running.wait_for("the configuration no longer has the account account=\"zeta\"");
    running.wait_for("the next run starts in");
    let answer = running::ask_for_metrics(&port, "localhost");
    assert!(!answer.contains("zeta"), "{answer}");
    let acme = zeta.replace("zeta", "acme");
    assert!(answer.contains(&acme), "{answer}");
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn metrics_are_served_on_loopback_and_nowhere_else() {
    let work = partner();
    let mut running = Running::start(
        &work,
        &["collect", "--every", "1h", "--metrics", "127.0.0.1:0"],
    );
    running.wait_for("the next run starts in");
    let port = running.port_of_metrics();
    let answer = running::ask_for_metrics(&port, &format!("localhost:{port}"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("asset_host_runs_total"), "{answer}");
    // A web page whose name now resolves to this machine.
    let rebound = running::ask_for_metrics(&port, &format!("rebound.example.com:{port}"));
    assert!(rebound.starts_with("HTTP/1.1 421"), "{rebound}");
    assert!(!rebound.contains("asset_host"), "{rebound}");
    assert!(!rebound.contains("Example 1"), "{rebound}");
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, Some(1), "{log}");

    work.simulator.clear_requests();
    for address in ["0.0.0.0:9464", "192.0.2.1:9464", "metrics.example.com:9464"] {
        work.host(&["collect", "--metrics", address])
            .expect(2)
            .says(&["--metrics", "loopback"]);
    }
    assert!(work.simulator.requests().is_empty());
}

#[test]
fn json_log_lines_name_their_account_and_source() {
    let work = partner();
    let ran = work
        .host(&[
            "collect",
            "-vv",
            "--log-format",
            "json",
            "--summary",
            "s.json",
        ])
        .expect(1);
    let lines: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let ids = tenants(&work);
    for line in &lines {
        for key in ["timestamp", "level", "message"] {
            assert!(line[key].is_string(), "{key} in {line}");
        }
        assert_eq!(
            line.get("account")
                .map_or("acme", |account| account.as_str().unwrap()),
            "acme"
        );
    }
    let of = |message: &str| {
        lines
            .iter()
            .filter(|line| line["message"].as_str().unwrap().contains(message))
            .collect::<Vec<_>>()
    };
    let requests = of("request");
    assert!(requests.iter().all(|line| line["account"] == "acme"));
    assert!(
        requests.iter().any(|line| line["source"] == *ids[0]),
        "a page is asked for a source"
    );
    let answered = |line: &&&Value| line["status"] == 200 && line["seconds"].is_f64();
    assert!(
        requests.iter().filter(answered).count() > 2,
        "a request has its status and its duration"
    );
    assert_eq!(of("up to date")[0]["source"], *ids[0]);
    assert_eq!(of("up to date")[0]["name"], "Example 1");
    assert!(of("404").iter().any(|line| line["source"] == *ids[1]));

    let summary = std::fs::read_to_string(work.path("s.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let logged = |line: &Value, told: &Value| {
        for (key, value) in told.as_object().unwrap() {
            let left_out = value.is_null() && line.get(key).is_none();
            assert!(left_out || line[key] == *value, "{key} in {line}");
        }
    };
    let run = of("summary of the run")[0];
    logged(run, &summary["totals"]);
    for key in ["exit_code", "duration_seconds", "dry_run", "stopped"] {
        assert_eq!(run[key], summary[key], "{key}");
    }
    let sources = summary["sources"].as_array().unwrap();
    for (line, told) in of("summary of a source").iter().zip(sources) {
        logged(line, told);
    }
}

#[test]
fn a_page_that_does_not_finish_is_abandoned_in_time() {
    let work = Workplace::new(Options::new(Fleet::new(1, 1_200)));
    // Token, whoami, and the first page, which is the current one from here on; later ones may only be requested ahead.
    work.simulator.hold(3);
    let mut running = Running::start(&work, &["collect", "--stop-within", "1ms"]);
    work.simulator.wait_until_held();
    running.signal(Signal::TERM);
    running.wait_for("was not finished within 1ms");
    // The answer is still held.
    let (code, log) = running.end();
    assert_eq!(code, Some(1), "{log}");
    work.simulator.clear_holds();
    work.simulator.release();
    work.collect(0);
    assert_eq!(work.ids(), work.simulator.fleet(|fleet| fleet.ids()));
}

#[test]
fn an_output_file_that_cannot_be_written_is_reported_before_any_request() {
    let work = partner();
    for (args, words) in [
        (&["--summary", "nowhere/summary.json"][..], "--summary"),
        (&["--metrics", "nowhere/metrics.prom"], "--metrics"),
        (&["--every", "1h", "--jitter", "2h"], "--jitter"),
        (&["--jitter", "1m"], "--every"),
        (&["--jobs", "0"], "--jobs"),
        (
            &["--since", "2026-01-01T00:00:00Z", "--every", "1h"],
            "--every",
        ),
    ] {
        let args: Vec<_> = ["collect"].iter().chain(args).copied().collect();
        work.host(&args).expect(2).says(&[words]);
    }
    assert!(work.simulator.requests().is_empty());
    assert!(work.state().is_none());
}

#[test]
fn state_list_shows_mark_last_success_and_last_error_of_each_source() {
    let work = partner();
    work.configure("", QUICK);
    work.collect(1);
    let list = work.host(&["state", "list"]).expect(0).stdout;
    let ids = tenants(&work);
    let line = |id: &str| {
        list.lines()
            .find(|line| line.contains(id))
            .unwrap_or_else(|| panic!("{list}"))
    };
    for word in ["MARK", "LAST SUCCESS", "LAST ERROR"] {
        assert!(list.contains(word), "{list}");
    }
    assert!(line(&ids[1]).contains("404"), "{list}");
    assert_eq!(
        line(&ids[0]).matches("T").count() + line(&ids[0]).matches("Z").count(),
        4,
        "{list}"
    );
}

#[test]
fn a_run_that_cannot_start_is_in_the_metrics() {
    let work = partner();
    work.edit_config("rate_limits = []", "rate_limit = []");
    work.host(&["collect", "--metrics", "metrics.prom"])
        .expect(2)
        .says(&["rate_limit"]);
    let metrics = std::fs::read_to_string(work.path("metrics.prom")).unwrap();
    assert!(
        metrics.contains("asset_host_last_run_exit_code{account=\"acme\"} 2"),
        "{metrics}"
    );
}

#[test]
fn sighup_does_not_end_a_service_with_any_destination() {
    let work = partner();
    // Not standard output, which `Running` drops.
    let intake = Intake::start(intake::Options::new());
    let url = intake.url();
    work.deliver(&format!("to = \"http\"\nurl = \"{url}/events\""));
    let mut running = Running::start(&work, &["collect", "--every", "1h"]);
    running.wait_for("the next run starts in");
    running.signal(Signal::HUP);
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, Some(1), "{log}");
}
