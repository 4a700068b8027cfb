//! Rules of the manifest.

use anyhow::{Context, Result, ensure};
use connector_runtime::Manifest;

use crate::rules::Subject;

impl Subject {
    pub(super) async fn manifest_is_stable(&mut self) -> Result<()> {
        let mut instance = self.guest.instance().await?;
        let first = instance.describe().await.context("describe")?;
        let again = instance.describe().await.context("describe")?;
        ensure!(first == again, "two calls of describe return two manifests");
        let other = self.guest.instance().await?.describe().await?;
        ensure!(first == other, "another instance returns another manifest");
        Ok(())
    }

    pub(super) async fn manifest_fits_its_schema(&mut self) -> Result<()> {
        let text = self.guest.instance().await?.describe().await?;
        self.manifest = Some(Manifest::parse(&text)?);
        Ok(())
    }
}
