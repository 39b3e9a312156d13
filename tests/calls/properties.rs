//! Whatever happens, in whatever order, the machine keeps its promises.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use frontdesk::audio::Frame;
use frontdesk::call::{
    Action, AgentAct, AgentAction, CallPlan, CarrierAction, Errand, Event, HandsTo, Interruption,
    ItemKey, MAX_LEAD, Mark, Order, Outcome, Refused, Reply, Report, ResponseKey, ToolAction,
    ToolEnd, ToolKey,
};
use frontdesk::domain::{EndReason, Limits, Pii, SilencePolicy, Speaker, ToolName, Usage};
use proptest::prelude::*;

use super::stage::Stage;

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i3_i4_i5_no_sequence_of_events_breaks_a_promise(
        steps in prop::collection::vec((0_u64..400, event(), 1_usize..40), 1..80),
        interruption in prop_oneof![
            Just(Interruption::Truncate),
            Just(Interruption::CancelAndTruncate),
            Just(Interruption::Agent),
        ],
        returns_marks in any::<bool>(),
        begins_well in any::<bool>(),
    ) {
        let mut stage = Stage::new(plan(interruption));
        stage.returns_marks = returns_marks;
        let mut witness = Witness::default();
        if begins_well {
            for event in [Event::CarrierStarted, Event::AgentReady] {
                witness.expect(stage.now - stage.began, &event);
                stage.happen(event, &mut |at, action| witness.see(at, action));
            }
        }
        for (wait, event, times) in steps {
            let until = stage.now + Duration::from_millis(wait);
            stage.pass(until, &mut |at, action| witness.see(at, action));
            let times = if matches!(event, Event::AgentAudio { .. }) { times } else { 1 };
            for _ in 0..times {
                witness.expect(stage.now - stage.began, &event);
                stage.happen(event.clone(), &mut |at, action| witness.see(at, action));
            }
        }
        // Left alone, every call comes to its end.
        let end = stage.now + Duration::from_mins(20);
        stage.pass(end, &mut |at, action| witness.see(at, action));
        prop_assert!(witness.is_ended, "the call never ends");
        prop_assert_eq!(stage.session.poll_timeout(), None);
        prop_assert!(witness.broken.is_empty(), "{:?}", witness.broken);
    }

    #[test]
    fn the_key_zero_leads_to_a_person_whatever_the_agent_does(
        before in prop::collection::vec((0_u64..400, event_of_the_agent()), 0..40),
        after in prop::collection::vec((0_u64..400, event_of_the_agent()), 0..40),
    ) {
        let mut stage = Stage::new(plan(Interruption::Truncate));
        let mut happen = |wait, event| {
            let until = stage.now + Duration::from_millis(wait);
            stage.pass(until, &mut |_, _| {});
            stage.happen(event, &mut |_, _| {});
            stage.session.ended()
        };
        happen(0, Event::CarrierStarted);
        happen(0, Event::AgentReady);
        for (wait, event) in before {
            happen(wait, event);
        }
        prop_assume!(happen(0, Event::Digit('0')).is_none());
        for (wait, event) in after {
            happen(wait, event);
        }
        let end_reason = happen(60_000, Event::AgentClosed);
        // Where there is no agent any more, the route goes on as well.
        let is_led = matches!(
            end_reason,
            Some(EndReason::Transferred | EndReason::AgentLost | EndReason::AgentUnavailable)
        );
        prop_assert!(is_led, "{end_reason:?}");
    }
}

/// What may happen to a caller who stays, and whom nobody outside touches, where there is
/// somebody.
fn event_of_the_agent() -> impl Strategy<Value = Event> {
    let is_nobody =
        |errand: &Errand, end: &ToolEnd| *errand == Errand::Person && end.hands_to.is_none();
    event().prop_filter("it is the agent's", move |event| {
        !matches!(
            event,
            Event::Digit(_) | Event::CarrierStopped | Event::CarrierLost | Event::Ordered(_)
        ) && !matches!(event, Event::ToolEnded { errand, end } if is_nobody(errand, end))
    })
}

