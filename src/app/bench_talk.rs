//! What the two processes of a bench say to each other: JSON, a line each.

use std::io::{BufRead, Write};

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::rehearsal::load::{Going, LoadReport};

/// The gateway's process to the simulators'.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Begin {
    pub(super) base_url: String,
    pub(super) public_url: String,
    pub(super) auth_token: String,
}

/// The simulators' process to the gateway's, in this order.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Told {
    /// Where the model is, and who vouches for it.
    Door {
        model_url: String,
        authority: Option<String>,
    },
    /// All calls are placed.
    Placed,
    /// From now on it counts.
    Measuring,
    /// It goes on.
    Going(Going),
    /// What follows does not count.
    Measured,
    /// What was found.
    Report(Box<LoadReport>),
}

pub(super) fn say(out: &mut impl Write, what: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, what)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

pub(super) fn hear<T: DeserializeOwned>(input: &mut impl BufRead) -> anyhow::Result<T> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        bail!("the other process of the bench has gone");
    }
    serde_json::from_str(&line).context("the other process of the bench speaks nonsense")
}
