//! What the simulated model says and how it misbehaves.

use std::time::Duration;

use crate::rehearsal::names::Keep;
use crate::rehearsal::speech::RECEPTIONIST;
use crate::rehearsal::spoken::Spoken;

/// One simulated model: its lines, its pace, its faults.
#[derive(Clone, Debug)]
pub struct ModelOptions {
    /// TCP port to listen on; 0 takes a free one.
    pub port: u16,
    /// If set, any other key is refused with 401.
    pub required_key: Option<String>,
    /// Time before the upgrade is answered.
    pub accept_delay: Duration,
    /// Time the server thinks about the first `session.update`.
    pub ready_delay: Duration,
    /// What is said in each session, in order, a line a response; then from the
    /// start again. The recorded receptionist, unless told otherwise.
    pub lines: Vec<Line>,
    /// Time from a response's beginning to its first delta.
    pub think: Duration,
    /// Sound in one delta.
    pub delta: Duration,
    /// Sound made per time spent: 4 is four times faster than it is heard.
    pub speed: f64,
    /// Time from hearing the caller break in to falling silent.
    pub reaction: Duration,
    /// A hole in the middle of each response.
    pub stall: Option<Stall>,
    /// What the caller is understood to have said, turn by turn.
    pub caller_transcripts: Vec<String>,
    /// Time from the end of a turn to its transcript.
    pub transcription_delay: Duration,
    /// What goes wrong, a connection each in order; later ones are healthy.
    pub failures: Vec<Failure>,
    /// What is kept of each session.
    pub keep: Keep,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self {
            port: 0,
            required_key: None,
            accept_delay: Duration::ZERO,
            ready_delay: Duration::ZERO,
            lines: RECEPTIONIST
                .iter()
                .map(|clip| Line::say(clip.into()))
                .collect(),
            think: Duration::from_millis(100),
            delta: Duration::from_millis(200),
            speed: 4.0,
            reaction: Duration::ZERO,
            stall: None,
            caller_transcripts: Vec::new(),
            transcription_delay: Duration::from_millis(150),
            failures: Vec::new(),
            keep: Keep::Everything,
        }
    }
}

/// One response: items spoken one after the other, then tools called.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What is said; each becomes an assistant item.
    pub items: Vec<Spoken>,
    /// What is called after it; each becomes a `function_call` item.
    pub tool_calls: Vec<ToolCall>,
    /// What is asked of servers of tools after that; each becomes an `mcp_call`
    /// item, and goes on when the response is over.
    pub mcp_calls: Vec<McpCall>,
    /// Instead of [`ModelOptions::think`], for this line.
    pub think: Option<Duration>,
    /// How the response ends.
    pub ending: Ending,
}

impl Line {
    /// A line of one item.
    pub fn say(spoken: Spoken) -> Self {
        Self {
            items: vec![spoken],
            ..Self::default()
        }
    }

    /// A line that says nothing and calls one tool.
    pub fn call(name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self::default().then_call(name, arguments)
    }

    /// The same, with a tool called at its end.
    #[must_use]
    pub fn then_call(mut self, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        self.tool_calls.push(ToolCall {
            name: name.into(),
            arguments: arguments.into(),
            call_id: None,
        });
        self
    }

    /// The same, with a server of tools asked at its end.
    #[must_use]
    pub fn then_ask(mut self, call: McpCall) -> Self {
        self.mcp_calls.push(call);
        self
    }

    /// The same, with all its tools called under one `call_id`.
    #[must_use]
    pub fn with_call_id(mut self, call_id: &str) -> Self {
        for call in &mut self.tool_calls {
            call.call_id = Some(call_id.to_owned());
        }
        self
    }
}

/// A tool called by the model.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Its arguments: JSON, though nothing forces the model to make it so.
    pub arguments: String,
    /// The model's name for this call; a new one unless told.
    pub call_id: Option<String>,
}

/// A tool of a server (Model Context Protocol), which the model calls by itself.
/// Such a server must have been given to the session, with this tool.
#[derive(Clone, Debug)]
pub struct McpCall {
    /// The server.
    pub server_label: String,
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: String,
    /// How long the server takes to answer.
    pub takes: Duration,
    /// What comes of it.
    pub end: McpEnd,
    /// Whether the model asks for leave first, as of a session that wants it.
    pub asks_leave: bool,
}

/// What comes of a call of a server's tool.
#[derive(Clone, Debug)]
pub enum McpEnd {
    /// This answer.
    Answers(String),
    /// This error.
    Fails(String),
    /// Nothing, for ever.
    Never,
}

/// How a response ends by itself.
#[derive(Clone, Debug, Default)]
pub enum Ending {
    /// As it should.
    #[default]
    Completed,
    /// With `status: failed` and this error code, such as `rate_limit_exceeded`.
    Failed {
        /// The code of the error.
        code: String,
        /// Its message.
        message: String,
    },
    /// With `status: incomplete`: `max_output_tokens` or `content_filter`.
    Incomplete {
        /// The reason given.
        reason: String,
    },
}

/// A hole in a response.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    /// Sound made before the hole.
    pub after_audio: Duration,
    /// How long nothing comes.
    pub lasting: Duration,
}

/// What goes wrong with a connection.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Nothing: this one is healthy.
    Healthy,
    /// The upgrade is refused with this status, such as 401, 404 or 429.
    RefuseUpgrade(u16),
    /// The upgrade is never answered.
    NeverAnswerUpgrade,
    /// The socket closes with this code as soon as `session.created` is sent.
    CloseAfterHello(u16),
    /// Nothing is said after the upgrade, but perhaps `session.created`.
    SayNothing {
        /// Whether that is said.
        but_hello: bool,
    },
    /// The socket closes after so many audio deltas; without a code it just drops.
    CloseAfterDeltas {
        /// Deltas of sound sent before.
        deltas: usize,
        /// The close code, such as 1011; none for a drop without a word.
        code: Option<u16>,
    },
    /// Nothing is read or written any more after so many audio deltas.
    FreezeAfterDeltas(usize),
    /// These messages are sent as they are after so many audio deltas.
    GarbageAfterDeltas {
        /// Deltas of sound sent before.
        deltas: usize,
        /// The messages.
        messages: Vec<Garbage>,
    },
    /// The session expires after so long: an `error`, then the close.
    ExpireAfter(Duration),
}

/// A message that no model should send.
#[derive(Clone, Debug)]
pub enum Garbage {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}
