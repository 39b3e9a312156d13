//! An XML element in the making, and how a document is written.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::callback::{Callback, Webhook};

/// A text that Twilio would refuse.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {fix}")]
pub struct Error {
    /// Which attribute or element.
    pub field: String,
    /// What to do about it.
    pub fix: &'static str,
}

impl Error {
    pub(super) fn new(field: impl Into<String>, fix: &'static str) -> Self {
        Self {
            field: field.into(),
            fix,
        }
    }
}

/// A name, its attributes, what it holds.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Node>,
}

#[derive(Clone, Eq, PartialEq)]
enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Sets an attribute; an earlier value of it is forgotten, for XML has each once.
    pub(super) fn set(mut self, name: &'static str, value: &str) -> Self {
        self.attributes.retain(|(known, _)| *known != name);
        self.attributes.push((name, printable(value).into_owned()));
        self
    }

    pub(super) fn flag(self, name: &'static str, value: bool) -> Self {
        self.set(name, if value { "true" } else { "false" })
    }

    pub(super) fn number(self, name: &'static str, value: u32) -> Self {
        self.set(name, &value.to_string())
    }

    /// Whole seconds; a part of one counts as one, so that a short wait does
    /// not become none.
    pub(super) fn seconds(self, name: &'static str, value: Duration) -> Self {
        let part = u64::from(value.subsec_nanos() > 0);
        self.set(name, &value.as_secs().saturating_add(part).to_string())
    }

    pub(super) fn millis(self, name: &'static str, value: Duration) -> Self {
        self.set(name, &value.as_millis().to_string())
    }

    /// Sets a URL, and its method if that is not Twilio's default.
    pub(super) fn webhook(
        self,
        url_name: &'static str,
        method_name: &'static str,
        webhook: impl Into<Webhook>,
    ) -> Self {
        let webhook = webhook.into();
        let element = self.set(url_name, webhook.url());
        match webhook.method() {
            Some(method) => element.set(method_name, method),
            None => element,
        }
    }

    /// Sets a URL, its method and the events that it is told of.
    pub(super) fn callback<E>(
        self,
        [url_name, method_name, event_name]: [&'static str; 3],
        callback: impl Into<Callback<E>>,
    ) -> Self {
        let callback = callback.into();
        let element = self.webhook(url_name, method_name, callback.webhook().clone());
        match callback.events() {
            "" => element,
            events => element.set(event_name, events),
        }
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.children.push(Node::Text(printable(text).into_owned()));
        self
    }

    pub(super) fn child(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// Moves what `other` holds into this.
    pub(super) fn adopt(mut self, other: Self) -> Self {
        self.children.extend(other.children);
        self
    }

    /// The document of which this is the root.
    pub(super) fn to_document(&self) -> String {
        let mut writer = Writer::new(Vec::new());
        let declaration = BytesDecl::new("1.0", Some("UTF-8"), None);
        write(&mut writer, Event::Decl(declaration));
        self.write_to(&mut writer);
        String::from_utf8(writer.into_inner()).expect("the writer is given UTF-8 only")
    }

    fn write_to(&self, writer: &mut Writer<Vec<u8>>) {
        let mut start = BytesStart::new(self.name);
        for (name, value) in &self.attributes {
            start.push_attribute((*name, value.as_str()));
        }
        if self.children.is_empty() {
            write(writer, Event::Empty(start));
            return;
        }
        write(writer, Event::Start(start));
        for child in &self.children {
            match child {
                Node::Element(element) => element.write_to(writer),
                Node::Text(text) => write(writer, Event::Text(BytesText::new(text))),
            }
        }
        write(writer, Event::End(BytesEnd::new(self.name)));
    }
}

/// Documents hold numbers, names and tokens, so this prints names only.
impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.name)?;
        for (name, _) in &self.attributes {
            write!(f, " {name}")?;
        }
        f.write_str(">")?;
        for child in &self.children {
            match child {
                Node::Element(element) => element.fmt(f)?,
                Node::Text(_) => f.write_str("…")?,
            }
        }
        write!(f, "</{}>", self.name)
    }
}

fn write(writer: &mut Writer<Vec<u8>>, event: Event<'_>) {
    writer.write_event(event).expect("memory takes every write");
}

/// `text` without the letters that XML 1.0 has no way to write.
///
/// See <https://www.w3.org/TR/xml/#charsets>.
fn printable(text: &str) -> Cow<'_, str> {
    let is_illegal = |letter: char| match letter {
        '\t' | '\n' | '\r' => false,
        '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => true,
        _ => false,
    };
    if text.contains(is_illegal) {
        Cow::Owned(text.replace(is_illegal, ""))
    } else {
        Cow::Borrowed(text)
    }
}
