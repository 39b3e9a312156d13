//! Durable work: who does it, how often, and what becomes of it.

mod carrier_recordings;
mod desk;
mod early_news;
mod left_calls;
mod messages;
mod open_calls;
mod prices;
mod recorded_words;
mod recordings;
mod retention;
mod runner;
mod texts;
mod usage;
