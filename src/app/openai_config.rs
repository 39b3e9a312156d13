//! The agent's maker, as far as it can be configured.

use std::time::Duration;

use clap::{Args, ValueEnum};
use url::Url;

use super::duration;
use super::setting::{Header, Overlay, RealtimeUrl, credential, http_url};
use crate::domain::Secret;

/// The agent's maker, or somebody who speaks its protocol.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "OpenAI and compatibles")]
pub struct OpenAiConfig {
    /// The API key, `sk-...`, from <https://platform.openai.com/api-keys>.
    #[arg(long, env, value_parser = credential, hide_env_values = true, value_name = "KEY")]
    pub openai_api_key: Secret<String>,

    /// Where the Realtime API is, `wss://`; a query of its own is kept.
    #[arg(
        long,
        env,
        default_value = "wss://api.openai.com/v1/realtime",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub openai_realtime_url: RealtimeUrl,

    /// The model that answers.
    #[arg(long, env, default_value = "gpt-realtime-2.1", value_name = "MODEL")]
    pub openai_realtime_model: String,

    /// How the key is shown: `Authorization: Bearer`, or Azure's `api-key`.
    #[arg(long, env, default_value = "bearer", value_enum, value_name = "HOW")]
    pub openai_realtime_auth: RealtimeAuth,

    /// Where callers are answered while the first Realtime API cannot be reached
    /// or refuses us: another region, say. Default: the first.
    #[arg(long, env, hide_env_values = true, value_name = "URL")]
    pub openai_realtime_fallback_url: Option<RealtimeUrl>,

    /// The model that answers then. Default: the same; if neither this nor the
    /// URL is set, nobody does.
    #[arg(long, env, value_name = "MODEL")]
    pub openai_realtime_fallback_model: Option<String>,

    /// The key that is shown there. Default: the first key, to the first host
    /// alone; another host wants one of its own.
    #[arg(long, env, value_parser = credential, hide_env_values = true, value_name = "KEY",
        requires = "openai_realtime_fallback_url")]
    pub openai_realtime_fallback_api_key: Option<Secret<String>>,

    /// More headers for the agent's socket: `name=value,name=value`. No other host
    /// is sent them.
    #[arg(
        long,
        env,
        value_delimiter = ',',
        hide_env_values = true,
        value_name = "HEADERS"
    )]
    pub openai_realtime_headers: Vec<Header>,

    /// Where recordings are written down: OpenAI's other interfaces, or whoever
    /// answers to the same. Where the Realtime API is somebody else's, nobody, unless
    /// this is set.
    ///
    /// Default: `https://api.openai.com/v1`.
    #[arg(long, env, value_parser = http_url, hide_env_values = true, value_name = "URL")]
    pub openai_api_base_url: Option<Url>,

    /// The model that writes recordings down.
    #[arg(long, env, default_value = "gpt-transcribe", value_name = "MODEL")]
    pub openai_transcription_model: String,

    /// A JSON object laid over every session, for what we have no setting for.
    ///
    /// Example: `{"audio":{"input":{"noise_reduction":{"type":"far_field"}}}}`.
    #[arg(long, env, value_name = "JSON")]
    pub openai_session_overlay: Option<Overlay>,

    /// The service ends a session after so long; another takes over before, at a moment
    /// of silence.
    #[arg(long, env, default_value = "1h", value_parser = duration::parse_session_limit,
        value_name = "TIME")]
    pub openai_session_limit: Duration,
}

impl OpenAiConfig {
    /// What is reached where the first cannot be; none if nothing is named. What is secret
    /// between us and the first host is shown to no other.
    ///
    /// # Errors
    ///
    /// If it is another host, and has no key.
    pub fn second(&self) -> anyhow::Result<Option<Self>> {
        let url = self.openai_realtime_fallback_url.clone();
        let model = self.openai_realtime_fallback_model.clone();
        if url.is_none() && model.is_none() {
            return Ok(None);
        }
        let mut second = self.clone();
        if let Some(url) = url {
            if url.as_url().origin() != self.openai_realtime_url.as_url().origin() {
                anyhow::ensure!(
                    self.openai_realtime_fallback_api_key.is_some(),
                    "OPENAI_REALTIME_FALLBACK_API_KEY is missing: OPENAI_REALTIME_FALLBACK_URL \
                     is another host, which is not shown OPENAI_API_KEY"
                );
                second.openai_realtime_headers.clear();
            }
            second.openai_realtime_url = url;
        }
        if let Some(model) = model {
            second.openai_realtime_model = model;
        }
        if let Some(key) = self.openai_realtime_fallback_api_key.clone() {
            second.openai_api_key = key;
        }
        Ok(Some(second))
    }

    /// Where recordings are written down. The key is shown to nobody whose it is not.
    pub fn api_base_url(&self) -> Option<Url> {
        let realtime = self.openai_realtime_url.as_url();
        let is_openai = realtime.host_str() == Some("api.openai.com");
        let usual = || Url::parse("https://api.openai.com/v1").ok();
        let named = self.openai_api_base_url.clone();
        named.or_else(|| usual().filter(|_| is_openai))
    }
}

/// How the key is shown to the Realtime API.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum RealtimeAuth {
    /// `Authorization: Bearer <key>`, as OpenAI wants it.
    Bearer,
    /// `api-key: <key>`, as Azure wants it.
    ApiKey,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        openai: OpenAiConfig,
    }

    fn second(more: &[&str]) -> anyhow::Result<Option<OpenAiConfig>> {
        let line = [
            "frontdesk",
            "--openai-api-key=sk-first",
            "--openai-realtime-url=wss://first.example/v1/realtime",
            "--openai-realtime-headers=OpenAI-Project=ours",
        ];
        let line = line.iter().chain(more);
        Line::parse_from(line).openai.second()
    }

    #[test]
    fn another_host_is_shown_nothing_that_is_between_us_and_the_first() {
        let other = "--openai-realtime-fallback-url=wss://other.example/v1/realtime";
        let refused = second(&[other]).unwrap_err().to_string();
        assert!(
            refused.contains("OPENAI_REALTIME_FALLBACK_API_KEY"),
            "{refused}"
        );
        let key = "--openai-realtime-fallback-api-key=sk-other";
        let second_of = second(&[other, key]).unwrap().unwrap();
        assert_eq!(second_of.openai_api_key.expose(), "sk-other");
        assert!(second_of.openai_realtime_headers.is_empty());
        let same = "--openai-realtime-fallback-url=wss://first.example/v2/realtime";
        let same = second(&[same]).unwrap().unwrap();
        assert_eq!(same.openai_api_key.expose(), "sk-first");
        assert_eq!(same.openai_realtime_headers.len(), 1);
        let model = second(&["--openai-realtime-fallback-model=small"]);
        let model = model.unwrap().unwrap();
        assert_eq!(model.openai_realtime_model, "small");
        assert_eq!(model.openai_api_key.expose(), "sk-first");
        assert!(second(&[]).unwrap().is_none());
    }
}
