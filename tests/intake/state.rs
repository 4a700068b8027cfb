//! Everything a running intake knows, and how it answers a request.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Value, json};

use super::delivery::{self, Delivery, Route};
use super::failure::{Failure, Takes};
use super::options::{Options, TaskStatus};
use super::sekoia::{self, Refusal};
use super::{bulk, collector};
use crate::answer::{Answer, error_word};
use crate::damage::{self, Content};
use crate::fault::Fault;
use crate::holds::Holds;
use crate::request::Request;
use crate::script::Script;
use crate::server::{Answering, Reply};
use crate::uuid;

type EventCondition = Arc<dyn Fn(&Value) -> bool + Send + Sync>;
type Condition = Arc<dyn Fn(&Delivery) -> bool + Send + Sync>;

pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) script: Script<Route, Delivery, Failure>,
    pub(crate) holds: Holds,
    pub(crate) connections: u64,
    /// The events accepted, oldest first.
    pub(crate) events: Vec<Value>,
    pub(crate) deliveries: Vec<Delivery>,
    /// How the tasks of some batches go; the first that fits counts.
    pub(crate) special_tasks: Vec<(Condition, Vec<TaskStatus>)>,
    /// The remaining statuses of each task.
    tasks: HashMap<String, Vec<TaskStatus>>,
    /// What becomes of some events, and how many times.
    pub(crate) item_rules: Vec<(EventCondition, u64, (u16, String))>,
    /// What the bulk API holds, by id.
    pub(crate) documents: BTreeMap<String, Value>,
    ids: Rng,
}

impl State {
    pub(crate) fn new(options: Options) -> State {
        State {
            options,
            script: Script::new(),
            holds: Holds::default(),
            connections: 0,
            events: Vec::new(),
            deliveries: Vec::new(),
            special_tasks: Vec::new(),
            tasks: HashMap::new(),
            item_rules: Vec::new(),
            documents: BTreeMap::new(),
            ids: Rng::with_seed(0),
        }
    }

    /// Reads the events of a push, and judges it.
    fn judge(&self, delivery: &mut Delivery) -> Result<(), Refusal> {
        let request = &mut delivery.request;
        delivery::inflate(request).map_err(|message| (400, message))?;
        delivery.events = match Route::at(&request.path) {
            (Route::Bulk, _) => {
                let (actions, events) = bulk::judge(request)?;
                delivery.actions = actions;
                events
            }
            (Route::Collector, _) => collector::judge(&self.options, request)?,
            (Route::Plain, _) if !matches!(request.method.as_str(), "POST" | "PUT") => {
                return Err((405, "Method Not Allowed".to_owned()));
            }
            (Route::Plain, _) => {
                delivery::events(&request.body).map_err(|message| (400, message))?
            }
            (Route::Connector, uuid) => sekoia::judge_push(&self.options, request, uuid)?,
            (Route::Task, _) => {
                sekoia::judge_key(&self.options, request)?;
                Vec::new()
            }
        };
        Ok(())
    }

    /// Returns what becomes of the events of which the first ones may be accepted: status and error type of each one
    /// about which there is a rule.
    fn fates(&mut self, delivery: &Delivery) -> Vec<(u16, String)> {
        let mut fates = Vec::new();
        for (index, event) in delivery.events.iter().enumerate() {
            let action = delivery.actions.get(index);
            let exists = action.is_some_and(|action| {
                action.kind == "create" && self.documents.contains_key(&action.id)
            });
            let rule = self
                .item_rules
                .iter_mut()
                .find(|(condition, times, _)| *times > 0 && condition(event));
            fates.push(match rule {
                Some((_, times, fate)) => {
                    *times = times.saturating_sub(1);
                    fate.clone()
                }
                None if exists => (409, "version_conflict_engine_exception".to_owned()),
                None => (201, String::new()),
            });
        }
        if delivery.route == Route::Collector {
            let invalid = fates.iter().position(|(_, error)| !error.is_empty());
            fates.truncate(invalid.map_or(fates.len(), |number| number + 1));
        }
        fates
    }

