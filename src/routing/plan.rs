//! What a tenant wants of a number: targets, rules, and what comes after them.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::{
    CallLog, CallerListId, Direction, FlowId, HoursId, PhoneNumber, QueueId, ReceptionistId, Span,
    UserId, Weekday,
};

/// The plan of a number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// When it is open; always, if none are named.
    pub hours_id: Option<HoursId>,
    /// Where calls go while it is open.
    pub open: Target,
    /// Where they go while it is closed; the same way, if nothing is said.
    pub after_hours: Option<Target>,
    /// Tried before either, in order; the first that applies decides. Of a caller
    /// who is blocked only those decide that speak of blocked callers or of a list.
    pub rules: Vec<Rule>,
    /// Tried in order once a target fails, is busy or does not answer.
    pub fallback: Vec<Target>,
    /// How callers are spoken to.
    pub voice: Voice,
}

/// A number that nobody has planned: its receptionist answers.
impl Default for Plan {
    fn default() -> Self {
        Self {
            hours_id: None,
            open: Target::Ai {
                receptionist_id: None,
            },
            after_hours: None,
            rules: Vec::new(),
            fallback: Vec::new(),
            voice: Voice::default(),
        }
    }
}

/// What is said otherwise than the receptionist says it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Voice {
    /// The first sentence.
    pub greeting: Option<String>,
    /// The agent's voice.
    pub voice: Option<String>,
    /// BCP 47 language of agent and announcements, such as `de-DE`.
    pub language: Option<String>,
}

/// Where a call can go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// To a receptionist; the number's, else the tenant's, if none is named.
    Ai {
        /// Which.
        receptionist_id: Option<ReceptionistId>,
    },
    /// To people.
    Users(Users),
    /// To a queue.
    Queue {
        /// Which.
        queue_id: QueueId,
    },
    /// To voicemail.
    Voicemail {
        /// What is said before the beep, if not the usual.
        greeting: Option<String>,
        /// The member whom the message is for; where nobody is named, the one whom the
        /// caller has tried before, if it is one.
        user_id: Option<UserId>,
    },
    /// Nowhere: something is said, and that is all.
    Message {
        /// What is said.
        text: String,
    },
    /// To a number outside.
    Forward(Forward),
    /// Through a flow, in which the caller chooses.
    Ivr {
        /// Which.
        flow_id: FlowId,
    },
}

/// People to ring.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Users {
    /// Whom.
    pub user_ids: Vec<UserId>,
    /// In which order.
    pub strategy: Strategy,
    /// How.
    pub ring: Ring,
}

/// A number outside, under a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Forward {
    /// What the place is called.
    pub name: String,
    /// Its number.
    pub phone_number: PhoneNumber,
    /// How it is rung.
    pub ring: Ring,
}

/// In which order people are rung.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Strategy {
    /// All at once; the first to answer has the call.
    #[default]
    AtOnce,
    /// One after another.
    InTurn,
}

/// How somebody is rung.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ring {
    /// How long, before it counts as no answer.
    pub timeout: Duration,
    /// Who seems to be calling.
    pub caller_id: CallerId,
    /// What whoever answers is told before the two are connected.
    pub whisper: Option<String>,
    /// Whether whoever answers must press a key to take the call.
    pub asks_to_accept: bool,
    /// Whether an answering machine counts as no answer.
    pub detects_machines: bool,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            caller_id: CallerId::Caller,
            whisper: None,
            asks_to_accept: false,
            detects_machines: false,
        }
    }
}

/// Who seems to be calling.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum CallerId {
    /// The caller.
    #[default]
    Caller,
    /// The number that was called.
    Called,
    /// This one, which the carrier knows to be ours; the number that was called, once it
    /// is the tenant's no more.
    Number(PhoneNumber),
}

impl CallerId {
    /// Who seems to be calling where a call is handed on: the caller; in a call
    /// that we made, we.
    pub fn of_call(call: &CallLog) -> Self {
        match (call.direction, call.from.number()) {
            (Direction::Outbound, Some(ours)) => Self::Number(ours.clone()),
            _ => Self::Caller,
        }
    }
}

/// A way that some calls take instead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// Its name for people.
    pub name: String,
    /// What must be so; all of it. A rule without conditions applies to everybody
    /// who is not blocked.
    pub when: Vec<Condition>,
    /// What happens then.
    pub then: Action,
}

/// Something that may be so of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Condition {
    /// It comes within these hours.
    During(HoursId),
    /// It comes outside these hours.
    Outside(HoursId),
    /// It comes at such times by the tenant's clock.
    At(Times),
    /// The caller is on this list.
    InList(CallerListId),
    /// The caller is a VIP.
    Vip,
    /// The caller is blocked.
    Blocked,
    /// The caller hides the number.
    Anonymous,
}

/// Times of the week, by the tenant's clock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Times {
    /// The days on which the span opens; every day, if none is named.
    pub days: Vec<Weekday>,
    /// The time of the day.
    pub span: Span,
}

