//! `/api/ivr/flows/{id}/simulate`: a flow walked through by nobody.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::extract::{Json, Path, optional_text};
use super::ivr_body::PassageBody;
use super::ivr_flows::find;
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{FlowId, Party, PhoneNumber, Pii, TenantId, Timestamp};
use crate::routing::ivr::{
    CallerFacts, Input, Next, Outcome, Published, Rest, State as Place, Walk, World, walk,
};
use crate::routing::{Facts, Stop, Voice};
use crate::store::ivr_flow_versions;
use crate::store::text::{Few, Number, Word, kept_of_json};

/// Walks a flow with what a caller does, a clock and a caller, and says what
/// the carrier would get at each step. Nobody is called, asked or written to,
/// and nothing is counted.
#[utoipa::path(post, path = "/api/ivr/flows/{id}/simulate", operation_id = "simulate_flow",
    tag = "Flows", params(("id" = String, Path, description = "`flw_…`")),
    request_body = Simulation, responses((status = 200, body = SimulatedCall)))]
pub(super) async fn simulate(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<FlowId>,
    Json(asked): Json<Simulation>,
) -> Result<JsonBody<SimulatedCall>, ApiError> {
    let tenant = operator.tenant_id;
    let published = flow(&state, (tenant, id), asked.version).await?;
    let flow = Arc::clone(&published.flow);
    let facts = ivr_flow_versions::facts_of(&state.store, tenant, published, None).await?;
    let facts: Facts = facts.ok_or(ApiError::NotFound)?;
    let from = asked.caller.number.map_or(Party::Anonymous, Party::Number);
    let to = asked.called_number.map_or(Party::Anonymous, Party::Number);
    let caller = CallerFacts {
        is_vip: asked.caller.is_vip,
        is_known: asked.caller.is_known,
        language: asked.caller.language.map(|Word(language)| language),
    };
    let world = World {
        flow: &flow,
        facts: &facts,
        voice: &Voice::default(),
        caller: &caller,
        from: &from,
        to: &to,
        now: asked.at.unwrap_or_else(|| state.clock.now()),
    };
    let language = asked.language.map(|Word(language)| language);
    let written = |walk: &Walk| {
        (state.simulator)(&Rest {
            walk,
            allowance: &facts.allowance,
            language: language.as_deref(),
            from: &from,
            to: &to,
        })
    };
    Ok(JsonBody(walked(&world, asked.inputs.0.into(), written)))
}

async fn flow(
    state: &ApiState,
    (tenant, id): (TenantId, FlowId),
    version: Option<Number<1, 2_147_483_647>>,
) -> Result<Published, ApiError> {
    let draft = find(&state.store, tenant, id).await?;
    let (name, version, flow) = match version {
        None => (draft.name, 0, draft.flow),
        Some(Number(version)) => {
            let found = ivr_flow_versions::find(&state.store, tenant, id, version.into()).await?;
            let found =
                found.ok_or_else(|| ApiError::field("version", "there is no such version"))?;
            (found.name, found.version, found.flow)
        }
    };
    let flow = Arc::new(flow);
    Ok(Published {
        id,
        name,
        version,
        flow,
    })
}

/// Walks until the flow ends, or nothing more is said of what the caller does.
fn walked(
    world: &World<'_>,
    mut inputs: VecDeque<InputBody>,
    written: impl Fn(&Walk) -> String,
) -> SimulatedCall {
    let mut steps = Vec::new();
    let mut input = Input::Begin;
    let mut place = Place::begin(world.flow);
    loop {
        let mut walk = walk(world, place, &input);
        while let Next::Ask(asked) = &walk.next {
            let Some(given) = inputs.pop_front() else {
                break;
            };
            let answer = given.answer().map(|json| kept_of_json(json, &asked.fields));
            walk = walk.answered(world, &Input::Answer(answer));
        }
        let stopped = Stopped::of(&walk, inputs.is_empty());
        steps.push(SimulatedStep::new(&walk, written(&walk)));
        place = walk.state;
        if let Some(stopped) = stopped {
            let variables = place.variables.iter();
            let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
            return SimulatedCall {
                steps,
                variables: variables.collect(),
                stopped: stopped.code,
                why: stopped.why,
            };
        }
        input = match walk.next {
            Next::GoOn => Input::Begin,
            Next::Listen(_) | Next::HandOver(_) | Next::Ask(_) | Next::HangUp | Next::Leave(_) => {
                inputs.pop_front().map_or(Input::Silence, Input::from)
            }
        };
    }
}

/// Why a simulation ends.
struct Stopped {
    code: &'static str,
    why: String,
}

impl Stopped {
    /// None where it goes on.
    fn of(walk: &Walk, is_at_end: bool) -> Option<Self> {
        let (code, why) = match &walk.next {
            Next::HangUp => ("hung_up", "the flow ends the call".to_owned()),
            Next::Leave(why) => ("left", why.to_string()),
            Next::HandOver(stop) if stop.is_last() => (
                "handed_over",
                format!("the call ends with: {}", stop.kind()),
            ),
            Next::HandOver(stop) if is_at_end => {
                ("handed_over", format!("the call goes to: {}", stop.kind()))
            }
            Next::Listen(_) | Next::Ask(_) if is_at_end => {
                ("waiting", "there are no more inputs".to_owned())
            }
            Next::HandOver(_) | Next::Listen(_) | Next::Ask(_) | Next::GoOn => return None,
        };
        Some(Self { code, why })
    }
}

