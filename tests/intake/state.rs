//! Everything a running intake knows, and how it answers a request.

use std::collections::HashMap;
use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Value, json};

use super::delivery::{self, Delivery, Route};
use super::failure::{Failure, Takes};
use super::options::{Options, TaskStatus};
use super::sekoia::{self, Refusal};
use crate::answer::{Answer, error_word};
use crate::damage::{self, Content};
use crate::fault::Fault;
use crate::holds::Holds;
use crate::request::Request;
use crate::script::Script;
use crate::server::{Answering, Reply};
use crate::uuid;

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
            ids: Rng::with_seed(0),
        }
    }

    /// Reads the events of a push, and judges it.
    fn judge(&self, delivery: &mut Delivery) -> Result<(), Refusal> {
        let request = &mut delivery.request;
        delivery::inflate(request).map_err(|message| (400, message))?;
        delivery.events = match Route::at(&request.path) {
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

    /// Returns the answer to a valid request of which this many events are accepted.
    fn true_answer(&mut self, delivery: &Delivery, taken: usize) -> Answer {
        let body = json!({"accepted": taken, "rejected": delivery.events.len() - taken});
        match Route::at(&delivery.request.path) {
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
            accepted: 0,
        };
        let judged = self.judge(&mut delivery);
        let failure = self.script.next(delivery.route, &delivery);
        let takes = failure.as_ref().map_or(Takes::All, |failure| failure.takes);
        if judged.is_ok() {
            delivery.accepted = takes.of(self.ingested(&delivery));
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
            (_, Err(refusal)) => refuse(refusal),
            (_, Ok(())) => self.true_answer(&delivery, takes.of(delivery.events.len())),
        };
        let content = match &fault {
            Some(fault) => damage::wire(fault, damage::body(fault, answer, &[])),
            None => Content::Answer(answer),
        };
        let accepted = delivery.events.iter().take(delivery.accepted);
        self.events.extend(accepted.cloned());
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