/// What a rule does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Sends the call there.
    Go(Target),
    /// Refuses it.
    Reject(Refusal),
}

/// How a call is refused: the caller is not charged for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// As if the number were out of service.
    Rejected,
    /// As if the line were engaged.
    Busy,
}

/// Something that a plan names and the tenant must have.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reference {
    /// Opening hours.
    Hours(HoursId),
    /// A receptionist.
    Receptionist(ReceptionistId),
    /// A person.
    User(UserId),
    /// A queue.
    Queue(QueueId),
    /// A list of callers.
    CallerList(CallerListId),
    /// A flow.
    Flow(FlowId),
}

impl Plan {
    /// Everything that the plan names, some of it perhaps more than once.
    pub fn references(&self) -> Vec<Reference> {
        let mut found: Vec<_> = self.hours_id.map(Reference::Hours).into_iter().collect();
        let rules = self.rules.iter();
        found.extend(
            rules
                .flat_map(|rule| &rule.when)
                .filter_map(Condition::reference),
        );
        found.extend(self.targets().flat_map(Target::references));
        found
    }

    /// Shows none of the numbers to whoever is rung that are not among `own`.
    pub fn show_only(&mut self, own: &BTreeSet<PhoneNumber>) {
        let of_rules = self
            .rules
            .iter_mut()
            .filter_map(|rule| match &mut rule.then {
                Action::Go(target) => Some(target),
                Action::Reject(_) => None,
            });
        let targets = [&mut self.open].into_iter().chain(&mut self.after_hours);
        let targets = targets.chain(of_rules).chain(&mut self.fallback);
        targets.for_each(|target| target.show_only(own));
    }

    /// Wherever the plan may send a caller.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        let of_rules = self.rules.iter().filter_map(|rule| match &rule.then {
            Action::Go(target) => Some(target),
            Action::Reject(_) => None,
        });
        let targets = [&self.open].into_iter().chain(&self.after_hours);
        targets.chain(of_rules).chain(&self.fallback)
    }
}

impl Target {
    /// The number outside that it sends callers to, if it does.
    pub fn outside(&self) -> Option<&PhoneNumber> {
        if let Self::Forward(forward) = self {
            Some(&forward.phone_number)
        } else {
            None
        }
    }

    /// The number that whoever is rung sees, where the plan names one.
    pub fn caller_id(&self) -> Option<&PhoneNumber> {
        let ring = match self {
            Self::Users(users) => &users.ring,
            Self::Forward(forward) => &forward.ring,
            Self::Ai { .. }
            | Self::Queue { .. }
            | Self::Voicemail { .. }
            | Self::Message { .. }
            | Self::Ivr { .. } => return None,
        };
        match &ring.caller_id {
            CallerId::Number(number) => Some(number),
            CallerId::Caller | CallerId::Called => None,
        }
    }

    /// Shows the number that was called to whoever is rung, instead of one that is not
    /// among `own`.
    pub fn show_only(&mut self, own: &BTreeSet<PhoneNumber>) {
        let ring = match self {
            Self::Users(users) => &mut users.ring,
            Self::Forward(forward) => &mut forward.ring,
            Self::Ai { .. }
            | Self::Queue { .. }
            | Self::Voicemail { .. }
            | Self::Message { .. }
            | Self::Ivr { .. } => return,
        };
        if matches!(&ring.caller_id, CallerId::Number(number) if !own.contains(number)) {
            ring.caller_id = CallerId::Called;
        }
    }

    /// What the target names, in the order in which it names it.
    pub fn references(&self) -> Vec<Reference> {
        match self {
            Self::Ai { receptionist_id } => receptionist_id
                .map(Reference::Receptionist)
                .into_iter()
                .collect(),
            Self::Users(users) => users
                .user_ids
                .iter()
                .copied()
                .map(Reference::User)
                .collect(),
            Self::Queue { queue_id } => vec![Reference::Queue(*queue_id)],
            Self::Ivr { flow_id } => vec![Reference::Flow(*flow_id)],
            Self::Voicemail { user_id, .. } => user_id.map(Reference::User).into_iter().collect(),
            Self::Message { .. } | Self::Forward(_) => Vec::new(),
        }
    }
}

impl Rule {
    /// Whether callers who are blocked are meant too: it names them, or a list that
    /// they may be on.
    pub fn speaks_of_blocked(&self) -> bool {
        let names = |one: &Condition| matches!(one, Condition::Blocked | Condition::InList(_));
        self.when.iter().any(names)
    }
}

impl Condition {
    /// What the condition names.
    pub fn reference(&self) -> Option<Reference> {
        match self {
            Self::During(id) | Self::Outside(id) => Some(Reference::Hours(*id)),
            Self::InList(id) => Some(Reference::CallerList(*id)),
            Self::At(_) | Self::Vip | Self::Blocked | Self::Anonymous => None,
        }
    }
}
