//! Who is told of traces: flags and the environment variables of OpenTelemetry.

use clap::{ArgAction, Args, ValueEnum};
use percent_encoding::percent_decode_str;
use url::Url;

use super::setting::Header;
use crate::domain::Secret;

/// Who is told of every call, by the variables that
/// <https://opentelemetry.io/docs/specs/otel/protocol/exporter> names.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Traces (OpenTelemetry)")]
pub struct TraceConfig {
    /// The collector that is told of every call, turn and tool by OTLP, such as
    /// `http://localhost:4318`; `/v1/traces` is added. Default: nobody.
    ///
    /// Nothing that was said, no number and no name is told. The id of a trace is the
    /// 128 bits of the call's id.
    #[arg(long, env, value_parser = collector, hide_env_values = true, value_name = "URL")]
    pub otel_exporter_otlp_endpoint: Option<Url>,

    /// The same for traces alone, to which nothing is added.
    #[arg(long, env, value_parser = collector, hide_env_values = true, value_name = "URL")]
    pub otel_exporter_otlp_traces_endpoint: Option<Url>,

    /// How it is told: `http/protobuf`, and nothing else.
    #[arg(long, env, default_value = "http/protobuf", value_parser = ["http/protobuf"],
        value_name = "PROTOCOL")]
    pub otel_exporter_otlp_protocol: String,

    /// Headers for the collector, `name=value,name=value`; a space in a value is `%20`.
    #[arg(long, env, value_delimiter = ',', value_parser = header, hide_env_values = true,
        value_name = "HEADERS")]
    pub otel_exporter_otlp_headers: Vec<Header>,

    /// The same for traces alone, in place of the others.
    #[arg(long, env, value_delimiter = ',', value_parser = header, hide_env_values = true,
        value_name = "HEADERS")]
    pub otel_exporter_otlp_traces_headers: Vec<Header>,

    /// What this service is called among others.
    #[arg(long, env, default_value = "frontdesk", value_name = "NAME")]
    pub otel_service_name: String,

    /// More about this process, `name=value,name=value`, such as
    /// `deployment.environment.name=production`.
    #[arg(long, env, value_delimiter = ',', value_parser = attribute, value_name = "ATTRIBUTES")]
    pub otel_resource_attributes: Vec<(String, String)>,

    /// Which calls are told of.
    #[arg(
        long,
        env,
        default_value = "parentbased_always_on",
        value_enum,
        value_name = "SAMPLER"
    )]
    pub otel_traces_sampler: SamplerName,

    /// Which part of them, for the samplers whose name ends in `traceidratio`: 0 to 1.
    #[arg(long, env, default_value = "1", value_parser = ratio, value_name = "RATIO")]
    pub otel_traces_sampler_arg: f64,

    /// Tell nobody, whatever else is set.
    #[arg(long, env, action = ArgAction::Set, default_value = "false", value_name = "TRUTH")]
    pub otel_sdk_disabled: bool,
}

/// Which calls are told of. A call is nobody's child, so `parentbased_` changes nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SamplerName {
    /// All.
    AlwaysOn,
    /// None.
    AlwaysOff,
    /// A part of them.
    #[value(name = "traceidratio")]
    TraceIdRatio,
    /// All.
    #[value(name = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    /// None.
    #[value(name = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    /// A part of them.
    #[value(name = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

impl TraceConfig {
    /// Where traces are told, if anywhere.
    pub fn endpoint(&self) -> Option<Url> {
        if self.otel_sdk_disabled {
            return None;
        }
        let own = self.otel_exporter_otlp_traces_endpoint.clone();
        own.or_else(|| {
            let mut url = self.otel_exporter_otlp_endpoint.clone()?;
            let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
            url.set_path(&path);
            Some(url)
        })
    }

    /// What the collector is shown beside what it is told.
    pub fn headers(&self) -> &[Header] {
        if self.otel_exporter_otlp_traces_headers.is_empty() {
            &self.otel_exporter_otlp_headers
        } else {
            &self.otel_exporter_otlp_traces_headers
        }
    }

    /// The part of all calls that is told of.
    pub fn ratio(&self) -> f64 {
        match self.otel_traces_sampler {
            SamplerName::AlwaysOn | SamplerName::ParentBasedAlwaysOn => 1.0,
            SamplerName::AlwaysOff | SamplerName::ParentBasedAlwaysOff => 0.0,
            SamplerName::TraceIdRatio | SamplerName::ParentBasedTraceIdRatio => {
                self.otel_traces_sampler_arg
            }
        }
    }
}

fn collector(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    url.ok_or("expected an address such as http://localhost:4318")
}

fn header(text: &str) -> Result<Header, &'static str> {
    const EXPECTED: &str = "expected headers such as authorization=Bearer%20abc,x-team=desk";
    let (name, value) = attribute(text).map_err(|_| EXPECTED)?;
    let header: Header = format!("{name}=").parse().map_err(|_| EXPECTED)?;
    let is_fit = value
        .bytes()
        .all(|b| b == b'\t' || (b' '..=b'~').contains(&b));
    let value = is_fit.then_some(Secret::new(value)).ok_or(EXPECTED)?;
    Ok(Header { value, ..header })
}

/// Reads one pair as the W3C writes them in a baggage.
fn attribute(text: &str) -> Result<(String, String), &'static str> {
    const EXPECTED: &str = "expected pairs such as service.namespace=desk,host.name=a";
    let (name, value) = text.split_once('=').ok_or(EXPECTED)?;
    let value = percent_decode_str(value.trim()).decode_utf8();
    let value = value.map_err(|_| EXPECTED)?.into_owned();
    let name = name.trim().to_owned();
    if name.is_empty() {
        return Err(EXPECTED);
    }
    Ok((name, value))
}

fn ratio(text: &str) -> Result<f64, &'static str> {
    let number = text.parse().ok();
    let number = number.filter(|number| (0.0..=1.0).contains(number));
    number.ok_or("expected a number from 0 to 1, such as 0.1")
}