fn plan(interruption: Interruption) -> CallPlan {
    CallPlan {
        silence: SilencePolicy {
            prompt_after: Duration::from_secs(5),
            prompts: 1,
        },
        limits: Limits {
            max_duration: Duration::from_mins(10),
        },
        interruption,
        has_zero_key: true,
        is_back: false,
        renew_after: Duration::from_mins(55),
        seed: 0,
    }
}

/// Who may speak.
#[derive(Default)]
struct Floor {
    /// The caller does, as the agent hears it.
    is_spoken_to: bool,
    /// Since then; what goes on for half a minute without a word is noise.
    since: Duration,
    /// It answers them all the same, unasked: they may have paused, and nobody said so.
    is_answered: bool,
    /// The agent was asked for a response that has not begun.
    is_asked: bool,
}

/// Watches what goes in and what comes out.
#[derive(Default)]
struct Witness {
    received: BTreeMap<ItemKey, Duration>,
    latest: Option<ResponseKey>,
    muted: Option<ResponseKey>,
    has_carrier: bool,
    floor: Floor,
    sent: Duration,
    /// The carrier returned marks that it had not reached.
    has_lied: bool,
    is_ended: bool,
    /// Wishes for tools, those that were begun, and those that were answered.
    called: BTreeSet<ToolKey>,
    begun: BTreeSet<ToolKey>,
    answered: BTreeSet<ToolKey>,
    broken: Vec<String>,
}

impl Witness {
    /// What goes in. Each frame carries its response in its sound.
    fn expect(&mut self, at: Duration, event: &Event) {
        match event {
            Event::AgentAudio {
                response,
                item,
                frame,
            } => {
                *self.received.entry(*item).or_default() += frame.duration();
                self.latest = self.latest.max(Some(*response));
            }
            Event::ResponseStarted(response) => {
                self.latest = self.latest.max(Some(*response));
                if !std::mem::take(&mut self.floor.is_asked) {
                    self.floor.is_answered = true;
                } else if self.floor.is_spoken_to && !self.floor.is_answered {
                    self.muted = self.muted.max(Some(*response));
                }
            }
            Event::ResponseDone { response, .. } => {
                self.latest = self.latest.max(Some(*response));
            }
            Event::ToolCalled { response, call, .. } => {
                self.latest = self.latest.max(Some(*response));
                self.called.insert(*call);
            }
            Event::MarkPlayed(_) => self.has_lied = true,
            Event::CarrierStarted => self.has_carrier = true,
            Event::CarrierReplaced if !self.has_carrier => self.has_carrier = true,
            Event::SpeechStarted { .. } if !self.has_carrier => {}
            Event::SpeechStarted { .. } => {
                self.floor.is_spoken_to = true;
                self.floor.since = at;
                self.floor.is_answered = false;
                self.muted = self.latest;
            }
            Event::CarrierReplaced => self.muted = self.latest,
            Event::SpeechStopped { .. } => self.floor.is_spoken_to = false,
            Event::ResponseRefused(_) => self.floor.is_asked = false,
            Event::AgentFailed { .. } | Event::AgentClosed => {
                self.floor.is_asked = false;
                self.floor.is_spoken_to = false;
            }
            Event::AgentReady
            | Event::CarrierBehind(_)
            | Event::CarrierCaughtUp
            | Event::CallerAudio { .. }
            | Event::Digit(_)
            | Event::ItemAdded { .. }
            | Event::CallerTranscript { .. }
            | Event::Used(_)
            | Event::AgentText { .. }
            | Event::AgentAudioDone { .. }
            | Event::ToolEnded { .. }
            | Event::SpareReady
            | Event::SpareFailed
            | Event::AgentActs(_)
            | Event::Uttered { .. }
            | Event::CarrierStopped
            | Event::CarrierLost
            | Event::Ordered(_) => {}
        }
    }

