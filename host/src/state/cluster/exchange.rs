//! Messages that are stored in the stream of the state, and read from it.

use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::response::Response;
use async_nats::{Client, Message, Subject};
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::state::cluster::error::ClusterError;

/// How long the next part of an answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// How many messages one batch can have.
pub(super) const MAX_BATCH: usize = 1000;

/// How many bytes of the servers' longest message are left for headers.
const HEADERS: usize = 16 * 1024;

/// A message to store, after its subject.
pub(super) type Outgoing = (Subject, PublishMessage);

/// The exchange of messages with the servers. Unanswered requests end by the client's time.
pub(super) struct Exchange {
    pub client: Client,
    /// The name of the stream of the state.
    pub stream: String,
    /// How long something is tried again.
    pub patience: Duration,
}

impl Exchange {
    /// Returns the longest payload that the servers store.
    pub(super) fn max_payload(&self) -> usize {
        self.client.max_payload().saturating_sub(HEADERS)
    }

    /// Returns the pauses of something that is tried again.
    pub(super) fn tries(&self) -> Tries {
        Tries::lasting(self.patience)
    }

    /// Stores messages, all or none, and returns the sequence of the last one. Does not repeat.
    pub(super) async fn store(&self, messages: &[Outgoing]) -> Result<u64, ClusterError> {
        let Some(((subject, commit), others)) = messages.split_last() else {
            return Ok(0);
        };
        let mut commit = commit.clone();
        if !others.is_empty() {
            let id = random_id();
            let numbered = |message: &PublishMessage, number: usize| {
                let message = message.clone().header("Nats-Batch-Id", id.as_str());
                message.header("Nats-Batch-Sequence", number.to_string())
            };
            // Without waiting: where one of them is refused, the last one is, too.
            for (number, (subject, message)) in (1..).zip(others) {
                let message = numbered(message, number).outbound_message(subject.clone());
                let headers = message.headers.unwrap_or_default();
                let sent =
                    self.client
                        .publish_with_headers(message.subject, headers, message.payload);
                sent.await?;
            }
            commit = numbered(&commit, messages.len()).header("Nats-Batch-Commit", "1");
        }
        Ok(self.publish(subject.clone(), commit).await?.sequence)
    }

    /// Publishes a message to a stream and returns what it answers. Does not repeat.
    pub(super) async fn publish(
        &self,
        subject: Subject,
        message: PublishMessage,
    ) -> Result<PublishAck, ClusterError> {
        let message = message.outbound_message(subject);
        let headers = message.headers.unwrap_or_default();
        let answer = self
            .client
            .request_with_headers(message.subject, headers, message.payload);
        match serde_json::from_slice(&answer.await?.payload)? {
            Response::Ok(stored) => Ok(stored),
            Response::Err { error } => Err(ClusterError::refused(&error)),
        }
    }

    /// Returns the messages that a filter selects, in the order of their sequences. Any server answers, also one that
    /// lacks the newest messages; one that was replaced may come before the one that replaced it.
    pub(super) async fn read(&self, filter: &str) -> Result<Vec<Message>, ClusterError> {
        let mut tries = self.tries();
        loop {
            match self.try_read(filter).await {
                Err(error) => tries.again(error).await?,
                read => return read,
            }
        }
    }

    async fn try_read(&self, filter: &str) -> Result<Vec<Message>, ClusterError> {
        let stream = format!("$JS.API.DIRECT.GET.{}", self.stream);
        let mut messages = Vec::new();
        let mut last = 0;
        loop {
            let inbox = self.client.new_inbox();
            let mut replies = self.client.subscribe(inbox.clone()).await?;
            let request = json!({ "seq": last + 1, "next_by_subj": filter, "batch": 1000 });
            let request = request.to_string().into();
            self.client
                .publish_with_reply(stream.clone(), inbox, request)
                .await?;
            let pending = loop {
                let reply = timeout(ANSWER, replies.next()).await.ok().flatten();
                let mut reply = reply.ok_or_else(ClusterError::no_answer)?;
                match reply.status.map(|status| status.as_u16()) {
                    None => {
                        last = number(&reply, "Nats-Sequence");
                        reply.subject = header(&reply, "Nats-Subject").into();
                        messages.push(reply);
                    }
                    Some(404) => return Ok(messages),
                    // Otherwise a part of the answer is missing.
                    Some(204) if number(&reply, "Nats-Last-Sequence") == last => {
                        break number(&reply, "Nats-Num-Pending");
                    }
                    status => {
                        let why = format!("reading failed with {status:?} {:?}", reply.description);
                        return Err(ClusterError::Unreachable(why));
                    }
                }
            };
            if pending == 0 {
                return Ok(messages);
            }
        }
    }
}

/// Returns a header, or an empty text.
pub(super) fn header<'m>(message: &'m Message, name: &str) -> &'m str {
    let header = message
        .headers
        .as_ref()
        .and_then(|headers| headers.get(name));
    header.map_or("", |value| value.as_str())
}

pub(super) fn number(message: &Message, name: &str) -> u64 {
    header(message, name).parse().unwrap_or_default()
}

/// Returns an id that is as good as unique.
pub(super) fn random_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// The pauses between tries.
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
