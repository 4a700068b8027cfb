//! `sophos-central-simulator`: a simulated Sophos Central for demonstrations and measurements.
//!
//! The only line on stdout is its URL, the client id and the client secret, separated by blanks, so that a script can
//! `read` them. It serves until it is killed.

use std::io::{self, Write};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use sophos_central_simulator::{
    Credential, DEFAULT_TENANT, Fleet, Gzip, Options, RecordSize, Simulator, Tenant,
};
use time::OffsetDateTime;

/// A simulated Sophos Central on 127.0.0.1. Prints "URL CLIENT_ID CLIENT_SECRET" and serves until killed.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The number of endpoints of each tenant.
    #[arg(long, value_name = "N", default_value_t = 5000)]
    endpoints: u64,
    /// The seed of the endpoints: the same seed makes the same endpoints.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The TCP port; 0 chooses a free one.
    #[arg(long, value_name = "P", default_value_t = 0)]
    port: u16,
    /// The level of the credential.
    #[arg(long, value_enum, default_value = "tenant")]
    credential: Level,
    /// The number of tenants of a partner or an organization.
    #[arg(long, value_name = "N", default_value_t = 3)]
    tenants: u64,
    /// The number of endpoints that check in, at the current time, before each endpoints request.
    #[arg(long, value_name = "K", default_value_t = 0)]
    check_in_per_page: u64,
    /// The size of a record: about 1.3 KB or about 5 KB.
    #[arg(long, value_enum, default_value = "normal")]
    record_size: Size,
    /// Never compress answers, even if the client accepts it.
    #[arg(long)]
    no_gzip: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Tenant,
    Partner,
    Organization,
}

#[derive(Clone, Copy, ValueEnum)]
enum Size {
    Normal,
    Large,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let simulator = Simulator::try_start(options(&arguments))?;
    if arguments.check_in_per_page > 0 {
        let (size, count) = (arguments.endpoints.max(1), arguments.check_in_per_page);
        let mut next = 0;
        simulator.before_each(move |fleet| {
            for _ in 0..count {
                fleet.check_in(next % size, OffsetDateTime::now_utc());
                // A stride that does not divide the size spreads the check-ins over the whole fleet.
                next += 7919;
            }
        });
    }
    let (id, secret) =
        simulator.configure(|options| (options.client_id.clone(), options.client_secret.clone()));
    let mut out = io::stdout().lock();
    writeln!(out, "{} {id} {secret}", simulator.url()).context("cannot write to stdout")?;
    out.flush().context("cannot write to stdout")?;
    drop(out);
    simulator.serve();
    Ok(())
}

fn options(arguments: &Arguments) -> Options {
    let size = match arguments.record_size {
        Size::Normal => RecordSize::Normal,
        Size::Large => RecordSize::Large,
    };
    let credential = match arguments.credential {
        Level::Tenant => Credential::Tenant,
        Level::Partner => Credential::Partner,
        Level::Organization => Credential::Organization,
    };
    let mut tenants = match credential {
        Credential::Tenant => {
            let fleet = Fleet::new(arguments.seed, arguments.endpoints);
            vec![Tenant::new(DEFAULT_TENANT, "Example Dental Ltd", fleet)]
        }
        _ => Tenant::generate(arguments.seed, arguments.tenants, arguments.endpoints),
    };
    for tenant in &mut tenants {
        tenant.fleet = tenant.fleet.clone().with_record_size(size);
    }
    let mut options = Options::with_tenants(credential, tenants);
    options.port = arguments.port;
    if arguments.no_gzip {
        options.gzip = Gzip::Never;
    }
    // Nobody asks for them, and a long measurement would gather them without end.
    options.record_requests = false;
    options
}
