//! Measures `read` and `map` on one endpoint of 1.3 KB, the size that `view=full` sends for a laptop:
//! `cargo run --release -p sophos-assets --example map_speed`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use sophos_assets::mapping::{self, MapError};
use time::OffsetDateTime;

const ENDPOINT: &str = r#"{"id":"5c1d2e3f-4a5b-4c6d-8e7f-901a2b3c4d5e","type":"computer","tenant":{"id":"11d1f0aa-3b7e-4c8e-9d10-2f4c5a6b7c01"},"hostname":"EXAMPLE-LT-014","health":{"overall":"suspicious","threats":{"status":"suspicious"},"services":{"status":"good","serviceDetails":[{"name":"Sophos MCS Client","status":"running"}]}},"os":{"isServer":false,"platform":"windows","name":"Windows 11 Pro","majorVersion":10,"minorVersion":0,"build":22631},"ipv4Addresses":["192.0.2.44"],"ipv6Addresses":["2001:db8::1c2d:3e4f:5a6b:7c8d"],"macAddresses":["00:00:5E:00:53:30"],"group":{"id":"7d8e9f00-1122-4334-8556-778899aabbcc","name":"Reception"},"associatedPerson":{"id":"aa0b1c2d-3e4f-4051-8263-748596a7b8c9","name":"EXAMPLE\\ida","viaLogin":"EXAMPLE\\ida"},"tamperProtectionSupported":true,"tamperProtectionEnabled":true,"assignedProducts":[{"code":"coreAgent","version":"2025.2.3.8.0","status":"installed"},{"code":"ztna","status":"notInstalled"}],"lastSeenAt":"2026-11-20T08:41:07.318Z","registeredAt":"2025-02-11T13:02:55.004Z","serialNumber":"PF0X7Z1Q","encryption":{"volumes":[{"volumeId":"\\\\?\\Volume{1f2e3d4c-0000-0000-0000-100000000000}\\","status":"encrypted"}],"overallStatus":"encrypted"},"online":true,"isolation":{"status":"notIsolated","adminIsolated":false,"selfIsolated":false},"tags":[]}"#;

const ROUNDS: u32 = 200_000;

/// The best of ten rounds, since anything else on the machine can only slow one down.
fn measure(name: &str, step: impl Fn() -> Result<(), MapError>) -> Result<(), MapError> {
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        for _ in 0..ROUNDS / 10 {
            step()?;
        }
        best = best.min(start.elapsed());
    }
    println!(
        "{name}: {:.2} µs",
        best.as_secs_f64() * 1e6 / f64::from(ROUNDS / 10)
    );
    Ok(())
}

fn main() -> Result<(), MapError> {
    let now = OffsetDateTime::UNIX_EPOCH;
    println!("{} bytes", ENDPOINT.len());
    measure("read", || {
        mapping::read(black_box(ENDPOINT)).map(|endpoint| drop(black_box(endpoint)))
    })?;
    measure("read and map", || {
        let endpoint = mapping::read(black_box(ENDPOINT))?;
        mapping::map(&endpoint, now).map(|event| drop(black_box(event)))
    })
}
