//! frontdesk answers the telephone: a gateway between carriers and realtime voice agents.
//!
//! The house, floor by floor. A lower floor never imports a higher one, rooms
//! on one floor do not know each other, and `tests/floors.rs` says so.
//!
//! | floor | rooms | what may live there |
//! |---|---|---|
//! | entrance | [`app`] | configuration, telemetry, shutdown; composes everything |
//! | street | [`api`], [`webhooks`] | axum |
//! | loops | [`bridge`], [`jobs`], [`rehearsal`] | tokio tasks |
//! | resources | [`clock`], [`egress`], [`journal`], [`recordings`], [`store`], [`transcribe`] | sockets, SQL and files |
//! | words and wits | [`twilio`], [`realtime`], [`call`], [`routing`] | pure, `realtime::connection` and `twilio::rest` excepted |
//! | sound | [`audio`] | pure |
//! | ground | [`domain`], [`glance`], [`record`] | pure |
//!
//! A newcomer reads [`webhooks`], [`bridge`], [`call`], and is at home.

// ground floor: values
pub mod domain;
pub mod glance;
pub mod record;
// first floor: sound
pub mod audio;
// second floor: words and wits
pub mod call;
pub mod realtime;
pub mod routing;
pub mod twilio;
// third floor: resources
pub mod clock;
pub mod egress;
pub mod journal;
pub mod recordings;
pub mod store;
pub mod transcribe;
// fourth floor: loops
pub mod bridge;
pub mod jobs;
pub mod rehearsal;
// fifth floor: doors to the street
pub mod api;
pub mod webhooks;
// entrance
pub mod app;
