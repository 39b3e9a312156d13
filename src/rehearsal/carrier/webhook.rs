//! Sends the carrier's signed requests.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::time::Instant;
use url::Url;

use super::options::{CarrierOptions, Fault};
use super::report::WebhookReport;
use super::signature::sign;
use super::twiml::{Document, read};
use crate::rehearsal::names::carrier_name;

/// The carrier's HTTP client.
#[derive(Clone, Debug)]
pub(super) struct WebhookClient {
    http: reqwest::Client,
}

/// One request to be made.
#[derive(Clone, Debug)]
pub(super) struct WebhookRequest {
    pub(super) url: Url,
    pub(super) is_get: bool,
    pub(super) form: Vec<(String, String)>,
    pub(super) idempotency_token: String,
}

impl WebhookRequest {
    pub(super) fn post(url: Url, form: Vec<(String, String)>) -> Self {
        Self {
            url,
            is_get: false,
            form,
            idempotency_token: carrier_name(""),
        }
    }
}

/// An answer: what is reported of it, and its content type.
#[derive(Clone, Debug)]
pub(super) struct WebhookAnswer {
    pub(super) report: WebhookReport,
    content_type: String,
    error: Option<String>,
}

impl WebhookAnswer {
    /// The TwiML in it. An error ends the document, with the carrier's code.
    pub(super) fn document(&self) -> Result<Document, String> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let (url, status) = (&self.report.url, self.report.status.unwrap_or_default());
        if status != 200 {
            return Err(format!("11200: {url} answered {status}"));
        }
        let media_type = self
            .content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        if !["text/xml", "application/xml", "text/html"].contains(&media_type) {
            return Err(format!(
                "12300: {url} answered with content type '{media_type}'"
            ));
        }
        read(&self.report.body)
    }

    /// Whether it is sound that a caller can hear.
    pub(super) fn is_sound(&self) -> bool {
        self.report.status == Some(200) && SOUNDS.contains(&self.content_type.as_str())
    }

    /// What is wrong with an answer that carries no TwiML.
    pub(super) fn callback_problem(&self) -> Option<String> {
        if let Some(error) = &self.error {
            return Some(error.clone());
        }
        let status = self.report.status.unwrap_or_default();
        let is_fine = (200..300).contains(&status);
        (!is_fine).then(|| format!("11200: {} answered {status}", self.report.url))
    }
}

impl WebhookClient {
    pub(super) fn new() -> Self {
        // The gateway is on this machine: no certificate is ever looked at.
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .expect("ring knows the default versions of TLS")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent("TwilioProxy/1.1")
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIME_LIMIT)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client of constant settings can be built");
        Self { http }
    }

    /// Sends `request` and waits for the answer, as long as the carrier does.
    pub(super) async fn send(
        &self,
        options: &CarrierOptions,
        faults: &[Fault],
        request: &WebhookRequest,
    ) -> WebhookAnswer {
        let mut signed = request.url.clone();
        if request.is_get {
            signed.query_pairs_mut().extend_pairs(&request.form);
        }
        let begun = Instant::now();
        let result = self.exchange(options, faults, request, &signed).await;
        let report = WebhookReport {
            url: signed.to_string(),
            form: request.form.clone(),
            status: None,
            body: String::new(),
            took: begun.elapsed(),
        };
        match result {
            Ok((status, content_type, body)) => {
                let report = WebhookReport {
                    status: Some(status),
                    body,
                    ..report
                };
                WebhookAnswer {
                    report,
                    content_type,
                    error: None,
                }
            }
            Err(error) => WebhookAnswer {
                report,
                content_type: String::new(),
                error: Some(error),
            },
        }
    }

    async fn exchange(
        &self,
        options: &CarrierOptions,
        faults: &[Fault],
        request: &WebhookRequest,
        signed: &Url,
    ) -> Result<(u16, String, String), String> {
        let is_forged = faults.contains(&Fault::ForgedWebhookSignature);
        let token = if is_forged {
            "not the token"
        } else {
            options.auth_token.expose().as_str()
        };
        let form: &[(String, String)] = if request.is_get { &[] } else { &request.form };
        let signature = sign(token, signed.as_str(), form);
        let target = really_at(options, signed)?;
        let builder = if request.is_get {
            self.http.get(target)
        } else {
            self.http.post(target).form(form)
        };
        let response = builder
            .header("X-Twilio-Signature", signature)
            .header("I-Twilio-Idempotency-Token", &request.idempotency_token)
            .header("Accept", "*/*")
            .header("Host", host_of(signed))
            .send()
            .await
            .map_err(|error| failure(&error, signed))?;
        let status = response.status().as_u16();
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let body = response
            .text()
            .await
            .map_err(|error| failure(&error, signed))?;
        Ok((status, content_type, body))
    }
}

/// Where a public URL is really found.
fn really_at(options: &CarrierOptions, url: &Url) -> Result<Url, String> {
    let parse = |text: &str| Url::parse(text).map_err(|error| format!("11100: {text}: {error}"));
    let (base, public) = (parse(&options.base_url)?, parse(&options.public_url)?);
    if url.origin() != public.origin() {
        return Err(format!("11210: {url} is not at {}", options.public_url));
    }
    let mut target = base;
    target.set_path(url.path());
    target.set_query(url.query());
    Ok(target)
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn failure(error: &reqwest::Error, url: &Url) -> String {
    let (code, what) = if error.is_timeout() {
        (11200, "did not answer in 15 s")
    } else if error.is_connect() {
        (11205, "could not be reached")
    } else {
        (11200, "did not answer properly")
    };
    format!("{code}: {url} {what}")
}

/// <https://www.twilio.com/docs/voice/twiml/play#supported-audio-file-types>
const SOUNDS: [&str; 5] = [
    "audio/mpeg",
    "audio/wav",
    "audio/wave",
    "audio/x-wav",
    "audio/basic",
];

/// The carrier waits no longer for any webhook.
const TIME_LIMIT: Duration = Duration::from_secs(15);
