//! A decision: the stops that a call makes until somebody has it.

use std::time::Duration;

use super::allowance::Allowance;
use super::ivr::CallerFacts;
use super::plan::{Refusal, Ring, Voice};
use super::steps::Step;
use crate::domain::{
    Direction, FlowId, OpenState, PhoneNumber, Purpose, Queue, QueueId, ReceptionistId, UserId,
};

/// Where a call goes, and where it goes after that.
///
/// Everything that a stop needs is in it, so that a call keeps to what was
/// decided when it came, whatever is changed meanwhile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// In order; the first is where the call goes, each of the others what
    /// follows if the one before it fails. Never empty.
    pub stops: Vec<Stop>,
    /// Whether it was open when the call came.
    pub open_state: OpenState,
    /// BCP 47 language of announcements; none where nobody has chosen one.
    pub language: Option<String>,
    /// Why it is so.
    pub steps: Vec<Step>,
}

/// Where a call goes on that is handed on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Handover {
    /// The place in the route of its first stop.
    pub first: usize,
    /// From there on; never empty.
    pub stops: Vec<Stop>,
}

impl Handover {
    /// Whether the stop `n` of the route is one of its own.
    pub fn leads_to(&self, n: usize) -> bool {
        n.checked_sub(self.first)
            .is_some_and(|nth| nth < self.stops.len())
    }
}

impl Route {
    /// Whether a call in that direction, on this route, was placed by a member: then the
    /// carrier's call of that name is the member's, and whom they have called is rung by it.
    pub fn is_placed_by_member(route: Option<&Self>, direction: Direction) -> bool {
        let first = route.and_then(|route| route.stops.first());
        direction == Direction::Outbound && !matches!(first, Some(Stop::Ai(_)))
    }

    /// Goes on as the handover says, from its place on. What stands before it
    /// there and not here was struck, and is never gone to.
    pub fn take_over(&mut self, handover: &Handover) {
        self.stops.resize(handover.first, Stop::Apology);
        self.stops.extend_from_slice(&handover.stops);
    }

    /// The same for a tenant who has nothing left to spend: no receptionist answers, and
    /// whoever would be told that nobody is there goes to `end`.
    #[must_use]
    pub fn without_receptionists(mut self, end: Stop) -> Self {
        let before = self.stops.len();
        self.stops.retain(|stop| !matches!(stop, Stop::Ai(_)));
        if self.stops.len() == before {
            return self;
        }
        if matches!(self.stops.last(), None | Some(Stop::Apology)) {
            self.stops.pop();
            self.stops.push(end);
        }
        self.steps.push(Step {
            code: "quota.stopped".into(),
            text: "nothing is left to spend: no receptionist answers".to_owned(),
        });
        self
    }

    /// The same as it is followed for a call between `ends`, as far as is known when it is
    /// decided: without the telephones that the gate does not let ring, and without the stops where
    /// none is left.
    #[must_use]
    pub fn without_refused(mut self, allowance: &Allowance, ends: &[&PhoneNumber]) -> Self {
        self.stops.retain_mut(|stop| {
            let Stop::Ring(ring) = stop else { return true };
            let whose = ring.whose;
            ring.telephones
                .retain(|one| allowance.permit_between(ends, &one.number, whose).is_ok());
            !ring.telephones.is_empty()
        });
        self
    }

    /// What follows when a call that was handed on to `stop` finds nobody there:
    /// the telephones and queues that its receptionist stood before, and
    /// voicemail. No receptionist: the caller has had one.
    pub fn handed_on(&self, stop: Stop) -> Vec<Stop> {
        if stop.is_last() {
            return vec![stop];
        }
        self.and_then_people(vec![stop])
    }

    /// The member who was rung before the stop `n`, from the stop `first` on, if nobody
    /// else was tried: who leaves a message there leaves it for them.
    pub fn member_before(&self, n: usize, first: usize) -> Option<UserId> {
        match self.stops.get(first..n)? {
            [Stop::Ring(ring)] => ring.only_member(),
            _ => None,
        }
    }

    /// Where a caller goes who wants a person, if nobody said where: the same
    /// telephones and queues, and voicemail.
    pub fn to_people(&self) -> Vec<Stop> {
        self.and_then_people(Vec::new())
    }

    fn and_then_people(&self, mut stops: Vec<Stop>) -> Vec<Stop> {
        // Who was rung before the receptionist, or before a flow that may lead to one, did
        // not answer.
        let has_agent = |stop: &Stop| matches!(stop, Stop::Ai(_) | Stop::Ivr(_));
        let rest = self.stops.iter().skip_while(|stop| !has_agent(stop));
        // Who went through the gate once does not go through it again.
        let is_meant = |stop: &&Stop| match stop {
            Stop::Ring(ring) => ring.longest.is_none(),
            Stop::Queue(_) => true,
            Stop::Reject(_)
            | Stop::Ai(_)
            | Stop::Voicemail { .. }
            | Stop::Ivr(_)
            | Stop::Message { .. }
            | Stop::Apology => false,
        };
        for stop in rest.filter(is_meant) {
            // However often it is handed on, each is tried once.
            if !stops.contains(stop) {
                stops.push(stop.clone());
            }
        }
        let is_voicemail = |stop: &&Stop| matches!(stop, Stop::Voicemail { .. });
        let own = self.stops.iter().find(is_voicemail).cloned();
        stops.push(own.unwrap_or(Stop::VOICEMAIL));
        stops
    }
}

