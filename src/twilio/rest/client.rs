//! The client: one request, its answer, and the tries between them.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::account::Account;
use super::address;
use super::error::{Cause, Error, Refusal};
use super::patience::{Failure, Jitter, Patience, Tries};
use super::request::{Method, Request};

/// Speaks for one account. Cheap to clone: the clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    account: Account,
    patience: Patience,
    jitter: Jitter,
}

impl Client {
    /// Where Twilio is.
    pub const BASE_URL: &'static str = "https://api.twilio.com";

    /// Speaks for `account` at `base`, by `http`, which should give up on a
    /// connection after 2 s or so and follow nobody elsewhere.
    pub fn new(http: reqwest::Client, base: Url, account: Account, jitter: Jitter) -> Self {
        Self {
            http,
            base,
            account,
            patience: Patience::default(),
            jitter,
        }
    }

    /// The same, with other limits.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The account's SID.
    pub fn account_sid(&self) -> &str {
        &self.account.sid
    }

    /// The address of a resource of the account: `Calls/CA….json`.
    pub(super) fn at(&self, path: &[&str]) -> Url {
        address::of(&self.base, &self.account.sid, path)
    }

    /// The address that Twilio gives of a further page. None if it leads out
    /// of the account.
    pub(super) fn at_uri(&self, uri: &str) -> Option<Url> {
        address::of_uri(&self.base, &self.account.sid, uri)
    }

    /// Sends a request until it is answered, and reads the answer.
    pub(super) async fn send<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        let read = |body: &[u8]| serde_json::from_slice(body).ok();
        self.persist(request, read).await
    }

    /// Sends a request until it is answered, where the answer says nothing.
    pub(super) async fn send_for_nothing(&self, request: &Request) -> Result<(), Error> {
        self.persist(request, |_: &[u8]| Some(())).await
    }

    /// Sends a request until it is answered with bytes that are what they
    /// should be.
    pub(super) async fn fetch(
        &self,
        request: &Request,
        is_good: fn(&[u8]) -> bool,
    ) -> Result<Vec<u8>, Error> {
        let read = |body: &[u8]| is_good(body).then(|| body.to_vec());
        self.persist(request, read).await
    }

    async fn persist<T>(
        &self,
        request: &Request,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T, Error> {
        let now = || Instant::now().into_std();
        let mut tries = Tries::new(self.patience, request.repeat, now());
        loop {
            let patience = tries.begin(now());
            let answer = timeout(patience, self.exchange(request)).await;
            let failure = match answer {
                Ok(Ok(body)) => match read(&body) {
                    Some(value) => return Ok(value),
                    None => Failure::Lost(Cause::Unreadable),
                },
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Lost(Cause::Timeout),
            };
            let wait = tries.after(failure, (self.jitter)(), now())?;
            sleep(wait).await;
        }
    }

    /// Sends a request once; a good answer, whose body comes as it is read.
    pub(super) async fn open(&self, request: &Request) -> Result<Response, Error> {
        let now = || Instant::now().into_std();
        let once = Patience {
            tries: 1,
            ..self.patience
        };
        let mut tries = Tries::new(once, request.repeat, now());
        let patience = tries.begin(now());
        let failure = match timeout(patience, self.answer(request)).await {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::Lost(Cause::Timeout),
        };
        let refused = tries.after(failure, (self.jitter)(), now());
        Err(refused.err().unwrap_or(Error::Unavailable(Cause::Timeout)))
    }

    /// Sends a request once; the body of a good answer.
    async fn exchange(&self, request: &Request) -> Result<Vec<u8>, Failure> {
        let response = self.answer(request).await?;
        let body = read_body(response, request.max_bytes).await;
        body.map_err(Failure::Lost)
    }

    /// Sends a request once; a good answer, before its body is read.
    async fn answer(&self, request: &Request) -> Result<Response, Failure> {
        let url = request.url();
        let builder = match request.method {
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url),
            Method::Delete => self.http.delete(url),
        };
        let mut builder = builder
            .basic_auth(&self.account.user, Some(self.account.password.expose()))
            .header(ACCEPT, request.accept);
        if let Some(lasting) = request.lasting {
            builder = builder.timeout(lasting);
        }
        if let Some(form) = request.form() {
            builder = builder
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form);
        }
        let response = builder.send().await.map_err(|error| failure(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let asked = retry_after(response.headers());
        let body = read_body(response, request.max_bytes).await;
        Err(match status {
            StatusCode::TOO_MANY_REQUESTS => Failure::Busy(asked),
            _ if status.is_client_error() => {
                let body = body.unwrap_or_default();
                Failure::Refused(Refusal::read(status.as_u16(), &body))
            }
            _ => Failure::Lost(Cause::Failed(status.as_u16())),
        })
    }
}

/// Shows neither who asks nor with what.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base.as_str())
            .field("account", &self.account)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// The whole body, if it is not too long.
async fn read_body(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, Cause> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
        if body.len() + chunk.len() > max_bytes {
            return Err(Cause::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The next part of a body that comes as it is read; none at its end.
pub(super) async fn next_part(response: &mut Response) -> Result<Option<Bytes>, Error> {
    let part = response.chunk().await;
    part.map_err(|error| Error::Unavailable(cause(&error)))
}

/// What is known of an exchange that ended without an answer. A connection
/// that was never made carried nothing.
fn failure(error: &reqwest::Error) -> Failure {
    if error.is_connect() || error.is_builder() {
        Failure::Unsent
    } else {
        Failure::Lost(cause(error))
    }
}

fn cause(error: &reqwest::Error) -> Cause {
    if error.is_timeout() {
        Cause::Timeout
    } else {
        Cause::Broken
    }
}

/// Whole seconds, as Twilio gives them; a date counts as nothing said.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}
