//! The walk itself: from one moment at which the world has to act to the next.

use super::exit::{Exit, NodeId};
use super::flow::Node;
use super::listen;
use super::next::{Asked, Listening, Next, Why};
use super::node::{Kind, Prompt};
use super::state::State;
use super::world::World;
use crate::domain::Pii;
use crate::routing::route::Stop;

/// What came of where the call is.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Nothing yet: the call goes on from there.
    Begin,
    /// The caller pressed keys.
    Keys(Pii<String>),
    /// The caller said something.
    Words(Pii<String>),
    /// The caller did nothing.
    Silence,
    /// Whoever was to have the call does not have it.
    Outcome(Outcome),
    /// What another machine answered, by variable; none if that was of no use.
    Answer(Option<Vec<(String, Pii<String>)>>),
}

/// Why nobody else has the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Nobody answered.
    NoAnswer,
    /// The line was engaged.
    Busy,
    /// It could not be done.
    Failed,
    /// The caller did not want to wait any longer.
    Left,
    /// The caller has waited too long.
    Waited,
    /// There was no room to wait in.
    Full,
}

/// A node that was entered, or left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Passage {
    /// Which.
    pub node: NodeId,
    /// The way by which it was left; none when it was entered.
    pub exit: Option<Exit>,
}

/// The way of a call to where it rests.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    /// Where the call is then.
    pub state: State,
    /// What it has passed.
    pub path: Vec<Passage>,
    /// What the caller hears first.
    pub heard: Vec<Prompt>,
    /// Text messages for the caller.
    pub texts: Vec<Pii<String>>,
    /// What the world has to do then.
    pub next: Next,
    asks: u32,
}

/// Nodes that may follow each other while the caller does nothing.
const MAX_NODES: usize = 100;
/// How often a call may rest in a flow.
const MAX_RESTS: u32 = 200;
/// Questions to other machines while the caller waits.
const MAX_ASKS: u32 = 4;
/// What the carrier is given to say or play at a time, in characters: with
/// every letter escaped it still takes the document.
const MAX_HEARD: usize = 6_000;
/// The same while a receptionist waits, who is given up after a minute: half of that.
const MAX_BEFORE_AGENT: usize = 400;
/// Keys that are remembered.
const MAX_KEYS: usize = 32;
/// Text messages that a caller is sent in a flow: nobody makes us send more by
/// pressing keys.
const MAX_TEXTS: u32 = 5;
/// The longest text message.
const MAX_TEXT: usize = 1_600;

/// The way of a call on from `state`, where `input` came of it.
pub fn walk(world: &World<'_>, state: State, input: &Input) -> Walk {
    let mut walk = Walk {
        state,
        path: Vec::new(),
        heard: Vec::new(),
        texts: Vec::new(),
        next: Next::GoOn,
        asks: 0,
    };
    walk.run(world, input);
    walk
}

/// What happens at a node.
enum Turn {
    Leave(Exit),
    Rest(Next),
}

impl Walk {
    /// The same way, gone on with what came of where it rested.
    #[must_use]
    pub fn answered(mut self, world: &World<'_>, input: &Input) -> Self {
        self.run(world, input);
        self
    }

    fn run(&mut self, world: &World<'_>, input: &Input) {
        let mut turn = match world.flow.node(&self.state.node) {
            None => Turn::Rest(Next::Leave(Why::NoNode(self.state.node.clone()))),
            Some(node) if self.state.is_asked => self.hear(world, node, input),
            Some(node) => self.enter(world, node),
        };
        for _ in 0..MAX_NODES {
            let exit = match turn {
                Turn::Rest(next) => return self.rest(next),
                Turn::Leave(exit) => exit,
            };
            turn = match self.leave(world, exit) {
                Ok(node) => self.enter(world, node),
                Err(why) => Turn::Rest(Next::Leave(why)),
            };
        }
        self.rest(Next::Leave(Why::TooFar));
    }

    fn rest(&mut self, next: Next) {
        self.state.step = self.state.step.saturating_add(1);
        self.next = if self.state.step > MAX_RESTS {
            Next::Leave(Why::TooLong)
        } else {
            next
        };
    }

