//! Rules of what a component does with answers that no API should give.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::network::{BODY_CANARY, Fault, Sent, list_pointer};
use crate::rules::collection::{Walk, devices, walk};
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
        let page = page?.map_err(|error| {
            super::describe_error("collect of a page with one malformed record", &error)
        })?;
        ensure!(!page.rejects.is_empty(), "there is no reject");
        let good = pages.first().map_or(0, |page| page.events.len());
        ensure!(
            page.events.len() + 1 >= good,
            "it costs more than itself: {} events are left of {good}",
            page.events.len()
        );
        Ok(())
    }

    /// Checks that the walk after the end of a walk finds a device that is new.
    pub(super) async fn walk_begins_again(&mut self) -> Result<()> {
        self.remember_requests();
        let Walk { config, pages } = self.walk()?;
        let known: BTreeSet<&str> = devices(pages).collect();
        let found = self.sent.iter().find_map(|sent| new_record(sent, &known));
        let (fault, device) =
            found.ok_or(Untested("no response is JSON with a list of records"))?;
        let cursor = pages.last().map(|page| page.cursor.as_str());
        let network = &self.guest.network;
        let mut instance = self.guest.instance().await?;
        network.set_fault(Some((0, fault)));
        let walked = walk(&mut instance, config, cursor).await;
        network.set_fault(None);
        ensure!(
            devices(&walked?).any(|walked| walked == device),
            "the walk that begins with the last cursor of a walk misses the new device {device}"
        );
        Ok(())
    }

    pub(super) async fn any_answer_is_survived(&mut self) -> Result<()> {
        let Walk { config, .. } = self.walk()?;
        let network = &self.guest.network;
        for fault in faults() {
            for good in 0..MAX_GOOD {
                let about = |call| format!("{call} with {fault} after {good} good answers");
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

/// Returns the fault by which a device is added to what a request returned, and the id of the device.
fn new_record(sent: &Sent, devices: &BTreeSet<&str>) -> Option<(Fault, String)> {
    let json: Value = serde_json::from_str(&sent.answer).ok()?;
    let pointer = list_pointer(&json)?;
    let record = json.pointer(&pointer)?.get(0)?;
    let old = devices.iter().find(|device| has_text(record, device))?;
    // An id of the same form.
    let mut begin = (*old).to_owned();
    begin.pop();
    let ids = "0123456789abcdef"
        .chars()
        .map(|end| format!("{begin}{end}"));
    let device = ids.into_iter().find(|id| !devices.contains(id.as_str()))?;
    let mut record = record.clone();
    replace(&mut record, old, &device);
    let path = sent.url.path().to_owned();
    Some((
        Fault::NewRecord {
            path,
            pointer,
            record,
        },
        device,
    ))
}

fn has_text(record: &Value, text: &str) -> bool {
    let fields = record.as_object();
    let mut values = fields.into_iter().flat_map(|fields| fields.values());
    values.any(|value| value == text)
}

/// Replaces a text in the fields of a record.
fn replace(record: &mut Value, old: &str, new: &str) {
    let fields = record.as_object_mut();
    for value in fields.into_iter().flat_map(|fields| fields.values_mut()) {
        if value == old {
            *value = new.into();
        }
    }
}
