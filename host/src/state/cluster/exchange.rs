//! Messages that are stored in the stream of the state, and read from it.

use std::time::Duration;

use async_nats::header::{HeaderMap, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE};
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{self, Context};
use async_nats::{Message, Request, Subject};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::bytes::Bytes;

use crate::state::cluster::error::ClusterError;

/// How many messages one batch can have.
pub(super) const MAX_BATCH: usize = 1000;

/// How many bytes of the servers' longest message are left for headers.
const HEADERS: usize = 16 * 1024;

/// A message to store.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub subject: String,
    pub headers: HeaderMap,
    pub payload: Bytes,
}

impl Outgoing {
    pub(super) fn new(subject: String, payload: impl Into<Bytes>) -> Self {
        let payload = payload.into();
        Self {
            subject,
            headers: HeaderMap::new(),
            payload,
        }
    }

    /// Makes the message replace the earlier ones of its subject.
    pub(super) fn replacing(mut self) -> Self {
        self.headers.insert("Nats-Rollup", "sub");
        self
    }

    /// Makes the message be refused unless `sequence` is the last one of its subject; 0 for none.
    pub(super) fn expecting(mut self, sequence: u64) -> Self {
        self.headers
            .insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string());
        self
    }
}

/// A stored message.
#[derive(Debug)]
pub(super) struct Incoming {
    pub subject: String,
    pub payload: Bytes,
}

/// The exchange of messages with the servers.
#[derive(Clone)]
pub(super) struct Exchange {
    context: Context,
    state: Stream<()>,
    /// The subject of requests to read the stream.
    direct: Subject,
    timeout: Duration,
    patience: Duration,
}

impl Exchange {
    /// Waits `timeout` for an answer, and repeats for `patience` what can be repeated.
    pub(super) fn new(
        context: Context,
        (state, name): (Stream<()>, &str),
        timeout: Duration,
        patience: Duration,
    ) -> Self {
        Self {
            context,
            state,
            direct: format!("$JS.API.DIRECT.GET.{name}").into(),
            timeout,
            patience,
        }
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Returns the longest payload that the servers store.
    pub(super) fn max_payload(&self) -> usize {
        self.context.client().max_payload().saturating_sub(HEADERS)
    }

    /// Returns the pauses of something that is tried again.
    pub(super) fn tries(&self) -> Tries {
        Tries::lasting(self.patience)
    }

    /// Stores messages, all or none, and returns the sequence of the last one; the sequences of the others precede it
    /// without a gap. Does not repeat.
    pub(super) async fn store(&self, mut messages: Vec<Outgoing>) -> Result<u64, ClusterError> {
        let last = messages.len();
        if last > 1 {
            let batch = format!("{:032x}", fastrand::u128(..));
            for (number, message) in (1..).zip(&mut messages) {
                message.headers.insert("Nats-Batch-Id", batch.as_str());
                message
                    .headers
                    .insert("Nats-Batch-Sequence", number.to_string());
                if number == last {
                    message.headers.insert("Nats-Batch-Commit", "1");
                }
            }
        }
        let commit = messages.pop();
        // Without waiting: what is wrong with one of them is wrong with the last one, too.
        for message in messages {
            self.context
                .client()
                .publish_with_headers(message.subject, message.headers, message.payload)
                .await
                .map_err(ClusterError::unreachable)?;
        }
        match commit {
            Some(message) => Ok(self
                .publish(message)
                .await?
                .map_err(|error| ClusterError::refused(&error))?
                .sequence),
            None => Ok(0),
        }
    }

    /// Publishes a message to a stream and returns its answer.
    pub(super) async fn publish(
        &self,
        message: Outgoing,
    ) -> Result<Result<jetstream::publish::PublishAck, jetstream::Error>, ClusterError> {
        let request = Request::new()
            .headers(message.headers)
            .payload(message.payload)
            .timeout(Some(self.timeout));
        let answer = self
            .context
            .client()
            .send_request(message.subject, request)
            .await
            .map_err(|error| ClusterError::unanswered(&error))?;
        match serde_json::from_slice(&answer.payload) {
            Ok(Response::Ok(stored)) => Ok(Ok(stored)),
            Ok(Response::Err { error }) => Ok(Err(error)),
            Err(error) => Err(ClusterError::unreachable(error)),
        }
    }

    /// Returns the last message of a subject and its sequence, read from the leader of the stream.
    pub(super) async fn last<T: DeserializeOwned>(
        &self,
        subject: &str,
    ) -> Result<Option<(u64, T)>, ClusterError> {
        match self.state.get_last_raw_message_by_subject(subject).await {
            Ok(message) => serde_json::from_slice(&message.payload)
                .map(|record| Some((message.sequence, record)))
                .map_err(|_| ClusterError::Damaged(subject.to_owned())),
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => Ok(None),
                LastRawMessageErrorKind::JetStream(error) => Err(ClusterError::refused(&error)),
                _ => Err(ClusterError::unreachable(error)),
            },
        }
    }

