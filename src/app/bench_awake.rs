//! Keeps the cores of `frontdesk bench` awake with work that counts for nothing.
//!
//! A core with nothing to do sleeps, and waking it costs a virtual machine many
//! times what the frame costs that it wakes up for: few calls then seem dearer
//! than many. A process that gives way to every other keeps the core awake, and
//! what is measured is what the calls cost.

use std::hint::spin_loop;
use std::io::{Read as _, stdin};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Context as _;
use clap::Args;

use super::gauge;

/// What a process is told that keeps a core awake.
#[derive(Args, Clone, Debug)]
pub struct AwakeConfig {
    /// The core to keep awake.
    #[arg(long)]
    pub core: usize,
}

/// Works at nothing until whoever began it is gone.
pub(super) fn run(config: &AwakeConfig) -> anyhow::Result<()> {
    static IS_OVER: AtomicBool = AtomicBool::new(false);
    gauge::stay_on(&[config.core])?;
    thread::spawn(|| {
        // Nothing ever comes but the end.
        let _ = stdin().read(&mut [0]);
        IS_OVER.store(true, Ordering::Relaxed);
    });
    while !IS_OVER.load(Ordering::Relaxed) {
        spin_loop();
    }
    Ok(())
}

/// Keeps cores awake for as long as this value lives.
pub(super) struct Awake(Vec<Child>);

impl Awake {
    /// Begins a process for each of `cores`, of the one priority below which
    /// there is none.
    pub(super) fn keep(cores: &[usize]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("our own program cannot be found")?;
        let mut processes = Self(Vec::new());
        for core in cores {
            let process = Command::new("chrt")
                .args(["--idle", "0"])
                .arg(&program)
                .args(["bench-awake", "--core", &core.to_string()])
                .stdin(Stdio::piped())
                .spawn();
            let process = process.context("chrt, of util-linux, cannot be begun")?;
            processes.0.push(process);
        }
        Ok(processes)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for process in &mut self.0 {
            // It may be gone already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
