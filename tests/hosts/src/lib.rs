//! What a host of `examples/` must show, whatever it is written in: the same cases for each, against the simulator,
//! compared with what `asset-host` delivers.
//!
//! A file of `tests/` describes one host by [`Host`], and [`tests!`] makes its tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod allowed;
pub mod cases;
mod place;
mod program;

pub use allowed::assert_decides;
pub use place::{Call, Host, Ran};
pub use sophos_central_simulator::project::{built, root};

/// Makes a test of each case, for the host that the function returns; `all` are all cases.
#[macro_export]
macro_rules! tests {
    ($host:path: all) => {
        $crate::tests!(
            $host:
            check_names_the_account,
            discover_lists_the_sources_of_all_pages,
            collect_prints_what_the_program_delivers,
            collect_prints_the_events_of_all_tenants,
            a_source_that_fails_does_not_affect_the_others,
            a_record_that_cannot_be_mapped_does_not_cost_its_page,
            explain_prints_what_the_program_explains,
            explain_names_the_place_of_a_fault,
            config_and_record_may_be_in_files,
            a_second_run_goes_on_from_the_stored_cursors,
            events_that_are_not_written_store_no_cursor,
            a_source_that_is_not_listed_any_more_is_a_failure,
            errors_that_stay_are_not_tried_again,
            junk_instead_of_json_is_not_tried_again,
            an_expired_session_is_begun_anew_once,
            a_rate_limit_is_waited_for,
            an_unavailable_api_is_tried_again_for_a_while,
            a_config_that_does_not_fit_is_reported_by_field,
            an_untrusted_certificate_is_reported,
            a_broken_connection_is_tried_again,
            an_answer_that_ends_early_is_tried_again,
            an_answer_that_stalls_is_tried_again,
            bytes_that_are_not_http_are_tried_again,
            a_connection_that_always_breaks_is_given_up,
            a_host_that_is_not_allowed_is_not_reached,
            requests_keep_to_the_limits_of_the_manifest,
        );
    };
    ($host:path: $($case:ident),+ $(,)?) => {
        $(
            #[test]
            fn $case() {
                $crate::cases::$case(&$host());
            }
        )+
    };
}