    /// Returns the messages that a filter selects, in the order of their sequences. Any server answers, also one that
    /// lacks the newest messages; one that has been replaced may come beside its replacement, before it.
    pub(super) async fn read(&self, filter: &str) -> Result<Vec<Incoming>, ClusterError> {
        let mut tries = self.tries();
        loop {
            match self.try_read(filter).await {
                Err(error) => tries.again(error).await?,
                read => return read,
            }
        }
    }

    async fn try_read(&self, filter: &str) -> Result<Vec<Incoming>, ClusterError> {
        let client = self.context.client();
        let mut messages = Vec::new();
        let mut last = 0;
        loop {
            let inbox = client.new_inbox();
            let mut replies = client
                .subscribe(inbox.clone())
                .await
                .map_err(ClusterError::unreachable)?;
            let request = json!({ "seq": last + 1, "next_by_subj": filter, "batch": 1000 });
            client
                .publish_with_reply(self.direct.clone(), inbox, request.to_string().into())
                .await
                .map_err(ClusterError::unreachable)?;
            let mut page_last = 0;
            let pending = loop {
                let Ok(Some(reply)) = timeout(self.timeout, replies.next()).await else {
                    return Err(ClusterError::unreachable("no answer in time"));
                };
                match reply.status.map(|status| status.as_u16()) {
                    None | Some(200) => {}
                    Some(404) => return Ok(messages),
                    Some(204) if number(&reply, "Nats-Last-Sequence") == Some(last) => {
                        break number(&reply, "Nats-Num-Pending");
                    }
                    Some(204) => {
                        return Err(ClusterError::unreachable("a part of an answer is missing"));
                    }
                    _ => {
                        let why = reply.description.unwrap_or_default();
                        return Err(ClusterError::unreachable(format!("reading failed: {why}")));
                    }
                }
                if number(&reply, "Nats-Last-Sequence") != Some(page_last) {
                    return Err(ClusterError::unreachable("a part of an answer is missing"));
                }
                let (Some(sequence), Some(subject)) = (
                    number(&reply, "Nats-Sequence"),
                    header(&reply, "Nats-Subject"),
                ) else {
                    return Err(ClusterError::Other(
                        "a message without a sequence".to_owned(),
                    ));
                };
                page_last = sequence;
                last = sequence;
                messages.push(Incoming {
                    subject: subject.to_owned(),
                    payload: reply.payload,
                });
            };
            if pending == Some(0) {
                return Ok(messages);
            }
        }
    }

    /// Deletes the messages of a subject that precede a sequence.
    pub(super) async fn purge(&self, subject: &str, before: u64) -> Result<(), ClusterError> {
        let purge = self.state.purge().filter(subject).sequence(before);
        purge.await.map(drop).map_err(ClusterError::unreachable)
    }
}

fn header<'m>(message: &'m Message, name: &str) -> Option<&'m str> {
    message
        .headers
        .as_ref()?
        .get(name)
        .map(|value| value.as_str())
}

fn number(message: &Message, name: &str) -> Option<u64> {
    header(message, name)?.parse().ok()
}

/// The pauses between tries.
#[derive(Debug)]
pub(super) struct Tries {
    until: Instant,
    pause: Duration,
}

impl Tries {
    /// Begins to try something for so long.
    pub(super) fn lasting(patience: Duration) -> Self {
        Self {
            until: Instant::now() + patience,
            pause: Duration::from_millis(10),
        }
    }

    /// Pauses before the next try after a failure.
    ///
    /// # Errors
    ///
    /// The failure, if another try cannot help or the time is over.
    pub(super) async fn again(&mut self, error: ClusterError) -> Result<(), ClusterError> {
        let is_over = Instant::now() + self.pause > self.until;
        if is_over || !matches!(error, ClusterError::Unreachable(_)) {
            return Err(error);
        }
        sleep(self.pause.mul_f64(0.5 + fastrand::f64())).await;
        self.pause = (self.pause * 2).min(Duration::from_millis(500));
        Ok(())
    }
}
