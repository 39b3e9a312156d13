//! What happens in one simulation, all of it drawn from the seed.

use std::time::Duration;

use frontdesk::bridge::RecordOrder;
use frontdesk::call::{HandsTo, Interruption, Order};
use frontdesk::domain::{AudioFormat, EndReason, Limits, SilencePolicy, Speaker};
use frontdesk::rehearsal::carrier::Script;
use frontdesk::rehearsal::model::ModelOptions;

use super::caller;
use super::chance::Chance;
use super::model;
use super::network::{Trouble, Way, Weather};

/// One simulation.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) format: AudioFormat,
    pub(super) interruption: Interruption,
    pub(super) silence: SilencePolicy,
    pub(super) limits: Limits,
    pub(super) is_recorded: bool,
    pub(super) model: ModelOptions,
    /// What the lines to the model are like, one dialling after the other.
    pub(super) model_lines: Vec<ModelLine>,
    /// What the model says that no model should: when, and in which session.
    pub(super) slips: Vec<(Duration, usize, String)>,
    pub(super) calls: Vec<Call>,
    /// When the house closes, and how long calls have then.
    pub(super) drain: Option<(Duration, Duration)>,
    pub(super) mood: Mood,
}

/// Who misbehaves.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "any of them may be so beside any other"
)]
pub(super) struct Mood {
    /// The lines to the carrier have troubles.
    pub(super) carrier_storm: bool,
    /// The lines to the model have.
    pub(super) model_storm: bool,
    /// The carrier says what no carrier should.
    pub(super) rude_carrier: bool,
    /// The model fails, says what no model should, and is slow.
    pub(super) rude_model: bool,
    /// Somebody gives orders.
    pub(super) orders: bool,
}

/// One attempt to reach the model.
#[derive(Clone, Debug)]
pub(super) enum ModelLine {
    /// Nobody is at the address.
    Refused { is_final: bool },
    /// There is a line.
    Open(Weather),
}

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// When the carrier asks what to do with it.
    pub(super) starts: Duration,
    /// From then to its stream; none if that never comes.
    pub(super) set_up: Option<Duration>,
    pub(super) weather: Weather,
    pub(super) script: Script,
    /// A stream that takes the place of the first, so long after it.
    pub(super) second: Option<(Duration, Script)>,
    /// So long after its stream came.
    pub(super) orders: Vec<(Duration, Deed)>,
}

/// What somebody does to a call.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Order(Order),
    HandOver,
    Record(RecordOrder),
}

impl Plan {
    pub(super) fn draw(seed: u64) -> Self {
        let chance = &mut Chance::new(seed);
        let mood = Mood {
            carrier_storm: chance.percent(35),
            model_storm: chance.percent(35),
            rude_carrier: chance.percent(25),
            rude_model: chance.percent(45),
            orders: chance.percent(35),
        };
        let count = chance.pick(&[1, 1, 1, 2, 3]);
        Self {
            seed,
            format: chance.pick(&[AudioFormat::Pcmu, AudioFormat::Pcmu, AudioFormat::Pcm24]),
            interruption: chance.pick(&[
                Interruption::Truncate,
                Interruption::Truncate,
                Interruption::CancelAndTruncate,
            ]),
            silence: SilencePolicy {
                prompt_after: chance.ms(2_000..9_000),
                prompts: chance.pick(&[0, 1, 2]),
            },
            limits: Limits {
                max_duration: chance.ms(8_000..60_000),
            },
            is_recorded: chance.percent(30),
            model: model::options(&mut chance.fork(), mood.rude_model),
            model_lines: (0..16).map(|_| model_line(chance, mood)).collect(),
            slips: model::slips(&mut chance.fork(), mood.rude_model),
            calls: (0..count).map(|n| call(n, chance, mood)).collect(),
            drain: chance
                .percent(15)
                .then(|| (chance.ms(0..20_000), chance.ms(0..10_000))),
            mood,
        }
    }
}

fn model_line(chance: &mut Chance, mood: Mood) -> ModelLine {
    if mood.rude_model && chance.percent(15) {
        let is_final = chance.percent(20);
        return ModelLine::Refused { is_final };
    }
    ModelLine::Open(weather(&mut chance.fork(), mood.model_storm))
}

fn call(number: usize, chance: &mut Chance, mood: Mood) -> Call {
    let chance = &mut chance.fork();
    let sid = |stream| stream_sid(number, stream);
    let script = caller::script(chance, mood.rude_carrier, &sid(0));
    let second = chance.percent(12).then(|| {
        let script = caller::script(chance, false, &sid(1));
        (chance.ms(0..8_000), script)
    });
    let orders = if mood.orders {
        (0..chance.within(1..6))
            .map(|_| (chance.ms(0..12_000), deed(chance)))
            .collect()
    } else {
        Vec::new()
    };
    Call {
        starts: chance.ms(0..2_000),
        set_up: (!chance.percent(4)).then(|| chance.ms(0..1_500)),
        weather: weather(chance, mood.carrier_storm),
        script,
        second,
        orders,
    }
}

/// The carrier's name for a stream of a call.
pub(super) fn stream_sid(call: usize, stream: usize) -> String {
    format!("MZ{call:016x}{stream:016x}")
}

fn deed(chance: &mut Chance) -> Deed {
    let is_on = chance.percent(60);
    match chance.within(0..9) {
        0 | 1 => Deed::Order(Order::Hold(is_on)),
        2 => Deed::Order(Order::Say("We close at five.".to_owned().into())),
        3 => Deed::Order(Order::Mute {
            who: Speaker::Caller,
            is_on,
        }),
        4 => Deed::Order(Order::Mute {
            who: Speaker::Receptionist,
            is_on,
        }),
        5 => Deed::Order(Order::HangUp(EndReason::HungUp)),
        6 => Deed::Order(Order::Transfer(HandsTo::Voicemail)),
        7 => Deed::HandOver,
        _ => {
            Deed::Record(chance.pick(&[RecordOrder::Pause, RecordOrder::Resume, RecordOrder::Stop]))
        }
    }
}

fn weather(chance: &mut Chance, is_storm: bool) -> Weather {
    let troubles = if is_storm {
        (0..chance.within(1..4))
            .map(|_| (chance.ms(0..15_000), trouble(chance)))
            .collect()
    } else {
        Vec::new()
    };
    Weather {
        latency: chance.ms(0..60),
        jitter: chance.ms(0..30),
        chunk: chance.pick(&[64, 512, 4_096, 65_536, 65_536]),
        window: chance.pick(&[16_384, 65_536, 262_144]),
        troubles,
    }
}

fn trouble(chance: &mut Chance) -> Trouble {
    let way = chance.pick(&[Way::In, Way::Out]);
    match chance.within(0..10) {
        0..3 => Trouble::Stall(chance.ms(50..4_000)),
        3 => Trouble::Stall(chance.ms(4_000..14_000)),
        4 => Trouble::BlackHole(way),
        5 => Trouble::Cut,
        6 => Trouble::Reset,
        7 => Trouble::HalfClose(way),
        _ => Trouble::Corrupt(way),
    }
}
