//! Composes the floors, runs them, takes them down.

mod account_side;
mod allocator;
mod bench;
mod bench_limits;
mod bench_report;
mod bench_side;
mod bench_soak;
mod bench_talk;
mod call_config;
mod cli;
mod config;
mod connections;
mod demo;
mod demo_report;
mod demo_screen;
mod duration;
mod env_file;
mod gauge;
mod house;
mod key;
mod log_writer;
mod loopback;
mod manners;
mod master_key;
mod measures;
mod metric_list;
mod migrate;
mod openai_config;
mod run;
mod serve;
mod server;
mod setting;
mod shutdown;
mod telemetry;
mod trace_config;
mod traces;
mod unopened;

pub use bench::{BenchConfig, LoadConfig};
pub use bench_side::SideConfig;
pub use call_config::CallConfig;
pub use cli::{Cli, KeyArgs, Task};
pub use config::{
    AuthConfig, Config, DatabaseConfig, HttpConfig, LogConfig, LogFormat, SealConfig,
    StorageConfig, TwilioConfig,
};
pub use demo::DemoConfig;
pub use env_file::read_env_file;
pub use house::{House, HousePlan};
pub use key::{KeyCommand, NewKey};
pub use log_writer::LastLines;
pub use manners::Manners;
pub use measures::Metrics;
pub use openai_config::{OpenAiConfig, RealtimeAuth};
pub use run::run;
pub use server::{ServerOptions, serve};
pub use setting::{Header, Overlay, PublicUrl, RealtimeUrl, StorageUrl};
pub use shutdown::Shutdown;
pub use telemetry::{filter, log};
pub use trace_config::{SamplerName, TraceConfig};
pub use traces::Traces;