    /// Returns the answer to a valid request of which this many events are accepted.
    fn true_answer(
        &mut self,
        delivery: &Delivery,
        taken: usize,
        fates: &[(u16, String)],
    ) -> Answer {
        let body = json!({"accepted": taken, "rejected": delivery.events.len() - taken});
        match Route::at(&delivery.request.path) {
            (Route::Bulk, _) => bulk::answer(&delivery.actions, fates),
            (Route::Collector, _) => {
                collector::answer(fates.iter().position(|(_, error)| !error.is_empty()))
            }
            (Route::Plain, _) if self.options.status == 204 => Answer {
                status: 204,
                headers: Vec::new(),
                body: Vec::new(),
            },
            (Route::Plain, _) => answer(self.options.status, &body),
            (Route::Connector, _) => answer(200, &self.push(delivery, body)),
            (Route::Task, id) => match self.tasks.get_mut(id) {
                Some(statuses) => {
                    let status = statuses.first().cloned().unwrap_or(TaskStatus::Finished);
                    if statuses.len() > 1 {
                        statuses.remove(0);
                    }
                    answer(200, &status.body(id))
                }
                None => refuse((404, format!("there is no task {id:?}"))),
            },
        }
    }

    /// Begins the task of a batch, and adds its id to the answer.
    fn push(&mut self, delivery: &Delivery, mut body: Value) -> Value {
        let statuses = self.task_of(delivery);
        if !statuses.is_empty() {
            let id = uuid::uuid(&mut self.ids);
            if let Some(fields) = body.as_object_mut() {
                fields.insert("task_id".to_owned(), id.clone().into());
            }
            self.tasks.insert(id, statuses);
        }
        body
    }

    /// Returns how the task of this batch goes.
    fn task_of(&self, delivery: &Delivery) -> Vec<TaskStatus> {
        let special = self
            .special_tasks
            .iter()
            .find(|(condition, _)| condition(delivery));
        special.map_or(&self.options.task, |(_, task)| task).clone()
    }

    /// Returns how many of the events are accepted once the answer is as it should be.
    fn ingested(&self, delivery: &Delivery) -> usize {
        let fails = delivery.route == Route::Connector
            && self
                .task_of(delivery)
                .last()
                .is_some_and(|status| !status.ingests());
        if fails { 0 } else { delivery.events.len() }
    }
}

impl Answering for State {
    fn connect(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    fn reply(&mut self, request: Request) -> Reply {
        let mut delivery = Delivery {
            sent_bytes: request.body.len(),
            route: Route::at(&request.path).0,
            request,
            events: Vec::new(),
            actions: Vec::new(),
            accepted: 0,
        };
        let judged = self.judge(&mut delivery);
        let failure = self.script.next(delivery.route, &delivery);
        let takes = failure.as_ref().map_or(Takes::All, |failure| failure.takes);
        let mut accepted = Vec::new();
        let mut fates = Vec::new();
        if judged.is_ok() {
            let most = takes.of(self.ingested(&delivery));
            if most > 0 {
                fates = self.fates(&delivery);
            }
            for (index, (event, (_, error))) in
                delivery.events.iter().zip(&fates).enumerate().take(most)
            {
                if error.is_empty() {
                    accepted.push(event.clone());
                    if let Some(action) = delivery.actions.get(index) {
                        self.documents.insert(action.id.clone(), event.clone());
                    }
                }
            }
            delivery.accepted = accepted.len();
        }
        let fault = failure.and_then(|failure| failure.fault);
        let answer = match (&fault, judged) {
            (
                Some(Fault::Status {
                    code,
                    headers,
                    body,
                }),
                _,
            ) => status(*code, headers, body.as_deref()),
            (_, Err(refusal)) => match delivery.route {
                Route::Bulk => bulk::refuse(refusal),
                Route::Collector => collector::refuse(refusal),
                _ => refuse(refusal),
            },
            (_, Ok(())) => self.true_answer(&delivery, takes.of(delivery.events.len()), &fates),
        };
        let content = match &fault {
            Some(fault) => damage::wire(fault, damage::body(fault, answer, &[])),
            None => Content::Answer(answer),
        };
        self.events.extend(accepted);
        self.deliveries.push(delivery);
        Reply {
            wait: self.holds.due() || matches!(fault, Some(Fault::Stall)),
            content,
        }
    }

    fn recorded(&self) -> usize {
        self.deliveries.len()
    }
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer::json(status, body.to_string().into_bytes())
}

fn refuse((status, message): Refusal) -> Answer {
    answer(
        status,
        &json!({"code": error_word(status), "message": message}),
    )
}

fn status(code: u16, headers: &[(String, String)], body: Option<&[u8]>) -> Answer {
    let mut answer = refuse((code, error_word(code).to_owned()));
    if let Some(body) = body {
        answer.body = body.to_vec();
    }
    for (name, value) in headers {
        answer.set_header(name, value);
    }
    answer
}
