//! Takes a call through a flow, step by step.

use axum::extract::State as Share;
use tokio::time::Instant;

use super::trails::{Course, Pages};
use super::{document, errand, text};
use crate::domain::{CallSid, Pii};
use crate::routing::ivr::{Input, Next, Outcome, State, Walk, World, walk};
use crate::routing::{Facts, IvrStop, Stop};
use crate::twilio::twiml::Response;
use crate::twilio::webhook::{GatherResult, VoiceRequest};
use crate::webhooks::at::{At, Leg, Point};
use crate::webhooks::memory::Placed;
use crate::webhooks::signed::Signed;
use crate::webhooks::xml::Xml;
use crate::webhooks::{Webhooks, spoken, stops, switchboard};

/// The caller in a flow has pressed keys or said something, or has not.
pub(crate) async fn heard(Share(house): Share<Webhooks>, at: At, Signed(pairs): Signed) -> Xml {
    let Ok(result) = GatherResult::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    let input = match (result.digits, result.speech) {
        (Some(keys), _) if !keys.expose().is_empty() => Input::Keys(keys),
        (_, Some(words)) if !words.expose().trim().is_empty() => {
            Input::Words(shortened(words.expose()))
        }
        (_, _) => Input::Silence,
    };
    let request = &result.call;
    Xml(match switchboard::find(&house, &request.call_sid).await {
        Some(placed) => stops::answer(&house, &placed, request, (&at, input)).await,
        None => spoken::apology(),
    })
}

/// Nobody chooses with a speech.
fn shortened(words: &str) -> Pii<String> {
    Pii::new(words.chars().take(500).collect())
}

/// The call comes to a flow, the stop `n` of its route.
pub(crate) async fn enter(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    (n, stop): (usize, &IvrStop),
) -> Course {
    let mut pages = house
        .trails
        .open(&request.call_sid, house.clock.now())
        .await;
    let here = Step { n, stop, at: 0 };
    let begin = |facts: &Facts| {
        let flow = facts.flows.get(&stop.flow_id)?;
        Some(State::begin(&flow.flow))
    };
    if let Some(course) = pages.answered((n, 0), &Input::Begin) {
        return course;
    }
    let facts = pages.facts(house, placed, (n, stop)).await;
    let state = facts.as_ref().and_then(|facts| begin(facts));
    let Some((facts, state)) = facts.zip(state) else {
        return Course::Left(Response::new());
    };
    let call = Call {
        house,
        placed,
        request,
    };
    call.go(&mut pages, (here, &facts), (state, Input::Begin))
        .await
}

/// The call goes on in a flow, or behind it if it was in none.
pub(crate) async fn resume(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    (point, input): (&Point, Input),
) -> Course {
    let stop = placed.route.stops.get(point.stop);
    let (Some(leg), Some(Stop::Ivr(stop))) = (&point.leg, stop) else {
        return Course::Left(Response::new());
    };
    let mut pages = house
        .trails
        .open(&request.call_sid, house.clock.now())
        .await;
    let (n, at) = (point.stop, leg.step);
    if let Some(course) = pages.answered((n, at), &input) {
        return course;
    }
    let Some(facts) = pages.facts(house, placed, (n, stop)).await else {
        return Course::Left(Response::new());
    };
    let state = pages.state(house, placed, (n, leg)).await;
    let call = Call {
        house,
        placed,
        request,
    };
    let here = Step { n, stop, at };
    call.go(&mut pages, (here, &facts), (state, input)).await
}

/// Who has the call at a node of a flow.
pub(crate) async fn stop_at(
    house: &Webhooks,
    placed: &Placed,
    call_sid: &CallSid,
    (n, stop, leg): (usize, &IvrStop, &Leg),
) -> Option<Stop> {
    let facts = {
        let mut pages = house.trails.open(call_sid, house.clock.now()).await;
        pages.facts(house, placed, (n, stop)).await?
    };
    let flow = facts.flows.get(&stop.flow_id)?;
    let anybody = crate::domain::Party::Anonymous;
    let world = World {
        flow: &flow.flow,
        facts: &facts,
        voice: &stop.voice,
        caller: &stop.caller,
        from: &anybody,
        to: &anybody,
        now: house.clock.now(),
    };
    world.stop_at(&leg.node)
}

/// A call that is being led.
struct Call<'a> {
    house: &'a Webhooks,
    placed: &'a Placed,
    request: &'a VoiceRequest,
}

/// Where it is: at which stop of its route, which is this flow, at which step.
#[derive(Clone, Copy)]
struct Step<'a> {
    n: usize,
    stop: &'a IvrStop,
    at: u32,
}

impl Call<'_> {
    async fn go(
        &self,
        pages: &mut Pages,
        (here, facts): (Step<'_>, &Facts),
        (state, input): (State, Input),
    ) -> Course {
        let Some(flow) = facts.flows.get(&here.stop.flow_id) else {
            return Course::Left(Response::new());
        };
        let world = World {
            flow: &flow.flow,
            facts,
            voice: &here.stop.voice,
            caller: &here.stop.caller,
            from: &self.request.from,
            to: &self.request.to,
            now: self.house.clock.now(),
        };
        let walk = walk(&world, state, &input);
        let (walk, taken) = self.act(&world, here, walk).await;
        let Self {
            house,
            placed,
            request,
        } = *self;
        text::send(house, placed, request, &walk);
        errand::count(house, placed, (here.n, here.stop), (facts, &walk));
        if let Next::Leave(why) = &walk.next {
            tracing::info!(call.id = %placed.call_id, flow.id = %here.stop.flow_id, %why,
                "ivr.left");
        }
        let point = point(here.n, &walk.state);
        let language = placed.route.language.as_deref();
        let course = match document::written(house, &walk, (&point, language), taken) {
            Some(response) => {
                pages.note(house, placed, (here.n, &walk.state)).await;
                Course::Taken(response)
            }
            None => Course::Left(document::said(&walk, language)),
        };
        pages.keep((here.n, here.at), input, &course);
        course
    }

    /// Does what takes time, until the walk rests; what the carrier is to do
    /// where somebody else has the call.
    async fn act(
        &self,
        world: &World<'_>,
        here: Step<'_>,
        mut walk: Walk,
    ) -> (Walk, Option<Response>) {
        let until = Instant::now() + errand::PATIENCE;
        loop {
            let input = match &walk.next {
                Next::Ask(asked) => {
                    let of = (self.placed.tenant_id, here.stop.flow_id);
                    Input::Answer(errand::ask(self.house, of, asked, until).await)
                }
                Next::HandOver(stop) => {
                    let point = point(here.n, &walk.state);
                    let Self {
                        house,
                        placed,
                        request,
                    } = *self;
                    match stops::take(house, placed, request, (&point, stop)).await {
                        Ok(response) => return (walk, Some(response)),
                        Err(_) => Input::Outcome(Outcome::Failed),
                    }
                }
                Next::Listen(_) | Next::GoOn | Next::HangUp | Next::Leave(_) => {
                    return (walk, None);
                }
            };
            walk = walk.answered(world, &input);
        }
    }
}

/// Where a walk rests on the route.
fn point(n: usize, state: &State) -> Point {
    Point {
        stop: n,
        leg: Some(Leg {
            node: state.node.clone(),
            step: state.step,
        }),
    }
}
