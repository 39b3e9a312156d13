//! Everything that can be configured: each a flag and an environment variable.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};
use url::Url;

use super::call_config::CallConfig;
use super::openai_config::OpenAiConfig;
use super::server::ServerOptions;
use super::setting::{
    PublicUrl, StorageUrl, account_sid, credential, database_url, http_url, log_filter,
    token_secret,
};
use super::trace_config::TraceConfig;
use crate::domain::Secret;
use crate::store::MasterKey;
use crate::twilio::rest::Account;

/// What `frontdesk serve` is told.
///
/// Only `app` sees this; each floor is handed the few values that it needs.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// The door to the street.
    #[command(flatten)]
    pub http: HttpConfig,
    /// Where everything is kept.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// Where sound is kept.
    #[command(flatten)]
    pub storage: StorageConfig,
    /// The carrier.
    #[command(flatten)]
    pub twilio: TwilioConfig,
    /// The agent's maker.
    #[command(flatten)]
    pub openai: OpenAiConfig,
    /// What seals secrets.
    #[command(flatten)]
    pub seal: SealConfig,
    /// Who is believed.
    #[command(flatten)]
    pub auth: AuthConfig,
    /// How much, and how long.
    #[command(flatten)]
    pub calls: CallConfig,
    /// Who is told of every call.
    #[command(flatten)]
    pub traces: TraceConfig,
}

/// The door to the street.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Door to the street")]
pub struct HttpConfig {
    /// Port for HTTP and WebSocket both.
    #[arg(long, env, default_value = "4640", value_parser = port, value_name = "PORT")]
    pub port: u16,

    /// Address to listen on; `127.0.0.1` behind a reverse proxy on this machine.
    #[arg(long, env, default_value = "0.0.0.0", value_name = "IP")]
    pub host: IpAddr,

    /// How the carrier reaches this machine, such as `https://desk.example.com`.
    ///
    /// Twilio signs the address that it calls, so this must be the address in
    /// Twilio's console up to its path. Default: `http://localhost:$PORT`.
    #[arg(long, env, value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// HTTP connections open at one time; more wait to be accepted.
    #[arg(long, env, default_value = "4096", value_parser = count, value_name = "N")]
    pub max_connections: NonZeroUsize,

    /// HTTP connections of one address; more are closed.
    ///
    /// Private and loopback addresses are exempt: a reverse proxy speaks from
    /// there for everybody.
    #[arg(long, env, default_value = "256", value_parser = count, value_name = "N")]
    pub max_connections_per_ip: NonZeroUsize,
}

impl HttpConfig {
    /// How patient the server is, and with how many.
    pub fn server_options(&self) -> ServerOptions {
        ServerOptions {
            max_connections: self.max_connections.get(),
            max_connections_per_ip: self.max_connections_per_ip.get(),
            ..ServerOptions::default()
        }
    }

    /// Where to listen.
    pub fn listen_address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    /// How the carrier reaches us.
    pub fn public_url(&self) -> PublicUrl {
        let own = || PublicUrl::localhost(self.port);
        self.public_url.clone().unwrap_or_else(own)
    }
}

/// Where everything is kept.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct DatabaseConfig {
    /// `sqlite://file.db`, created when absent, or `postgres://user@host/name`.
    #[arg(
        long,
        env,
        default_value = "sqlite://frontdesk.db",
        value_parser = database_url,
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: Secret<String>,
}

/// What seals secrets that tenants give, such as the headers that a flow shows to another
/// machine.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Sealing")]
pub struct SealConfig {
    /// 32 bytes in base64, as `openssl rand -base64 32` makes them.
    ///
    /// Default with SQLite: a key in a file beside the database (`frontdesk.db.key`), made when
    /// absent, which still opens what it has sealed when another is given here. With PostgreSQL
    /// none: nobody can save such secrets. What was sealed is lost with the key: back it up.
    #[arg(long, env, hide_env_values = true, value_name = "KEY")]
    pub master_key: Option<MasterKey>,

    /// The key before that, which still opens what it has sealed until that is saved anew.
    #[arg(long, env, hide_env_values = true, value_name = "KEY")]
    pub master_key_secondary: Option<MasterKey>,
}

