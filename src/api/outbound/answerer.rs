//! Who speaks in a call that we make: a receptionist, or a member.

use std::time::Duration;

use super::body::NewOutboundCall;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{
    OpenState, Permission, PhoneNumber, Purpose, Reach, Receptionist, ReceptionistId, User, UserId,
};
use crate::routing::{AiStop, CallerId, Ring, RingStop, Route, Stop, Telephone, Voice};
use crate::store::{numbers, routing_facts, tenants, users};

/// Who speaks.
pub(super) enum Answerer {
    /// A receptionist.
    Ai(Box<Receptionist>),
    /// A member, whose telephone is rung first.
    Member {
        user_id: UserId,
        phone_number: PhoneNumber,
    },
}

impl Answerer {
    /// Whom the body names; the tenant's default receptionist, if nobody.
    pub(super) async fn of(
        (state, operator): (&ApiState, &Operator),
        body: &NewOutboundCall,
    ) -> Result<Self, ApiError> {
        match (body.receptionist_id, body.user_id) {
            (Some(_), Some(_)) => Err(ApiError::field(
                "user_id",
                "either a receptionist or a member speaks: leave one of the two out",
            )),
            (None, Some(user)) => {
                let user = member((state, operator), user).await?;
                let phone_number = user.phone_number.ok_or(ApiError::Conflict(NO_TELEPHONE))?;
                Ok(Self::Member {
                    user_id: user.id,
                    phone_number,
                })
            }
            (named, None) => receptionist((state, operator), named).await,
        }
    }

    /// Who is rung first when `to` is called.
    pub(super) fn rung<'a>(&'a self, to: &'a PhoneNumber) -> &'a PhoneNumber {
        match self {
            Self::Ai(_) => to,
            Self::Member { phone_number, .. } => phone_number,
        }
    }

    pub(super) fn receptionist_id(&self) -> Option<ReceptionistId> {
        match self {
            Self::Ai(receptionist) => Some(receptionist.id),
            Self::Member { .. } => None,
        }
    }

    /// What happens once somebody has picked up.
    pub(super) async fn route(
        &self,
        state: &ApiState,
        (from, to): (&PhoneNumber, &PhoneNumber),
        ring_for: Duration,
    ) -> Result<Route, ApiError> {
        let (stops, language) = match self {
            Self::Ai(receptionist) => {
                let ai = Stop::Ai(AiStop {
                    receptionist_id: receptionist.id,
                    voice: Voice::default(),
                    back_from: None,
                });
                (vec![ai, Stop::Apology], Some(receptionist.language.clone()))
            }
            Self::Member { .. } => {
                let ring = Ring {
                    timeout: ring_for,
                    caller_id: CallerId::Number(from.clone()),
                    ..Ring::default()
                };
                let target = Stop::Ring(RingStop {
                    telephones: vec![Telephone::outside(to.clone())],
                    whose: Purpose::Outside,
                    is_in_turn: false,
                    longest: None,
                    is_warm: false,
                    ring,
                });
                let unanswered = Stop::Message {
                    text: UNANSWERED.to_owned(),
                };
                let answering = numbers::answering(&state.store, Some(from)).await?;
                let language = answering.map(|(_, receptionist)| receptionist.language);
                (vec![target, unanswered], language)
            }
        };
        Ok(Route {
            open_state: OpenState::Open,
            stops,
            language,
            steps: Vec::new(),
        })
    }
}

/// A member who works here, whose telephone this operator may have rung: who
/// sees only calls of their own has only their own.
pub(super) async fn member(
    (state, operator): (&ApiState, &Operator),
    id: UserId,
) -> Result<User, ApiError> {
    let is_narrow = operator.rights.reach(Permission::CallsRead) == Reach::Own;
    if is_narrow && operator.member() != Some(id) {
        return Err(ApiError::field(
            "user_id",
            "you may have only your own telephone rung",
        ));
    }
    let found = users::find(&state.store, operator.tenant_id, id).await?;
    let found = found.filter(|user| user.is_active);
    found.ok_or_else(|| ApiError::field("user_id", "there is no active member of that id here"))
}

async fn receptionist(
    (state, operator): (&ApiState, &Operator),
    named: Option<ReceptionistId>,
) -> Result<Answerer, ApiError> {
    let tenant = operator.tenant_id;
    let id = if let Some(id) = named {
        id
    } else {
        let tenant = tenants::find(&state.store, tenant).await?;
        let default = tenant.and_then(|tenant| tenant.default_receptionist);
        default.ok_or(ApiError::Conflict("you have no default receptionist"))?
    };
    let found = routing_facts::receptionist(&state.store, tenant, id).await?;
    let found = found.ok_or_else(|| {
        ApiError::field(
            "receptionist_id",
            "there is no receptionist of that id here that was ever published",
        )
    })?;
    Ok(Answerer::Ai(Box::new(found)))
}

pub(super) const NO_TELEPHONE: &str = "the member has no telephone number";
const UNANSWERED: &str = "Nobody has answered your call. Goodbye.";
