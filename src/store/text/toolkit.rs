//! What a receptionist has at hand, as JSON: whom callers may go to, whom it may write to and ask.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::credential::CredentialText;
use super::destination::{DestinationText, TextRecipientText};
use super::ivr_branch::MethodText;
use super::ivr_value::HttpsUrl;
use super::value::{Few, Line, Number, Text, Word};
use crate::domain::{
    Destination, HttpMethod, HttpTool, McpServer, PersonRule, TextRecipient, ToolHeader, ToolName,
    Toolkit,
};

/// What a receptionist has at hand beside its tools.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ToolkitText {
    /// Where callers may be handed on to, and nowhere else. `transfer_call`
    /// picks one by its key.
    #[schema(value_type = Vec<DestinationText>, max_items = 32)]
    destinations: Few<DestinationText, 0, 32>,
    /// Who may be written to beside the caller, and nobody else. `send_sms` picks one by
    /// its key.
    #[schema(value_type = Vec<TextRecipientText>, max_items = 32)]
    text_recipients: Few<TextRecipientText, 0, 32>,
    /// Machines of yours that it may ask while it speaks.
    #[schema(value_type = Vec<HttpToolText>, max_items = 16)]
    http_tools: Few<HttpToolText, 0, 16>,
    /// Servers of tools (MCP), which the model asks by itself.
    #[schema(value_type = Vec<McpServerText>, max_items = 8)]
    mcp_servers: Few<McpServerText, 0, 8>,
    person: PersonText,
}

/// Another machine that a receptionist may ask. Nobody is asked whose address is
/// not public, and nobody is followed elsewhere.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpToolText {
    /// What the model calls it by; not the name of a tool of the house.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,63}$", example = "find_order")]
    name: ToolWord<64>,
    /// When to use it and what it does, in words for the model.
    #[schema(value_type = String, min_length = 1, max_length = 1000,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    description: Line<1000>,
    /// JSON Schema of its arguments, an object. Nothing else is sent.
    #[schema(value_type = Object)]
    parameters: Parameters,
    /// `GET` brings the arguments in the query, `POST` as JSON with an
    /// `Idempotency-Key`.
    #[serde(default)]
    #[schema(required = false)]
    method: MethodText,
    /// An address of HTTPS on port 443 or 8443.
    #[schema(value_type = String, max_length = 500,
        pattern = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,4})?(/[!-~]*)?$")]
    url: Text<HttpsUrl>,
    #[serde(default)]
    #[schema(value_type = Vec<ToolHeaderText>, max_items = 20, required = false)]
    headers: Few<ToolHeaderText, 0, 20>,
    /// How long it has for a whole answer.
    #[serde(default = "five_seconds")]
    #[schema(value_type = u32, minimum = 500, maximum = 20000, default = 5000, required = false)]
    timeout_ms: Number<500, 20_000>,
    /// More of its answer than this is cut off.
    #[serde(default = "four_kib")]
    #[schema(value_type = u32, minimum = 64, maximum = 8192, default = 4096, required = false)]
    max_bytes: Number<64, 8_192>,
}

fn five_seconds() -> Number<500, 20_000> {
    Number(5_000)
}

fn four_kib() -> Number<64, 8_192> {
    Number(4_096)
}

/// A header that goes along.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolHeaderText {
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "Authorization")]
    name: Word,
    /// Its value, which is never shown again: it is read as null. Null keeps
    /// what the header of this name had before, while the tool keeps its name
    /// and asks the same host.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500, pattern = "^[!-~]([ -~]*[!-~])?$")]
    value: Option<CredentialText>,
}

/// A server of tools (Model Context Protocol).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct McpServerText {
    /// What its tools are called by.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,31}$", example = "calendar")]
    label: ToolWord<32>,
    /// An address of HTTPS.
    #[schema(value_type = String, max_length = 500,
        pattern = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,4})?(/[!-~]*)?$")]
    url: Text<HttpsUrl>,
    /// Which of its tools may be used, without asking anybody: on the telephone
    /// there is nobody to ask.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 32)]
    allowed_tools: Few<Word, 1, 32>,
    /// What lets the model in there, which is never shown again: it is read as
    /// null. Null keeps what was there before, while the label and the host stay.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500, pattern = "^[!-~]([ -~]*[!-~])?$")]
    authorization: Option<CredentialText>,
}

/// What happens when a caller wants a person: the second time they say so, or at
/// once by the key 0, they are led to one, whatever the model does.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PersonText {
    /// The key of the destination to which they go. Without one: the telephones
    /// and queues that the number has beside the receptionist, else voicemail.
    #[schema(value_type = Option<String>, pattern = "^[a-z][a-z0-9_]{0,31}$")]
    destination: Option<ToolWord<32>>,
    /// Whether the key 0, alone, asks for a person. `false` where callers enter 0
    /// for something else.
    #[schema(default = true)]
    zero_key: bool,
}

impl Default for PersonText {
    fn default() -> Self {
        (&PersonRule::default()).into()
    }
}