/// A place where a call may end, or go on from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stop {
    /// The call is refused.
    Reject(Refusal),
    /// A receptionist answers.
    Ai(AiStop),
    /// Telephones ring.
    Ring(RingStop),
    /// The caller waits until somebody has time.
    Queue(QueueStop),
    /// The caller leaves a message.
    Voicemail {
        /// What is said before the beep, if not the usual.
        greeting: Option<String>,
        /// The member whom the message is for, if somebody has said so.
        user_id: Option<UserId>,
    },
    /// The caller is led through a flow.
    Ivr(IvrStop),
    /// Something is said, and that is all.
    Message {
        /// What is said.
        text: String,
    },
    /// Nothing is left to try, and the caller is told so.
    Apology,
}

impl Stop {
    /// Voicemail, with the usual words before the beep.
    pub const VOICEMAIL: Self = Self::Voicemail {
        greeting: None,
        user_id: None,
    };

    /// Whether the call ends here, whatever happens.
    pub fn is_last(&self) -> bool {
        match self {
            Self::Reject(_) | Self::Voicemail { .. } | Self::Message { .. } | Self::Apology => true,
            Self::Ai(_) | Self::Ring(_) | Self::Queue(_) | Self::Ivr(_) => false,
        }
    }

    /// A word for it, as it is shown and counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Reject(_) => "reject",
            Self::Ai(_) => "ai",
            Self::Ring(_) => "ring",
            Self::Queue(_) => "queue",
            Self::Voicemail { .. } => "voicemail",
            Self::Ivr(_) => "ivr",
            Self::Message { .. } => "message",
            Self::Apology => "apology",
        }
    }
}

/// A receptionist, and what is said otherwise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AiStop {
    /// Who answers.
    pub receptionist_id: ReceptionistId,
    /// What is said otherwise on this number.
    pub voice: Voice,
    /// The destination whence the caller has come back, if they did: nobody there
    /// has taken the call, and this receptionist has had it before.
    pub back_from: Option<String>,
}

/// Telephones to ring.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RingStop {
    /// Which; never none.
    pub telephones: Vec<Telephone>,
    /// Who that is.
    pub whose: Purpose,
    /// Whether one after another, instead of all at once.
    pub is_in_turn: bool,
    /// How long they may speak, if the gate has let somebody through for this call;
    /// else it is asked when they are rung.
    pub longest: Option<Duration>,
    /// Whether the caller waits with music until somebody has taken the call, and
    /// goes on if nobody does.
    pub is_warm: bool,
    /// How.
    pub ring: Ring,
}

/// A telephone, and whose it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Telephone {
    /// Its number.
    pub number: PhoneNumber,
    /// The member who answers it; none for a telephone outside.
    pub user_id: Option<UserId>,
}

impl Telephone {
    /// Somebody's outside.
    pub fn outside(number: PhoneNumber) -> Self {
        let user_id = None;
        Self { number, user_id }
    }

    /// A member's.
    pub fn of_member(number: PhoneNumber, user: UserId) -> Self {
        let user_id = Some(user);
        Self { number, user_id }
    }
}

impl RingStop {
    /// One telephone: of somebody outside whom the gate has let through for so
    /// long, or of a member.
    pub fn one(telephone: Telephone, longest: Option<Duration>, ring: Ring) -> Self {
        Self {
            telephones: vec![telephone],
            whose: match longest {
                Some(_) => Purpose::Outside,
                None => Purpose::Member,
            },
            is_in_turn: false,
            longest,
            is_warm: false,
            ring,
        }
    }

    /// The member whom the caller wants, if it is one and no other.
    pub fn only_member(&self) -> Option<UserId> {
        match self.telephones.as_slice() {
            [one] => one.user_id,
            _ => None,
        }
    }

    /// The member whose telephone has that number.
    pub fn member_at(&self, number: &PhoneNumber) -> Option<UserId> {
        let telephone = self.telephones.iter().find(|one| one.number == *number)?;
        telephone.user_id
    }
}

/// A queue, as it was when the call came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QueueStop {
    /// Which.
    pub queue_id: QueueId,
    /// What is heard while waiting, if not the built-in tune.
    pub hold_music_url: Option<String>,
    /// Whether callers are told their place in the queue.
    pub announces_position: bool,
    /// Whether callers are told how long others waited.
    pub announces_wait: bool,
    /// Who has waited longer goes on.
    pub max_wait: Duration,
    /// Who would be one more than that goes on at once.
    pub max_size: u32,
}

impl From<&Queue> for QueueStop {
    fn from(queue: &Queue) -> Self {
        Self {
            queue_id: queue.id,
            hold_music_url: queue.hold_music_url.clone(),
            announces_position: queue.announces_position,
            announces_wait: queue.announces_wait,
            max_wait: queue.max_wait,
            max_size: queue.max_size,
        }
    }
}

/// A flow, as it was published when the call came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IvrStop {
    /// Which.
    pub flow_id: FlowId,
    /// Which version of it.
    pub version: i64,
    /// Who answers where the flow names nobody.
    pub receptionist_id: Option<ReceptionistId>,
    /// How callers of this number are spoken to.
    pub voice: Voice,
    /// What the flow may know of the caller.
    pub caller: CallerFacts,
}
