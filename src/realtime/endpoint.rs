//! Where the model lives, and how we show who we are.

use std::fmt;

use url::Url;

use super::Trust;
use super::connection::Error;
use crate::domain::Secret;

/// A server that speaks the protocol: OpenAI, Azure or a compatible one.
///
/// Prints its address without the query, where some servers want a key.
#[derive(Clone)]
pub struct Endpoint {
    /// `wss://api.openai.com/v1/realtime`, or where else it lives. The query
    /// is kept as it is.
    pub url: String,
    /// The model, added to the query as `model` unless that names one already;
    /// on Azure the name of a deployment. Empty adds nothing.
    pub model: String,
    /// The key, if one is needed.
    pub api_key: Option<Secret<String>>,
    /// How the key is shown.
    pub auth: Auth,
    /// Further headers, such as `OpenAI-Organization`. `OpenAI-Beta` is never
    /// sent: the server closes the connection at the sight of it.
    pub headers: Vec<(String, Secret<String>)>,
    /// Whose certificates are believed.
    pub trust: Trust,
}

/// How the key is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Auth {
    /// `Authorization: Bearer ...`, nearly everywhere.
    #[default]
    Bearer,
    /// `api-key: ...`, on Azure.
    ApiKeyHeader,
}

impl Endpoint {
    /// The endpoint at `url` with `model`, to be filled in further.
    pub fn new(url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            model: model.into(),
            api_key: None,
            auth: Auth::default(),
            headers: Vec::new(),
            trust: Trust::default(),
        }
    }

    /// What it is called where it is measured: its host and its model.
    pub fn label(&self) -> String {
        let url = self.request_url().ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        format!("{host}/{}", self.model)
    }

    /// The address that is dialled: [`Self::url`] with the model.
    ///
    /// A query that names a model, an Azure deployment or a call to attach to
    /// (`call_id`) has its model already.
    pub fn request_url(&self) -> Result<Url, Error> {
        let mut url = Url::parse(self.url.trim())
            .map_err(|_| Error::InvalidUrl("is not a URL; it looks like wss://host/v1/realtime"))?;
        if !matches!(url.scheme(), "ws" | "wss") {
            return Err(Error::InvalidUrl("must begin with wss:// or ws://"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(Error::InvalidUrl("names no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::InvalidUrl(
                "must not hold a user or a password; use a header instead",
            ));
        }
        url.set_fragment(None);
        let names_model = url
            .query_pairs()
            .any(|(name, _)| matches!(name.as_ref(), "model" | "deployment" | "call_id"));
        if !names_model && !self.model.is_empty() {
            url.query_pairs_mut().append_pair("model", &self.model);
        }
        Ok(url)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.url.split(['?', '#']).next().unwrap_or_default();
        let address = match address.rsplit_once('@') {
            Some((_, address)) => address,
            None => address,
        };
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Endpoint")
            .field("url", &address)
            .field("model", &self.model)
            .field("auth", &self.auth)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}