    /// Leaves the present node; the next one.
    fn leave<'a>(&mut self, world: &World<'a>, exit: Exit) -> Result<&'a Node, Why> {
        let from = self.state.node.clone();
        let Some(to) = world.flow.after(&from, &exit) else {
            self.pass(&from, Some(&exit));
            return Err(Why::LooseEnd(from, exit));
        };
        self.pass(&from, Some(&exit));
        self.state.node = to.clone();
        self.state.is_asked = false;
        self.state.tries = 0;
        let node = world.flow.node(to);
        node.ok_or_else(|| Why::NoNode(to.clone()))
    }

    fn pass(&mut self, node: &NodeId, exit: Option<&Exit>) {
        self.path.push(Passage {
            node: node.clone(),
            exit: exit.cloned(),
        });
    }

    fn enter(&mut self, world: &World<'_>, node: &Node) -> Turn {
        // What is heard before is said first where both would be too much.
        let heard: usize = self.heard.iter().map(listen::length).sum();
        let is_much = heard + listen::longest(&node.kind) > MAX_HEARD;
        if !self.heard.is_empty() && (is_much || self.keeps_agent_waiting(world, node)) {
            return Turn::Rest(Next::GoOn);
        }
        self.pass(&node.id, None);
        match &node.kind {
            Kind::Start => Turn::Leave(Exit::Next),
            Kind::Say(words) => self.let_hear(world, &Prompt::Say(words.clone())),
            Kind::Play { url } => self.let_hear(world, &Prompt::Play(url.clone())),
            Kind::Menu(menu) => self.listen(listen::offer(world, menu, &self.state, false)),
            Kind::Gather(collect) => {
                self.listen(listen::request(world, collect, &self.state, false))
            }
            Kind::Hours { hours_id } if world.is_open(*hours_id) => Turn::Leave(Exit::Open),
            Kind::Hours { .. } => Turn::Leave(Exit::Closed),
            Kind::HandOver(_) => {
                self.state.is_asked = true;
                match world.stop_at(&node.id) {
                    Some(stop) => Turn::Rest(Next::HandOver(self.hand_over(stop))),
                    None => Turn::Leave(Exit::Failed),
                }
            }
            Kind::Sms { text } => {
                if self.state.texts < MAX_TEXTS {
                    self.state.texts += 1;
                    let text = world.told(text, &self.state, MAX_TEXT);
                    self.texts.push(Pii::new(text));
                }
                Turn::Leave(Exit::Next)
            }
            Kind::Http(ask) => self.ask(world.put(ask, &self.state)),
            Kind::Set { variable, value } => {
                let value = world.told(value, &self.state, usize::MAX);
                self.state.variables.set(variable, &value);
                Turn::Leave(Exit::Next)
            }
            Kind::Branch { cases } => {
                let mut cases = cases.iter();
                let case = cases.find(|case| world.is_so(case, &self.state));
                Turn::Leave(case.map_or(Exit::Else, |case| case.exit.clone()))
            }
            Kind::Hangup => Turn::Rest(Next::HangUp),
        }
    }

    /// Whether a receptionist whom the carrier is sent to now would wait for a caller who
    /// listens to something else for long, and at last be given up.
    fn keeps_agent_waiting(&self, world: &World<'_>, node: &Node) -> bool {
        // Of what is played nobody knows how long it is.
        let plays = |prompt: &Prompt| matches!(prompt, Prompt::Play(_));
        let said: usize = self.heard.iter().map(listen::length).sum();
        let is_long = said > MAX_BEFORE_AGENT || self.heard.iter().any(plays);
        is_long && matches!(world.stop_at(&node.id), Some(Stop::Ai(_)))
    }

    fn let_hear(&mut self, world: &World<'_>, prompt: &Prompt) -> Turn {
        self.heard.extend(world.spoken(prompt, &self.state));
        Turn::Leave(Exit::Next)
    }

    /// Whoever has tried one member in the flow, and nobody else, leaves the message for
    /// them.
    fn hand_over(&mut self, mut stop: Stop) -> Stop {
        match &mut stop {
            Stop::Voicemail { user_id, .. } => *user_id = user_id.or(self.state.tried.member()),
            Stop::Ring(ring) => self.state.tried.note(ring.only_member()),
            Stop::Ai(_) | Stop::Queue(_) | Stop::Ivr(_) => self.state.tried.note(None),
            Stop::Reject(_) | Stop::Message { .. } | Stop::Apology => {}
        }
        stop
    }

    fn listen(&mut self, listening: Listening) -> Turn {
        self.state.is_asked = true;
        Turn::Rest(Next::Listen(listening))
    }

    fn ask(&mut self, asked: Asked) -> Turn {
        self.state.is_asked = true;
        self.asks += 1;
        if self.asks > MAX_ASKS {
            return Turn::Leave(Exit::Failed);
        }
        Turn::Rest(Next::Ask(asked))
    }

    /// What comes of where the call rested.
    fn hear(&mut self, world: &World<'_>, node: &Node, input: &Input) -> Turn {
        match &node.kind {
            Kind::Menu(menu) => {
                self.note_keys(input);
                let exit = listen::chosen(&world.flow.keys(&node.id), menu, input);
                self.leave_or_ask_again(exit, menu.retries, |state, is_sorry| {
                    listen::offer(world, menu, state, is_sorry)
                })
            }
            Kind::Gather(collect) => {
                self.note_keys(input);
                let exit = match listen::entered(collect, input) {
                    Ok(value) => {
                        self.state.variables.set(&collect.variable, value);
                        Exit::Next
                    }
                    Err(exit) => exit,
                };
                self.leave_or_ask_again(exit, collect.retries, |state, is_sorry| {
                    listen::request(world, collect, state, is_sorry)
                })
            }
            Kind::HandOver(_) => match input {
                Input::Outcome(outcome) => Self::hear_outcome(world, &node.id, *outcome),
                // Nobody knows what became of it, and the caller is here.
                Input::Begin
                | Input::Keys(_)
                | Input::Words(_)
                | Input::Silence
                | Input::Answer(_) => Turn::Leave(Exit::Failed),
            },
            Kind::Http(_) => match input {
                Input::Answer(Some(values)) => {
                    for (name, value) in values {
                        self.state.variables.set(name, value.expose());
                    }
                    Turn::Leave(Exit::Ok)
                }
                Input::Begin
                | Input::Keys(_)
                | Input::Words(_)
                | Input::Silence
                | Input::Outcome(_)
                | Input::Answer(None) => Turn::Leave(Exit::Failed),
            },
            Kind::Start
            | Kind::Say(_)
            | Kind::Play { .. }
            | Kind::Hours { .. }
            | Kind::Sms { .. }
            | Kind::Set { .. }
            | Kind::Branch { .. }
            | Kind::Hangup => self.enter(world, node),
        }
    }

    fn note_keys(&mut self, input: &Input) {
        if let Input::Keys(keys) = input {
            let keys = keys.expose().chars().take(MAX_KEYS).collect();
            self.state.digits = Pii::new(keys);
        }
    }

    /// Who did nothing, or what makes no sense, is asked again a few times.
    fn leave_or_ask_again(
        &mut self,
        exit: Exit,
        retries: u32,
        ask: impl FnOnce(&State, bool) -> Listening,
    ) -> Turn {
        let is_sorry = exit == Exit::Invalid;
        let is_lost = is_sorry || exit == Exit::Timeout;
        if !is_lost || self.state.tries >= retries {
            return Turn::Leave(exit);
        }
        self.state.tries += 1;
        Turn::Rest(Next::Listen(ask(&self.state, is_sorry)))
    }

    fn hear_outcome(world: &World<'_>, id: &NodeId, outcome: Outcome) -> Turn {
        let exit = match outcome {
            Outcome::NoAnswer => Exit::NoAnswer,
            Outcome::Busy => Exit::Busy,
            Outcome::Failed => Exit::Failed,
            Outcome::Waited => Exit::Timeout,
            Outcome::Full => Exit::Full,
            Outcome::Left => Exit::Left,
        };
        // Who has pressed the key has been told that it leads to voicemail.
        if exit == Exit::Left && world.flow.after(id, &exit).is_none() {
            return Turn::Rest(Next::HandOver(Stop::VOICEMAIL));
        }
        Turn::Leave(exit)
    }
}
