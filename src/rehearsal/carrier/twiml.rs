//! Reads TwiML as strictly as the carrier does, and remembers what it warns of.
//!
//! <https://www.twilio.com/docs/voice/twiml>

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::twiml_rules::check;

/// One element of a document.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Element {
    /// Its name: `Say`, `Connect`...
    pub name: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// Its text, trimmed.
    pub text: String,
    /// Its children.
    pub children: Vec<Element>,
}

impl Element {
    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The texts of the element and of all below, where there are any.
    pub fn leaf_texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        self.visit(&mut |element| {
            if !element.text.is_empty() {
                texts.push(element.text.clone());
            }
        });
        texts
    }

    /// Calls `see` with the element and all below, in order.
    pub fn visit(&self, see: &mut impl FnMut(&Self)) {
        see(self);
        for child in &self.children {
            child.visit(see);
        }
    }
}

/// A document: the verbs in order, and the warnings.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) verbs: Vec<Element>,
    pub(super) warnings: Vec<String>,
}

/// Reads a body. An error is one that ends the call, with the carrier's code.
pub(super) fn read(body: &str) -> Result<Document, String> {
    if body.trim().is_empty() {
        return Err("11770: empty TwiML body".to_owned());
    }
    if body.len() > 64_000 {
        return Err(format!("11750: TwiML body of {} bytes", body.len()));
    }
    let root = parse(body).map_err(|reason| format!("12100: document parse failure: {reason}"))?;
    if root.name != "Response" {
        return Err(format!(
            "12102: root element <{}> instead of <Response>",
            root.name
        ));
    }
    let mut warnings = Vec::new();
    if !root.attributes.is_empty() || !root.text.is_empty() {
        warnings.push("12200: <Response> takes no attributes and no text".to_owned());
    }
    for verb in &root.children {
        check(verb, &mut warnings);
    }
    Ok(Document {
        verbs: root.children,
        warnings,
    })
}

fn parse(body: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(body);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(begin(&start)?),
            Event::Empty(start) => {
                open.push(begin(&start)?);
                end(&mut open);
            }
            Event::End(_) => end(&mut open),
            Event::Text(text) => append(&mut open, &text.xml10_content()),
            Event::CData(text) => append(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => append(&mut open, &resolve(&reference)?),
            Event::DocType(_) => return Err("a document type is not allowed".to_owned()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    let [Element { children, text, .. }] = <[Element; 1]>::try_from(open)
        .map_err(|open| format!("<{}> is not closed", open.last().map_or("", |e| &e.name)))?;
    let [root] = <[Element; 1]>::try_from(children)
        .map_err(|roots| format!("{} root elements", roots.len()))?;
    if text.trim().is_empty() {
        Ok(root)
    } else {
        Err("text outside the root".to_owned())
    }
}

fn begin(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element {
        name: start.name().as_ref().to_owned(),
        ..Element::default()
    };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| error.to_string())?;
        element
            .attributes
            .insert(attribute.key.as_ref().to_owned(), value.into_owned());
    }
    Ok(element)
}

fn end(open: &mut Vec<Element>) {
    if let Some(mut done) = open.pop() {
        done.text = String::from(done.text.trim());
        if let Some(parent) = open.last_mut() {
            parent.children.push(done);
        }
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference
        .resolve_char_ref()
        .map_err(|error| error.to_string())?
    {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    let known = quick_xml::escape::resolve_predefined_entity(&name);
    known
        .map(str::to_owned)
        .ok_or_else(|| format!("unknown entity &{name};"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_with_its_escapes() {
        let document = read(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Say voice=\"Polly.Joanna\">\
             Tom &amp; Jerry &#233;</Say><Connect action=\"/a?x=1&amp;y=2\">\
             <Stream url=\"wss://h/m\"><Parameter name=\"k\" value=\"&lt;v&gt;\"/></Stream>\
             </Connect></Response>",
        )
        .unwrap();
        assert_eq!(document.warnings, [""; 0]);
        assert_eq!(document.verbs[0].text, "Tom & Jerry é");
        assert_eq!(document.verbs[1].attribute("action"), Some("/a?x=1&y=2"));
        let stream = document.verbs[1].child("Stream").unwrap();
        assert_eq!(stream.children[0].attribute("value"), Some("<v>"));
    }

    #[test]
    fn what_the_carrier_warns_of_is_remembered() {
        let warnings = |body: &str| read(body).unwrap().warnings;
        assert_eq!(
            warnings("<Response><Say loudness=\"9\">x</Say></Response>"),
            ["12200: <Say> has no attribute 'loudness'"]
        );
        assert_eq!(
            warnings("<Response><say>x</say></Response>"),
            ["12200: <say> is no TwiML verb"]
        );
        assert_eq!(
            warnings("<Response><Gather><Dial/></Gather></Response>"),
            ["12200: <Dial> is not allowed in <Gather>"]
        );
    }

    #[test]
    fn what_ends_a_call_is_an_error_with_its_code() {
        let code = |body: &str| read(body).unwrap_err()[..5].to_owned();
        assert_eq!(code(""), "11770");
        assert_eq!(code("<Response><Say></Response>"), "12100");
        assert_eq!(code("<Response><Say>a & b</Say></Response>"), "12100");
        assert_eq!(code("<Response>"), "12100");
        assert_eq!(code("<Say>x</Say>"), "12102");
        assert_eq!(
            code(&format!("<Response>{}</Response>", " ".repeat(64_000))),
            "11750"
        );
    }
}
