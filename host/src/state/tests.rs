//! What the state keeps: one suite of tests for every store, and what only a file does.

use std::collections::BTreeSet;

use super::*;

mod consent;
mod file;
mod fingerprints;
pub(crate) mod harness;
mod open;
#[cfg(feature = "cluster")]
mod requests;
mod stale;
mod walks;

use harness::{Folder, New, State, StoredBatch, at, batch, t1};

macro_rules! on_every_store {
    ($($module:ident::$name:ident,)+) => {
        mod on_a_file {
            use super::*;
            $(
                #[test]
                fn $name() {
                    $module::$name(Folder::file);
                }
            )+
        }

        #[cfg(feature = "cluster")]
        mod in_a_cluster {
            use super::*;
            $(
                #[test]
                fn $name() {
                    $module::$name(Folder::cluster);
                }
            )+
        }
    };
}

on_every_store! {
    walks::a_walk_leaves_its_marks,
    walks::a_full_walk_that_begins_anew_has_a_new_beginning,
    walks::a_full_walk_of_one_page_ends_at_once,
    walks::an_error_keeps_the_cursor_and_a_success_forgets_the_error,
    walks::a_source_that_never_gave_a_batch_has_an_error_and_no_cursor,
    walks::a_set_cursor_replaces_a_walk_and_restarts_the_interval,
    walks::a_set_cursor_is_not_pruned_with_the_source_that_was_gone,
    walks::rows_are_kept_apart_forgotten_and_pruned,
    walks::a_source_that_is_not_listed_is_gone_until_it_is_back,
    walks::what_is_gone_is_pruned,
    walks::what_is_stored_is_there_for_the_next_one,
    walks::a_reader_changes_nothing,
    walks::the_slot_of_each_account_is_kept_and_forgotten_with_it,
    stale::a_device_that_turns_back_after_a_failed_push_is_news,
    stale::only_the_devices_of_the_source_are_forgotten,
    stale::another_destination_of_a_source_knows_none_of_its_devices,
    stale::a_destination_goes_with_its_source,
    fingerprints::a_device_is_news_until_it_is_confirmed_as_it_is,
    fingerprints::a_device_that_comes_twice_is_compared_to_itself,
    fingerprints::sources_of_any_account_are_kept_apart,
    fingerprints::a_full_walk_drops_the_devices_that_it_does_not_find,
    fingerprints::nothing_is_trusted_once_it_is_forgotten,
    consent::the_last_approval_of_each_account_is_kept,
    consent::it_stays_when_cursors_are_forgotten_and_goes_with_its_account,
    consent::the_first_run_approves_and_a_build_that_asks_for_more_is_refused,
}
