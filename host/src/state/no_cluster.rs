//! In the place of the cluster, where the program is built without its feature: there are no values of these types.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::config::cluster::ClusterConfig;
use crate::state::change::{Change, DeviceKey, Stored};
use crate::state::error::{StateError, StateProblem};
use crate::state::start::Wanted;

#[derive(Clone)]
pub(crate) enum Cluster {}
pub(crate) enum Claim {}
pub(crate) enum Lease {}
pub(crate) enum Term {}

pub(crate) enum Published {
    Stored,
    Duplicate,
    Queued,
}

#[derive(Clone)]
pub(crate) struct Tick {
    pub account: String,
    pub slot: OffsetDateTime,
    pub wanted: Wanted,
    pub accept_rejects: bool,
}

pub(crate) struct Delivery {
    pub tick: Tick,
    pub lease: Lease,
}

impl Cluster {
    pub(crate) async fn connect(_: &ClusterConfig) -> Result<Self, StateError> {
        let why = "this asset-host is built without the feature `cluster`";
        Err(StateError {
            place: "in the cluster".to_owned(),
            problem: StateProblem::Other(why.into()),
        })
    }

    pub(crate) fn place(&self) -> String {
        match *self {}
    }

    pub(crate) fn rejects(&self) -> PathBuf {
        match *self {}
    }

    pub(crate) async fn read(&self, _: &str) -> Result<Stored, StateError> {
        match *self {}
    }

    pub(crate) async fn read_all(&self) -> Result<BTreeMap<String, Stored>, StateError> {
        match *self {}
    }

    pub(crate) async fn claim(&self, _: &str) -> Result<(Claim, Stored), StateError> {
        match *self {}
    }

    pub(crate) async fn snapshot(&self, _: &str) -> Result<(Claim, Stored), StateError> {
        match *self {}
    }

    pub(crate) async fn publish(&self, _: &Tick) -> Result<Published, StateError> {
        match *self {}
    }

    pub(crate) async fn pull(&self) -> Result<Option<Delivery>, StateError> {
        match *self {}
    }
}

impl Claim {
    pub(crate) fn clock(&self) -> u64 {
        match *self {}
    }

    pub(crate) async fn commit(&self, _: &Change) -> Result<(), StateError> {
        match *self {}
    }

    pub(crate) async fn fingerprints(&self, _: &str, _: &[DeviceKey]) -> Vec<Option<u64>> {
        match *self {}
    }

    pub(crate) async fn all_fingerprints(&self, _: &str) -> Vec<(DeviceKey, u64)> {
        match *self {}
    }
}

impl Lease {
    pub(crate) fn term(&self) -> Arc<Term> {
        match *self {}
    }

    pub(crate) async fn done(self) -> Result<(), StateError> {
        match self {}
    }

    pub(crate) async fn hand_back(self, _: Duration) -> Result<(), StateError> {
        match self {}
    }

    pub(crate) async fn retry_later(self) -> Result<(), StateError> {
        match self {}
    }

    pub(crate) async fn terminate(self) -> Result<(), StateError> {
        match self {}
    }
}

impl Term {
    pub(crate) async fn ended(&self) {
        match *self {}
    }

    pub(crate) fn is_held(&self) -> bool {
        match *self {}
    }
}
