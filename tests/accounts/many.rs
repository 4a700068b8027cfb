//! Two hundred accounts of one component: one copy of its code, files opened when they are needed.

use std::path::Path;
use std::process::{Command, Stdio};

use sophos_central_simulator::resource_usage;

use crate::{ENDPOINTS, add, collect, delivered, workplace};

const ACCOUNTS: usize = 200;

/// The most descriptors that the host may have.
const DESCRIPTORS: u32 = 256;

/// The largest allowed resident memory.
const MEMORY: u64 = 64 << 20;

#[test]
fn two_hundred_accounts_take_64_mib_and_256_descriptors() {
    let work = workplace();
    let names: Vec<_> = (0..ACCOUNTS)
        .map(|number| format!("customer-{number}"))
        .collect();
    for name in &names {
        add(&work, name, &work.simulator);
    }
    // Compiling the component takes more, but only once per build.
    work.host(&collect(&["--account", "customer-0", "--dry-run"]))
        .expect(0);
    let host = work.command(&collect(&["--quiet"]));
    // The limit holds for what the shell becomes.
    let mut limited = Command::new("/bin/sh");
    limited
        .args([
            "-c",
            &format!("ulimit -n {DESCRIPTORS} && exec \"$0\" \"$@\""),
        ])
        .arg(host.get_program())
        .args(host.get_args())
        .current_dir(host.get_current_dir().unwrap())
        .env_clear()
        .envs(
            host.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    let report = work.path("usage.json");
    let measurer = Path::new(env!("CARGO_BIN_EXE_resource-usage"));
    let output = resource_usage::measured(measurer, &report, &limited)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    for name in &names {
        assert_eq!(delivered(&work, name).len(), ENDPOINTS, "{name}");
    }
    let peak = resource_usage::take(&report).unwrap().peak_memory;
    assert!(
        peak <= MEMORY,
        "{ACCOUNTS} accounts took {} MiB",
        peak >> 20
    );
}
