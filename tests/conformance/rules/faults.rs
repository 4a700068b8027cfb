//! Rules of what a component does with answers that no API should give.

use anyhow::{Context, Result, ensure};

use crate::network::{BODY_CANARY, Fault};
use crate::rules::collection::{Walk, walk};
use crate::rules::{Subject, Untested};

/// How many requests of a call are answered well before the fault, at most.
const MAX_GOOD: usize = 4;

fn faults() -> Vec<Fault> {
    let c = BODY_CANARY;
    let answer = |status: u16, body: String| Fault::Answer(status, body);
    vec![
        Fault::Broken,
        answer(200, String::new()),
        answer(200, format!("<!doctype html><title>{c}</title>")),
        answer(200, format!("{{\"items\":[{{\"id\":\"{c}\"")),
        answer(
            200,
            format!("{{\"items\":\"{c}\",\"pages\":[],\"access_token\":17,\"id\":null}}"),
        ),
        answer(200, format!("[17,null,\"{c}\",[],{{\"id\":[]}}]")),
        answer(200, "[".repeat(100_000)),
        answer(200, "null".to_owned()),
        answer(204, String::new()),
        answer(302, c.to_owned()),
        answer(400, format!("{{\"error\":\"{c}\"}}")),
        answer(401, c.to_owned()),
        answer(403, c.to_owned()),
        answer(404, c.to_owned()),
        answer(429, c.to_owned()),
        answer(500, c.to_owned()),
        answer(503, format!("<html>{c}</html>")),
    ]
}

impl Subject {
    pub(super) async fn malformed_record_is_a_reject(&mut self) -> Result<()> {
        let Walk { config, pages } = self.walk()?;
        let network = &self.guest.network;
        let mut instance = self.guest.instance().await?;
        network.set_fault(Some((0, Fault::MalformedRecord)));
        let page = instance.collect(config, None).await;
        if !network.set_fault(None) {
            return Err(Untested("no response is JSON with a list of records").into());
        }
        let page = page?
            .map_err(|error| super::told("collect of a page with one malformed record", &error))?;
        ensure!(!page.rejects.is_empty(), "there is no reject");
        let good = pages.first().map_or(0, |page| page.events.len());
        ensure!(
            page.events.len() + 1 >= good,
            "it costs more than itself: {} events are left of {good}",
            page.events.len()
        );
        Ok(())
    }

    pub(super) async fn any_answer_is_survived(&mut self) -> Result<()> {
        let Walk { config, .. } = self.walk()?;
        let network = &self.guest.network;
        for fault in faults() {
            for good in 0..MAX_GOOD {
                let about = |call| format!("{call} with {fault:?} after {good} good answers");
                for call in ["check", "discover", "collect"] {
                    let mut instance = self.guest.instance().await?;
                    network.set_fault(Some((good, fault.clone())));
                    let said = match call {
                        "check" => format!(
                            "{:?}",
                            instance
                                .check(&self.config)
                                .await
                                .with_context(|| about(call))?
                        ),
                        "discover" => format!(
                            "{:?}",
                            instance
                                .discover(&self.config, None)
                                .await
                                .with_context(|| about(call))?
                        ),
                        _ => format!(
                            "{:?}",
                            instance
                                .collect(config, None)
                                .await
                                .with_context(|| about(call))?
                        ),
                    };
                    network.set_fault(None);
                    let is_error = said.starts_with("Err");
                    ensure!(
                        !is_error || !said.contains(BODY_CANARY),
                        "{}: the error repeats the body: {said}",
                        about(call)
                    );
                    if call == "collect" && is_error {
                        walk(&mut instance, config, None)
                            .await
                            .with_context(|| format!("after {}", about(call)))?;
                    }
                }
            }
        }
        Ok(())
    }
}