    fn see(&mut self, at: Duration, action: &Action) {
        if self.is_ended {
            self.broken.push(format!("{action:?} after the end"));
        }
        match action {
            Action::Carrier(CarrierAction::Play(frame)) => self.see_play(*frame),
            Action::Carrier(CarrierAction::Clear) => self.sent = at,
            Action::Agent(AgentAction::Truncate { item, heard }) => {
                let received = self.received.get(item).copied().unwrap_or_default();
                if *heard > received || heard.is_zero() {
                    self.broken
                        .push(format!("{item:?} heard {heard:?} of {received:?}"));
                }
            }
            Action::Agent(AgentAction::AnswerTool { call, .. }) => {
                if !self.called.contains(call) || !self.answered.insert(*call) {
                    self.broken
                        .push(format!("{call:?} was answered twice, or unasked"));
                }
            }
            Action::Tool(ToolAction::Run { call, .. }) => {
                if !self.called.contains(call) || !self.begun.insert(*call) {
                    self.broken
                        .push(format!("{call:?} was done twice, or unasked"));
                }
                if self.begun.len() > 60 {
                    self.broken.push("too many tools were used".to_owned());
                }
            }
            Action::Report(Report::Silence { .. })
                if at >= self.floor.since + Duration::from_secs(30) =>
            {
                self.floor.is_spoken_to = false;
            }
            Action::Agent(AgentAction::Respond(reply)) => {
                let is_late = at >= self.floor.since + Duration::from_secs(30);
                if *reply == Reply::GoodbyeForSilence && is_late {
                    self.floor.is_spoken_to = false;
                }
                self.floor.is_asked = true;
                if self.floor.is_spoken_to && !self.floor.is_answered {
                    let words = format!("{reply:?} is asked for into the caller's words");
                    self.broken.push(words);
                }
            }
            // Another agent has heard nothing of what the last one did.
            Action::Report(Report::AgentBack { .. }) => {
                self.floor.is_asked = false;
                self.floor.is_spoken_to = false;
            }
            Action::End(_) => self.is_ended = true,
            Action::Carrier(CarrierAction::Mark(_))
            | Action::Agent(_)
            | Action::Tool(_)
            | Action::Dial
            | Action::DialSpare
            | Action::Swap
            | Action::Utter(_)
            | Action::Report(_) => {}
        }
        self.check_lead(at, action);
    }

    fn see_play(&mut self, frame: Frame) {
        let response = frame
            .bytes()
            .first()
            .map(|sound| ResponseKey(u32::from(*sound)));
        if let (Some(response), Some(muted)) = (response, self.muted)
            && response <= muted
        {
            self.broken
                .push(format!("{response:?} was heard after it was interrupted"));
        }
    }

    /// The carrier plays at the clock's pace, so this is a bound from above.
    fn check_lead(&mut self, at: Duration, action: &Action) {
        if let Action::Carrier(CarrierAction::Play(frame)) = action {
            self.sent = self.sent.max(at) + frame.duration();
            // A mark that is late holds the machine's count back, never on.
            if !self.has_lied && self.sent > at + MAX_LEAD + Duration::from_millis(20) {
                self.broken
                    .push(format!("{:?} ahead", self.sent.saturating_sub(at)));
            }
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(Event::CarrierStarted),
        1 => Just(Event::AgentReady),
        6 => caller_audio(),
        1 => prop::sample::select("0123456789*#x".chars().collect::<Vec<_>>()).prop_map(Event::Digit),
        2 => (0_u32..3, 0_u32..20)
            .prop_map(|(generation, sequence)| Event::MarkPlayed(Mark { generation, sequence })),
        5 => item().prop_map(|item| Event::SpeechStarted { item }),
        5 => item().prop_map(|item| Event::SpeechStopped { item }),
        3 => (item(), prop::option::of(item()), any::<bool>()).prop_map(added),
        2 => (item(), "[a-z ]{0,12}")
            .prop_map(|(item, text)| Event::CallerTranscript { item, text: text.into() }),
        1 => (0_i64..60_000).prop_map(|ms| Event::Used(Usage {
            transcribed_ms: ms,
            ..Usage::default()
        })),
        4 => response().prop_map(Event::ResponseStarted),
        1 => refused().prop_map(Event::ResponseRefused),
        3 => (0_u32..80, response(), 0_usize..4).prop_map(called),
        2 => (0_u32..80, any::<bool>()).prop_map(ended),
        2 => (0_u32..80).prop_map(acts),
        20 => agent_audio(),
        3 => (item(), "[a-z ]{0,30}")
            .prop_map(|(item, text)| Event::AgentText { item, delta: text.into() }),
        4 => item().prop_map(|item| Event::AgentAudioDone { item }),
        4 => response().prop_map(|response| Event::ResponseDone {
            response, outcome: Outcome::Completed, usage: Usage::default(),
        }),
        1 => "[a-z ]{1,12}".prop_map(|text| Event::Ordered(Order::Say(text.into()))),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(is_caller, is_on)| Event::Ordered(Order::Mute {
            who: if is_caller { Speaker::Caller } else { Speaker::Receptionist },
            is_on,
        })),
        1 => any::<bool>().prop_map(|is_on| Event::Ordered(Order::Hold(is_on))),
        rare() => Just(Event::CarrierReplaced),
        rare() => (0_u64..2_000).prop_map(|ms| Event::CarrierBehind(Duration::from_millis(ms))),
        rare() => Just(Event::CarrierCaughtUp),
        rare() => any::<bool>().prop_map(|is_final| Event::AgentFailed { is_final }),
        rare() => Just(Event::SpareReady),
        rare() => Just(Event::SpareFailed),
        rare() => Just(Event::AgentClosed),
        rare() => Just(Event::CarrierStopped),
        rare() => Just(Event::CarrierLost),
        rare() => Just(Event::Ordered(Order::HangUp(EndReason::HungUp))),
        rare() => Just(Event::Ordered(Order::Transfer(HandsTo::Person))),
    ]
}

