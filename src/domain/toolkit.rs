//! What an admin hands a receptionist: where callers may go, and whom it may ask.

use std::time::Duration;

use super::{Credential, Effect, PermittedTool, PhoneNumber, QueueId, Secret, UserId};

/// What a receptionist has at hand beside the house's own tools.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Toolkit {
    /// Where callers may be handed on to, and nowhere else.
    pub destinations: Vec<Destination>,
    /// Who may be written to beside the caller, and nobody else.
    pub text_recipients: Vec<TextRecipient>,
    /// Machines that may be asked.
    pub http: Vec<HttpTool>,
    /// Servers whose tools the agent asks by itself.
    pub mcp: Vec<McpServer>,
    /// What happens when a caller wants a person.
    pub person: PersonRule,
}

impl Toolkit {
    /// The same without what nobody is shown.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut kit = self.clone();
        for header in kit.http.iter_mut().flat_map(|tool| &mut tool.headers) {
            header.value = None;
        }
        for server in &mut kit.mcp {
            server.authorization = None;
        }
        kit
    }

    /// Everything in it that is kept sealed, and the place of each.
    pub fn credentials_mut(&mut self) -> impl Iterator<Item = (String, &mut Credential)> {
        let tools = self.http.iter_mut().enumerate();
        let of_tools = tools.flat_map(|(n, tool)| {
            let headers = tool.headers.iter_mut().enumerate();
            headers.filter_map(move |(m, header)| {
                let place = format!("http_tools/{n}/headers/{m}/value");
                Some((place, header.value.as_mut()?))
            })
        });
        let servers = self.mcp.iter_mut().enumerate();
        of_tools.chain(servers.filter_map(|(n, server)| {
            let place = format!("mcp_servers/{n}/authorization");
            Some((place, server.authorization.as_mut()?))
        }))
    }

    /// The same with what `open` makes of its secrets, and without the machines
    /// of which it opens one not: they would refuse us.
    #[must_use]
    pub fn opened(mut self, open: impl Fn(&Credential) -> Option<Secret<String>>) -> Self {
        let opened = |credential: &mut Option<Credential>| {
            let Some(kept) = credential else { return true };
            let secret = open(kept);
            let is_open = secret.is_some();
            *credential = secret.map(Credential::Given);
            is_open
        };
        self.http.retain_mut(|tool| {
            let mut headers = tool.headers.iter_mut();
            headers.all(|header| opened(&mut header.value))
        });
        self.mcp
            .retain_mut(|server| opened(&mut server.authorization));
        self
    }

    /// Finds the secrets that are not told in an earlier kit: of the same name,
    /// and for the same host, so that nobody has them sent elsewhere.
    pub fn take_secrets_of(&mut self, earlier: &Self) {
        for tool in &mut self.http {
            let before = earlier.http.iter().find(|one| one.name == tool.name);
            let Some(before) = before.filter(|one| origin(&one.url) == origin(&tool.url)) else {
                continue;
            };
            for header in tool.headers.iter_mut().filter(|one| one.value.is_none()) {
                let same = |one: &&ToolHeader| one.name.eq_ignore_ascii_case(&header.name);
                let before = before.headers.iter().find(same);
                header.value = before.and_then(|one| one.value.clone());
            }
        }
        for server in self
            .mcp
            .iter_mut()
            .filter(|one| one.authorization.is_none())
        {
            let mut before = earlier.mcp.iter();
            let before = before.find(|one| one.label == server.label);
            let before = before.filter(|one| origin(&one.url) == origin(&server.url));
            server.authorization = before.and_then(|one| one.authorization.clone());
        }
    }
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> &str {
    let host = url.find("//").map_or(0, |at| at + 2);
    let end = url[host..].find(['/', '?', '#']);
    end.map_or(url, |end| &url[..host + end])
}

/// A place that callers may be handed on to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destination {
    /// The name that the agent picks it by, such as `sales`.
    pub key: String,
    /// When it is right, in words for the agent.
    pub description: String,
    /// Where it is.
    pub place: Place,
    /// How callers get there.
    pub mode: TransferMode,
}

/// Where a destination is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// With a member, on their telephone.
    User(UserId),
    /// With the first of several members who answers: all of their telephones ring at
    /// once.
    Team(Vec<UserId>),
    /// With those who answer a queue.
    Queue(QueueId),
    /// At a number outside.
    Number(PhoneNumber),
    /// At the voicemail.
    Voicemail {
        /// What is said before the beep, if not the usual.
        greeting: Option<String>,
        /// The member whom the message is for, if one is named.
        user_id: Option<UserId>,
    },
}

/// Somebody who may be written to beside the caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TextRecipient {
    /// The name that the agent picks them by, such as `on_duty`.
    pub key: String,
    /// When it is right, in words for the agent.
    pub description: String,
    /// Their number, which the agent does not learn.
    pub number: PhoneNumber,
}

impl TextRecipient {
    /// The name of the caller, which nobody else has.
    pub const CALLER: &str = "caller";
}

/// How a caller is handed on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TransferMode {
    /// It rings, and whoever answers has the caller.
    #[default]
    Blind,
    /// The caller waits with music. Whoever answers hears who it is and why, and takes
    /// the call by a key; if nobody does, the caller comes back to the receptionist.
    Warm,
}

/// Another machine that a receptionist may ask.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpTool {
    /// The name that the agent calls it by.
    pub name: String,
    /// When to use it and what it does, in words for the agent.
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub parameters: String,
    /// How it is asked.
    pub method: HttpMethod,
    /// Its address, of HTTPS.
    pub url: String,
    /// What it is told beside the arguments.
    pub headers: Vec<ToolHeader>,
    /// How long it has for a whole answer.
    pub timeout: Duration,
    /// More of its answer than this is cut off.
    pub max_bytes: usize,
}

impl HttpTool {
    /// As a tool that may be used.
    pub fn permitted(&self) -> PermittedTool {
        PermittedTool {
            name: self.name.clone(),
            effect: match self.method {
                HttpMethod::Get => Effect::Looks,
                HttpMethod::Post => Effect::Acts,
            },
            // It is cut short itself; this is for what comes around it.
            patience: self.timeout + Duration::from_secs(2),
        }
    }
}

/// How another machine is asked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum HttpMethod {
    /// The arguments stand in the query, and nothing changes.
    #[default]
    Get,
    /// The arguments are brought as JSON.
    Post,
}

/// A header that goes along.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToolHeader {
    /// Its name.
    pub name: String,
    /// Its value; none where none was ever given.
    pub value: Option<Credential>,
}

/// A server of tools (Model Context Protocol), which the agent asks by itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct McpServer {
    /// What its tools are called by.
    pub label: String,
    /// Its address, of HTTPS.
    pub url: String,
    /// Which of its tools may be used.
    pub allowed_tools: Vec<String>,
    /// What lets the agent in there, if it needs anything.
    pub authorization: Option<Credential>,
}

/// What happens when a caller wants a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PersonRule {
    /// The key of the destination to which such callers go; the number's other
    /// telephones and queues, else voicemail, where none is named.
    pub destination: Option<String>,
    /// Whether the key 0, alone, asks for a person; otherwise the agent reads it.
    pub has_zero_key: bool,
}

impl Default for PersonRule {
    fn default() -> Self {
        Self {
            destination: None,
            has_zero_key: true,
        }
    }
}