/// A call to be simulated.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Simulation {
    /// Which version; the draft where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 2_147_483_647)]
    version: Option<Number<1, 2_147_483_647>>,
    /// What happens, in order, each time the flow waits for something.
    #[serde(default)]
    #[schema(value_type = Vec<InputBody>, max_items = 200, required = false)]
    inputs: Few<InputBody, 0, 200>,
    /// When the call comes; now where nothing is said.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    #[serde(default)]
    #[schema(required = false)]
    caller: CallerBody,
    /// The number that is called, in E.164.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = r"^\+[1-9][0-9]{1,14}$")]
    called_number: Option<PhoneNumber>,
    /// BCP 47 language of the number.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    language: Option<Word>,
}

/// Who calls.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallerBody {
    /// In E.164; somebody who hides the number where nothing is said.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = r"^\+[1-9][0-9]{1,14}$")]
    number: Option<PhoneNumber>,
    #[serde(default)]
    #[schema(required = false)]
    is_vip: bool,
    /// Whether it is a contact.
    #[serde(default)]
    #[schema(required = false)]
    is_known: bool,
    /// The BCP 47 language that the contact speaks.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    language: Option<Word>,
}

/// What happens where a flow waits for something.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum InputBody {
    /// The caller presses keys.
    Digits(DigitsBody),
    /// The caller says something.
    Speech(SpeechBody),
    /// The caller does nothing.
    Timeout,
    /// Nobody answers.
    NoAnswer,
    /// The line is engaged.
    Busy,
    /// It cannot be done: nobody can be rung or queued, no receptionist
    /// answers, another machine does not.
    Failed,
    /// The caller leaves the queue by key.
    Left,
    /// The caller has waited too long in the queue.
    Waited,
    /// The queue is full.
    Full,
    /// Another machine answers with this JSON.
    Answer(AnswerBody),
}

/// Keys.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^[0-9*#]{1,32}$")]
pub(super) struct DigitsBody(String);

impl TryFrom<String> for DigitsBody {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let is_key = |b: u8| b.is_ascii_digit() || b == b'*' || b == b'#';
        if (1..=32).contains(&text.len()) && text.bytes().all(is_key) {
            Ok(Self(text))
        } else {
            Err("expected 1 to 32 keys: 0 to 9, * or #")
        }
    }
}

/// Words.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, min_length = 1, max_length = 200,
    pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
pub(super) struct SpeechBody(crate::store::text::Line<200>);

/// Any JSON.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(transparent)]
pub(super) struct AnswerBody(Value);

impl InputBody {
    /// What another machine answers, if this is such an answer.
    fn answer(&self) -> Option<&Value> {
        if let Self::Answer(AnswerBody(json)) = self {
            Some(json)
        } else {
            None
        }
    }
}

impl From<InputBody> for Input {
    fn from(body: InputBody) -> Self {
        match body {
            InputBody::Digits(DigitsBody(keys)) => Self::Keys(Pii::new(keys)),
            InputBody::Speech(SpeechBody(words)) => Self::Words(Pii::new(words.0)),
            InputBody::Timeout | InputBody::Answer(_) => Self::Silence,
            InputBody::NoAnswer => Self::Outcome(Outcome::NoAnswer),
            InputBody::Busy => Self::Outcome(Outcome::Busy),
            InputBody::Failed => Self::Outcome(Outcome::Failed),
            InputBody::Left => Self::Outcome(Outcome::Left),
            InputBody::Waited => Self::Outcome(Outcome::Waited),
            InputBody::Full => Self::Outcome(Outcome::Full),
        }
    }
}

/// A call that nobody made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SimulatedCall {
    /// In order: each time the carrier would have asked.
    steps: Vec<SimulatedStep>,
    /// What the flow has kept at the end.
    variables: BTreeMap<String, String>,
    /// Why it ended: `hung_up`, `handed_over`, `waiting` for an input that was
    /// not given, or `left` because the flow knows no further.
    stopped: &'static str,
    /// The same for people.
    why: String,
}

/// What comes of one input.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SimulatedStep {
    /// The nodes that were entered and left, in order.
    path: Vec<PassageBody>,
    /// Where the call rests.
    node: String,
    /// What the carrier would get. Of a receptionist it has no token.
    twiml: String,
    /// Who would have the call: `ai`, `ring`, `queue` or `voicemail`; null where
    /// the flow still has it.
    taken_by: Option<&'static str>,
    /// The text messages that the caller would get.
    texts: Vec<String>,
}

impl SimulatedStep {
    fn new(walk: &Walk, twiml: String) -> Self {
        let path = walk.path.iter();
        let path = path.map(|one| PassageBody::new(&one.node, one.exit.as_ref()));
        let stop: Option<&Stop> = match &walk.next {
            Next::HandOver(stop) => Some(stop),
            Next::Listen(_) | Next::Ask(_) | Next::GoOn | Next::HangUp | Next::Leave(_) => None,
        };
        Self {
            path: path.collect(),
            node: walk.state.node.to_string(),
            twiml,
            taken_by: stop.map(Stop::kind),
            texts: walk
                .texts
                .iter()
                .map(|text| text.expose().clone())
                .collect(),
        }
    }
}