/// Where sound is kept.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Storage")]
pub struct StorageConfig {
    /// The folder for greetings and recordings, created when it is needed:
    /// `file://./recordings`, or `file:///var/lib/frontdesk`. Processes that share a
    /// database share it as well: what one of them keeps another plays, and deletes.
    #[arg(long, env, default_value = "file://./recordings", value_name = "URL")]
    pub storage_url: StorageUrl,
}

/// The carrier.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Twilio")]
pub struct TwilioConfig {
    /// The account's auth token, from <https://console.twilio.com>; it signs what
    /// Twilio sends.
    #[arg(long, env, value_parser = credential, hide_env_values = true, value_name = "TOKEN")]
    pub twilio_auth_token: Secret<String>,

    /// A second token that is accepted too, while the first is being replaced.
    #[arg(long, env, value_parser = credential, hide_env_values = true, value_name = "TOKEN")]
    pub twilio_auth_token_secondary: Option<Secret<String>>,

    /// The account, `AC...`; without it numbers cannot be bought or configured
    /// from here.
    #[arg(long, env, value_parser = account_sid, value_name = "SID")]
    pub twilio_account_sid: Option<String>,

    /// An API key, `SK...`, that may act for the account.
    ///
    /// Made at <https://console.twilio.com> under API keys; it can be revoked by
    /// itself. Without one the auth token is used.
    #[arg(
        long,
        env,
        value_name = "SID",
        requires_all = ["twilio_account_sid", "twilio_api_secret"]
    )]
    pub twilio_api_key: Option<String>,

    /// The secret of the API key.
    #[arg(long, env, value_parser = credential, hide_env_values = true, value_name = "SECRET",
        requires = "twilio_api_key")]
    pub twilio_api_secret: Option<Secret<String>>,

    /// Where Twilio's REST interface is; a region or an edge has one of its own.
    #[arg(long, env, default_value = "https://api.twilio.com", value_parser = http_url,
        value_name = "URL")]
    pub twilio_api_base_url: Url,
}

impl TwilioConfig {
    /// The account, and what proves that we may act for it; none if no
    /// account is named.
    pub fn account(&self) -> Option<Account> {
        let sid = self.twilio_account_sid.clone()?;
        let key = self
            .twilio_api_key
            .clone()
            .zip(self.twilio_api_secret.clone());
        Some(match key {
            Some((key, secret)) => Account::with_key(sid, key, secret),
            None => Account::with_token(sid, self.twilio_auth_token.clone()),
        })
    }
}

/// Whose tokens are believed; API keys are believed always.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Tokens of the admin interface")]
pub struct AuthConfig {
    /// Signs JSON Web Tokens with HS256; at least 32 characters.
    ///
    /// The claim `sub` names the member, and `tenant_id` the tenant of whoever is a member
    /// of several.
    #[arg(long, env, value_parser = token_secret, hide_env_values = true, value_name = "SECRET")]
    pub jwt_secret: Option<Secret<String>>,

    /// Where the public keys of the issuer are, for RS256 and ES256.
    ///
    /// Such as `https://login.example.com/.well-known/jwks.json`.
    #[arg(long, env, value_name = "URL", requires_all = ["jwt_issuer", "jwt_audience"])]
    pub jwt_jwks_url: Option<Url>,

    /// Who must have issued a token, its claim `iss`.
    #[arg(long, env, value_name = "ISSUER")]
    pub jwt_issuer: Option<String>,

    /// For whom a token must have been issued, its claim `aud`.
    #[arg(long, env, value_name = "AUDIENCE")]
    pub jwt_audience: Option<String>,
}

/// What is written to standard error, and how.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct LogConfig {
    /// What to log: `debug`, or `info,frontdesk::bridge=trace`. Default: `info`,
    /// and `warn` in the demo, which shows the calls itself.
    #[arg(
        long,
        env,
        global = true,
        value_parser = log_filter,
        value_name = "FILTER"
    )]
    pub rust_log: Option<String>,

    /// Lines for people, or one JSON object a line for machines.
    #[arg(
        long,
        env,
        global = true,
        default_value = "text",
        value_enum,
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn port(text: &str) -> Result<u16, &'static str> {
    text.parse()
        .map_err(|_| "expected a whole number up to 65535")
}

pub(super) fn count(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "expected a whole number above 0")
}
