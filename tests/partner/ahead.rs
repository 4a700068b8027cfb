//! Pages that the component requests ahead, while it maps the previous one.

use sophos_central_simulator::{Access, Route};

use super::{Intake, intake, partner, tenants};
use crate::support::QUICK;

/// How many pages a tenant has.
const PAGES: usize = 6;

/// How many instances share the tenants.
const JOBS: usize = 2;

#[test]
fn every_page_of_a_tenant_is_requested_once() {
    let work = partner(1, PAGES as u64 * 50);
    work.configure("page_size = 50", QUICK);
    work.collect(0);
    let pages = work.simulator.requests_of(Route::Endpoints);
    assert_eq!(pages.len(), PAGES);
}

/// While its page is in transfer a tenant returns its instance, and may get another one, which lacks its answer.
#[test]
fn a_dropped_instance_loses_at_most_one_answer() {
    let intake = Intake::start(intake::Options::new());
    let work = partner(4, PAGES as u64 * 50);
    work.configure("page_size = 50", QUICK);
    work.deliver(&format!("to = \"http\"\nurl = \"{}/in\"", intake.url()));
    work.host(&["collect", "--jobs", &JOBS.to_string()])
        .expect(0);
    let open = work.simulator.configure(|options| {
        let tenants = options.tenants.iter();
        tenants
            .filter(|tenant| tenant.access == Access::Open)
            .count()
    });
    assert_eq!(open, tenants(&work).len());
    let pages = work.simulator.requests_of(Route::Endpoints);
    assert!(
        pages.len() <= open * PAGES + JOBS,
        "{} requests for {} pages",
        pages.len(),
        open * PAGES
    );
}
