//! A contact as the interface reads and writes it.

use std::collections::BTreeSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::bounded::{Language, Text, given_tags, tags};
use super::extract::{Given, Name, given, optional_text};
use super::patch::Fields;
use super::schemas;
use crate::domain::{Contact, Email, PhoneNumber, Pii, Tag};
use crate::store::text::Few;

/// Somebody to be known.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewContact {
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    pub(super) name: Name,
    /// In E.164; nobody else of the tenant's may have any of them.
    #[serde(default, deserialize_with = "numbers")]
    #[schema(schema_with = schemas::numbers)]
    pub(super) numbers: Vec<PhoneNumber>,
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, format = Email)]
    pub(super) email: Option<Email>,
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    pub(super) company: Option<Name>,
    /// What to know of them; the receptionist reads it, too.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4000,
        pattern = r"^(\P{C}|[\n\r\t])*[^\s\p{C}](\P{C}|[\n\r\t])*$")]
    pub(super) notes: Option<Text<4_000>>,
    #[serde(default)]
    pub(super) is_vip: bool,
    /// Whether their calls are turned away.
    #[serde(default)]
    pub(super) is_blocked: bool,
    /// BCP 47, such as `en-US`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "en-US",
        pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    pub(super) language: Option<Language>,
    /// What they are filed under: 1 to 50 characters each.
    #[serde(default, deserialize_with = "tags")]
    #[schema(schema_with = schemas::tags)]
    pub(super) tags: BTreeSet<Tag>,
}

fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PhoneNumber>, D::Error> {
    let texts = Few::<String, 0, 10>::deserialize(deserializer)?.0;
    let mut numbers: Vec<PhoneNumber> = Vec::new();
    for text in texts {
        let number = text.parse().map_err(D::Error::custom)?;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    Ok(numbers)
}

/// What is to change of a contact. Lists are replaced whole.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$", nullable = false)]
    name: Option<Name>,
    /// In E.164; nobody else of the tenant's may have any of them.
    #[serde(default, deserialize_with = "given_numbers")]
    #[schema(schema_with = schemas::numbers)]
    numbers: Option<Vec<PhoneNumber>>,
    /// Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Email)]
    email: Given<Email>,
    /// Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    company: Given<Name>,
    /// Null takes them away.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4000,
        pattern = r"^(\P{C}|[\n\r\t])*[^\s\p{C}](\P{C}|[\n\r\t])*$")]
    notes: Given<Text<4_000>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    is_vip: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    is_blocked: Option<bool>,
    /// Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>,
        pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    language: Given<Language>,
    #[serde(default, deserialize_with = "given_tags")]
    #[schema(schema_with = schemas::tags)]
    tags: Option<BTreeSet<Tag>>,
}

fn given_numbers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<PhoneNumber>>, D::Error> {
    numbers(deserializer).map(Some)
}

impl ContactPatch {
    /// Lays it over `contact`; the names of what was given.
    pub(super) fn apply(self, contact: &mut Contact) -> Vec<&'static str> {
        let mut fields = Fields::default();
        let name = self.name.map(|name| Pii::new(name.0));
        fields.lay("name", name, &mut contact.name);
        fields.lay("numbers", self.numbers, &mut contact.numbers);
        fields.lay_given("email", self.email, &mut contact.email);
        let company = self.company.map(|name| Pii::new(name.0));
        fields.lay_given("company", company, &mut contact.company);
        let notes = self.notes.map(|notes| Pii::new(notes.0));
        fields.lay_given("notes", notes, &mut contact.notes);
        fields.lay("is_vip", self.is_vip, &mut contact.is_vip);
        fields.lay("is_blocked", self.is_blocked, &mut contact.is_blocked);
        let language = self.language.map(|language| language.0);
        fields.lay_given("language", language, &mut contact.language);
        fields.lay("tags", self.tags, &mut contact.tags);
        fields.0
    }
}

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContactBody {
    id: String,
    name: String,
    numbers: Vec<String>,
    email: Option<String>,
    company: Option<String>,
    notes: Option<String>,
    is_vip: bool,
    is_blocked: bool,
    language: Option<String>,
    tags: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Contact> for ContactBody {
    fn from(contact: Contact) -> Self {
        let number = |number: &PhoneNumber| number.as_str().to_owned();
        let tag = |tag: &Tag| tag.as_str().to_owned();
        Self {
            id: contact.id.to_string(),
            name: contact.name.into_inner(),
            numbers: contact.numbers.iter().map(number).collect(),
            email: contact.email.map(|email| email.as_str().to_owned()),
            company: contact.company.map(Pii::into_inner),
            notes: contact.notes.map(Pii::into_inner),
            is_vip: contact.is_vip,
            is_blocked: contact.is_blocked,
            language: contact.language,
            tags: contact.tags.iter().map(tag).collect(),
            created_at: contact.created_at.to_string(),
        }
    }
}
