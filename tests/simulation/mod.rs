//! The whole bridge in virtual time, over a network and with peers that a seed makes.
//!
//! A hundred seeds, and those that once found something, run with every
//! `cargo test`; more are asked for:
//!
//! ```text
//! FRONTDESK_SEEDS=10000 cargo test --release simulation
//! FRONTDESK_SEED=4711 cargo test simulation
//! ```

mod answers;
mod caller;
mod chance;
mod dialer;
mod heard;
mod house;
mod manners;
mod model;
mod network;
mod plan;
mod scenes;
mod sound;
mod states;
mod witness;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use frontdesk::domain::EndReason;

use house::House;
use plan::Plan;

use crate::support::wanted::wanted;

/// Seeds that every test run tries, beside those that once found something.
const SEEDS: u64 = 100;

/// What else every test run tries, and what it found.
const FOUND: [(u64, &str); 12] = [
    (
        204,
        "the carrier lost what it read while it could not answer",
    ),
    (278, "the same, after a clear"),
    (416, "the same, in the middle of an item"),
    (588, "a stream came whose call had been hung up"),
    (885, "a stream came whose call had been handed on"),
    (923, "a caller was heard before there was one"),
    (925, "the carrier lost the first thing that was said to it"),
    (1046, "a recording was stopped before it began"),
    (3667, "the time was up while there was no agent"),
    (
        4837,
        "what was asked for began into the caller's words, behind an answer taken for it",
    ),
    (5290, "a carrier ran dry that returned no marks"),
    (8933, "a carrier ran dry that returned its marks late"),
];

#[test]
fn no_seed_of_the_simulation_breaks_a_promise() {
    if let Some(seed) = wanted("FRONTDESK_SEED") {
        let ran = run(&House::open(), seed);
        println!("{:#?}\n{:?}", Plan::draw(seed), ran.outcomes);
        assert_eq!(ran.faults, Vec::<String>::new(), "seed {seed}");
        return;
    }
    let count = wanted("FRONTDESK_SEEDS").unwrap_or(SEEDS);
    let found = FOUND.iter().map(|(seed, _)| *seed);
    let seeds: Vec<u64> = (0..count)
        .chain(found.filter(|seed| *seed >= count))
        .collect();
    let next = AtomicUsize::new(0);
    let (mut failed, mut outcomes) = (Vec::new(), BTreeMap::<_, u32>::new());
    thread::scope(|scope| {
        let workers = [(); 2].map(|()| scope.spawn(|| work(&next, &seeds)));
        for (seed, ran) in workers.into_iter().flat_map(|work| work.join().unwrap()) {
            for outcome in ran.outcomes {
                *outcomes.entry(outcome).or_default() += 1;
            }
            if !ran.faults.is_empty() {
                failed.push((seed, ran.faults));
            }
        }
    });
    println!("{count} seeds, and how their calls ended: {outcomes:?}");
    for (seed, faults) in failed.iter().take(20) {
        println!("FRONTDESK_SEED={seed} cargo test simulation\n    {faults:?}");
        if let Some((_, what)) = FOUND.iter().find(|(found, _)| found == seed) {
            println!("    it once found: {what}");
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} seeds fail",
        failed.len(),
        seeds.len()
    );
    if count >= SEEDS {
        for outcome in OUTCOMES.map(EndReason::as_str) {
            let is_there = outcomes.contains_key(outcome);
            assert!(is_there, "no call ended so: {outcome}");
        }
    }
}

/// Ways to end that the first seeds lead to; a simulation that does not is no
/// trial of them.
const OUTCOMES: [EndReason; 9] = [
    EndReason::CallerHungUp,
    EndReason::ReceptionistHungUp,
    EndReason::Silence,
    EndReason::MaxDuration,
    EndReason::CarrierLost,
    EndReason::StreamNeverStarted,
    EndReason::AgentUnavailable,
    EndReason::AgentLost,
    EndReason::Shutdown,
];

fn work(next: &AtomicUsize, seeds: &[u64]) -> Vec<(u64, Ran)> {
    let house = House::open();
    let mut all = Vec::new();
    while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
        all.push((*seed, run(&house, *seed)));
    }
    all
}

#[test]
fn the_same_seed_is_the_same_simulation() {
    let (one, other) = (House::open(), House::open());
    let first: Vec<u64> = (0..12).map(|seed| run(&one, seed).trace).collect();
    let again: Vec<u64> = (0..12).map(|seed| run(&other, seed).trace).collect();
    assert_eq!(first, again);
    let different: BTreeSet<_> = first.iter().collect();
    assert_eq!(different.len(), first.len());
}

/// What came of one seed.
struct Ran {
    faults: Vec<String>,
    /// The hash of everything that happened.
    trace: u64,
    outcomes: Vec<&'static str>,
}

fn run(house: &House, seed: u64) -> Ran {
    let plan = Plan::draw(seed);
    let all = world::run(house, &plan);
    let outcomes = all.calls.iter().filter_map(|call| call.outcome);
    Ran {
        faults: witness::faults(house, &plan, &all),
        trace: witness::trace(&all),
        outcomes: outcomes.map(EndReason::as_str).collect(),
    }
}
