//! The shapes of lists of which each item has a shape of its own, for the documentation.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

use crate::domain::ToolName;

/// Names of tools.
pub(super) fn tools() -> RefOr<Schema> {
    let names = ToolName::ALL.map(ToolName::as_str).join("|");
    let about = "What it may do beside speaking.";
    list(16, text(&format!("^({names})$"), 64), about)
}

/// Numbers of a contact.
pub(super) fn numbers() -> RefOr<Schema> {
    let about = "In E.164; nobody else of the tenant's may have any of them.";
    list(10, text(r"^\+[1-9][0-9]{1,14}$", 16), about)
}

/// Tags of a contact, or of a call.
pub(super) fn tags() -> RefOr<Schema> {
    let about = "What they are filed under.";
    list(20, text(r"^[^\s\p{C}]([^\p{C}]*[^\s\p{C}])?$", 50), about)
}

/// Names and texts beside a call.
pub(super) fn metadata() -> RefOr<Schema> {
    let about = "Names with texts of your own, which are kept with the call.";
    let object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property_names(Some(text(".", 40).build()))
        .additional_properties(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .max_length(Some(500)),
        ))
        .max_properties(Some(20))
        .description(Some(about));
    RefOr::T(Schema::Object(object.build()))
}

fn text(pattern: &str, max_length: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .min_length(Some(1))
        .max_length(Some(max_length))
}

fn list(max: usize, item: ObjectBuilder, about: &str) -> RefOr<Schema> {
    let list = ArrayBuilder::new()
        .items(item)
        .max_items(Some(max))
        .description(Some(about));
    RefOr::T(Schema::Array(list.build()))
}