/// A word of at most `MAX` small letters, digits or `_`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ToolWord<const MAX: usize>(pub(super) String);

impl<'de, const MAX: usize> Deserialize<'de> for ToolWord<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if !begins || text.len() > MAX || !text.bytes().all(is_word) {
            let expected = format!("expected a small letter, and up to {MAX} of them, digits or _");
            return Err(D::Error::custom(expected));
        }
        if text.parse::<ToolName>().is_ok() {
            return Err(D::Error::custom("this is the name of a tool of the house"));
        }
        Ok(Self(text))
    }
}

/// A JSON Schema of an object, on its own: a `$ref` leads to a place in it. Arguments that
/// its `properties` do not name are refused, unless it says otherwise.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Parameters(Value);

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.get("type").and_then(Value::as_str) != Some("object") {
            return Err(D::Error::custom(
                "expected a JSON Schema with the type object",
            ));
        }
        if value.to_string().len() > MAX_SCHEMA {
            return Err(D::Error::custom("expected a JSON Schema of at most 8 KiB"));
        }
        Ok(Self(value))
    }
}

/// Every turn of the conversation pays for it.
const MAX_SCHEMA: usize = 8 * 1024;

impl From<ToolkitText> for Toolkit {
    fn from(text: ToolkitText) -> Self {
        let person = text.person;
        Self {
            destinations: text
                .destinations
                .0
                .into_iter()
                .map(Destination::from)
                .collect(),
            text_recipients: text
                .text_recipients
                .0
                .into_iter()
                .map(TextRecipient::from)
                .collect(),
            http: text.http_tools.0.into_iter().map(HttpTool::from).collect(),
            mcp: text
                .mcp_servers
                .0
                .into_iter()
                .map(McpServer::from)
                .collect(),
            person: PersonRule {
                destination: person.destination.map(|word| word.0),
                has_zero_key: person.zero_key,
            },
        }
    }
}

impl From<&Toolkit> for ToolkitText {
    fn from(kit: &Toolkit) -> Self {
        let recipients = kit.text_recipients.iter();
        Self {
            destinations: Few(kit.destinations.iter().map(DestinationText::from).collect()),
            text_recipients: Few(recipients.map(TextRecipientText::from).collect()),
            http_tools: Few(kit.http.iter().map(HttpToolText::from).collect()),
            mcp_servers: Few(kit.mcp.iter().map(McpServerText::from).collect()),
            person: (&kit.person).into(),
        }
    }
}

impl From<&PersonRule> for PersonText {
    fn from(rule: &PersonRule) -> Self {
        Self {
            destination: rule.destination.clone().map(ToolWord),
            zero_key: rule.has_zero_key,
        }
    }
}

impl From<HttpToolText> for HttpTool {
    fn from(text: HttpToolText) -> Self {
        let headers = text.headers.0.into_iter().map(|one| ToolHeader {
            name: one.name.0,
            value: one.value.map(|text| text.0),
        });
        Self {
            name: text.name.0,
            description: text.description.0,
            parameters: text.parameters.0.to_string(),
            method: match text.method {
                MethodText::Get => HttpMethod::Get,
                MethodText::Post => HttpMethod::Post,
            },
            url: text.url.0.0,
            headers: headers.collect(),
            timeout: text.timeout_ms.millis(),
            max_bytes: usize::try_from(text.max_bytes.0).unwrap_or_default(),
        }
    }
}

impl From<&HttpTool> for HttpToolText {
    fn from(tool: &HttpTool) -> Self {
        let headers = tool.headers.iter().map(|one| ToolHeaderText {
            name: Word(one.name.clone()),
            value: one.value.clone().map(CredentialText),
        });
        Self {
            name: ToolWord(tool.name.clone()),
            description: Line(tool.description.clone()),
            parameters: Parameters(serde_json::from_str(&tool.parameters).unwrap_or_default()),
            method: match tool.method {
                HttpMethod::Get => MethodText::Get,
                HttpMethod::Post => MethodText::Post,
            },
            url: Text(HttpsUrl(tool.url.clone())),
            headers: Few(headers.collect()),
            timeout_ms: Number::of_millis(tool.timeout),
            max_bytes: Number(u32::try_from(tool.max_bytes).unwrap_or(u32::MAX)),
        }
    }
}

impl From<McpServerText> for McpServer {
    fn from(text: McpServerText) -> Self {
        Self {
            label: text.label.0,
            url: text.url.0.0,
            allowed_tools: text
                .allowed_tools
                .0
                .into_iter()
                .map(|word| word.0)
                .collect(),
            authorization: text.authorization.map(|text| text.0),
        }
    }
}

impl From<&McpServer> for McpServerText {
    fn from(server: &McpServer) -> Self {
        Self {
            label: ToolWord(server.label.clone()),
            url: Text(HttpsUrl(server.url.clone())),
            allowed_tools: Few(server.allowed_tools.iter().cloned().map(Word).collect()),
            authorization: server.authorization.clone().map(CredentialText),
        }
    }
}
