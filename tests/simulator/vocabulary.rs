//! The words that generated records are drawn from.
//!
//! Names of people are invented; a word that is listed twice is drawn twice as often.

use fastrand::Rng;
use time::{Duration, OffsetDateTime};

use crate::clock;

/// A kind of machine: what its `type` and `os` say.
#[derive(Clone, Copy, Default)]
pub(crate) struct Machine {
    pub(crate) prefix: &'static str,
    pub(crate) is_server: bool,
    pub(crate) platform: &'static str,
    pub(crate) name: &'static str,
    pub(crate) version: Option<(u32, u32, u32)>,
}

const fn machine(
    prefix: &'static str,
    is_server: bool,
    platform: &'static str,
    name: &'static str,
    version: Option<(u32, u32, u32)>,
) -> Machine {
    Machine {
        prefix,
        is_server,
        platform,
        name,
        version,
    }
}

pub(crate) const MACHINES: &[Machine] = &[
    machine(
        "EXAMPLE-LT",
        false,
        "windows",
        "Windows 11 Pro",
        Some((10, 0, 22631)),
    ),
    machine(
        "EXAMPLE-LT",
        false,
        "windows",
        "Windows 11 Enterprise",
        Some((10, 0, 26100)),
    ),
    machine(
        "EXAMPLE-LT",
        false,
        "windows",
        "Windows 11 Pro",
        Some((10, 0, 26100)),
    ),
    machine(
        "EXAMPLE-PC",
        false,
        "windows",
        "Windows 10 Pro",
        Some((10, 0, 19045)),
    ),
    machine(
        "EXAMPLE-PC",
        false,
        "windows",
        "Windows 10 Enterprise LTSC",
        Some((10, 0, 19044)),
    ),
    machine(
        "example-mac",
        false,
        "macOS",
        "macOS Sequoia 15.6.1",
        Some((15, 6, 1)),
    ),
    machine(
        "example-mac",
        false,
        "macOS",
        "macOS Sonoma 14.7",
        Some((14, 7, 0)),
    ),
    machine(
        "EXAMPLE-SRV",
        true,
        "windows",
        "Windows Server 2022 Standard",
        Some((10, 0, 20348)),
    ),
    machine(
        "EXAMPLE-SRV",
        true,
        "windows",
        "Windows Server 2019 Datacenter",
        Some((10, 0, 17763)),
    ),
    machine("example-db", true, "linux", "Ubuntu 22.04 LTS", None),
    machine(
        "example-web",
        true,
        "linux",
        "Red Hat Enterprise Linux 9.4",
        Some((9, 4, 0)),
    ),
    machine("example-dev", false, "linux", "Ubuntu 24.04.1 LTS", None),
];

pub(crate) const HEALTH: &[&str] = &[
    "good",
    "good",
    "good",
    "good",
    "good",
    "good",
    "good",
    "good",
    "suspicious",
    "bad",
    "unknown",
    "good",
];
pub(crate) const SERVICE_STATUS: &[&str] = &[
    "running", "running", "running", "running", "running", "running", "running", "stopped",
    "missing",
];
pub(crate) const SERVICES: &[&str] = &[
    "Sophos MCS Client",
    "Sophos Endpoint Defense",
    "Sophos File Scanner",
    "Sophos System Protection Service",
    "Sophos MCS Agent",
    "Sophos Health Service",
    "Sophos Network Threat Protection",
    "Sophos AutoUpdate Service",
    "Sophos Live Query",
    "Sophos Managed Threat Response",
    "HitmanPro.Alert service",
    "Sophos Device Encryption Service",
    "Sophos Safestore",
    "Sophos Clean",
];
pub(crate) const PRODUCTS: &[&str] = &[
    "coreAgent",
    "interceptX",
    "xdr",
    "endpointProtection",
    "deviceEncryption",
    "mtr",
    "mtd",
    "ztna",
];
pub(crate) const PACKAGE: &[&str] = &[
    "assigned",
    "assigned",
    "assigned",
    "unassigned",
    "upgradable",
];
pub(crate) const LOCKDOWN: &[&str] = &[
    "notInstalled",
    "notInstalled",
    "unavailable",
    "unlocked",
    "locked",
    "locking",
];
pub(crate) const ENCRYPTION: &[&str] = &[
    "encrypted",
    "encrypted",
    "encrypted",
    "notEncrypted",
    "encrypting",
    "notSupported",
    "suspended",
    "unknown",
];
pub(crate) const GROUPS: &[&str] = &[
    "Workstations",
    "Reception",
    "Finance",
    "Zürich – Büro",
    "Domain Controllers",
    "Développement",
    "東京オフィス",
];
pub(crate) const FIRST_NAMES: &[&str] = &[
    "Ida", "Noor", "Zoë", "Mateo", "Ilse", "Kenji", "Olu", "Petra",
];
pub(crate) const LAST_NAMES: &[&str] = &[
    "Example",
    "Sample",
    "Müller-Beispiel",
    "Ejemplo",
    "Voorbeeld",
    "Exemple",
];
pub(crate) const TAG_KEYS: &[&str] = &[
    "site",
    "owner",
    "cost-centre",
    "environment",
    "wave",
    "building",
];
pub(crate) const TAG_VALUES: &[&str] = &[
    "north",
    "south",
    "research and development",
    "production",
    "pilot",
    "47-11",
];

/// One word of a list; the empty word of an empty list.
pub(crate) fn pick<T: Copy + Default>(rng: &mut Rng, words: &[T]) -> T {
    rng.choice(words).copied().unwrap_or_default()
}

/// Returns a moment of the year 2025, one in five without fraction.
pub(crate) fn past_moment(rng: &mut Rng) -> String {
    let start = OffsetDateTime::UNIX_EPOCH + Duration::seconds(START_OF_2025);
    let moment = start + Duration::milliseconds(rng.i64(0..365 * 86_400_000));
    clock::timestamp(moment, rng.u8(..5) > 0)
}

/// 2025-01-01T00:00:00Z in Unix seconds.
const START_OF_2025: i64 = 1_735_689_600;