fn rare() -> u32 {
    1
}

fn item() -> impl Strategy<Value = ItemKey> {
    (0_u32..8).prop_map(ItemKey)
}

fn response() -> impl Strategy<Value = ResponseKey> {
    (0_u32..6).prop_map(ResponseKey)
}

fn refused() -> impl Strategy<Value = Refused> {
    prop_oneof![
        Just(Refused::TooEarly),
        Just(Refused::Unasked),
        Just(Refused::Busy(Duration::from_millis(300))),
        Just(Refused::Failed),
    ]
}

/// Keys come in any order here, so that most are taken for repeated.
fn called((call, response, tool): (u32, ResponseKey, usize)) -> Event {
    let tools = [
        ToolName::EndCall,
        ToolName::TransferCall,
        ToolName::CheckHours,
    ];
    Event::ToolCalled {
        call: ToolKey(call),
        response,
        tool: tools.get(tool).map(|tool| (*tool).into()),
        arguments: Pii::new(String::new()),
    }
}

fn acts(call: u32) -> Event {
    Event::AgentActs(AgentAct {
        call: ToolKey(call),
        name: None,
        arguments: Pii::new(String::new()),
    })
}

fn ended((call, is_handed_on): (u32, bool)) -> Event {
    let errand = match call {
        0..5 => Errand::Person,
        call => Errand::Tool(ToolKey(call)),
    };
    let end = ToolEnd {
        output: Pii::new(String::new()),
        is_good: true,
        hands_to: is_handed_on.then_some(HandsTo::Person),
    };
    Event::ToolEnded { errand, end }
}

fn added((item, previous, is_caller): (ItemKey, Option<ItemKey>, bool)) -> Event {
    let speaker = if is_caller {
        Speaker::Caller
    } else {
        Speaker::Receptionist
    };
    Event::ItemAdded {
        item,
        previous,
        speaker,
    }
}

fn caller_audio() -> impl Strategy<Value = Event> {
    (prop::option::of(0_u64..100_000), 1_usize..=160).prop_map(|(at, len)| Event::CallerAudio {
        timestamp: at.map(Duration::from_millis),
        frame: Frame::silence(len),
    })
}

/// A frame whose sound is the number of its response.
fn agent_audio() -> impl Strategy<Value = Event> {
    (response(), item(), 8_usize..=160).prop_map(|(response, item, len)| {
        let sound = vec![u8::try_from(response.0).expect("few responses"); len];
        let frame = Frame::new(&sound).expect("it is short enough");
        Event::AgentAudio {
            response,
            item,
            frame,
        }
    })
}
