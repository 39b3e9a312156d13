//! Extractors that refuse in problem+json.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path as AxumPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize as _, Deserializer};
use url::form_urlencoded;

use super::problem::{ApiError, Fault};
use crate::domain::PhoneNumber;
use crate::store::text::Line;

/// A JSON body.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !says_json(request.headers()) {
            return Err(ApiError::NotJson);
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|rejection| unread(&rejection))?;
        let mut body = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut body).map_err(|error| {
            if error.inner().is_data() {
                let pointer = pointer_to(error.path());
                ApiError::Invalid(vec![Fault {
                    pointer,
                    detail: error.inner().to_string(),
                }])
            } else {
                ApiError::Malformed(error.inner().to_string())
            }
        })?;
        let end = body.end();
        end.map_err(|error| ApiError::Malformed(error.to_string()))?;
        Ok(Self(value))
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    let Some(Ok(content_type)) = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str())
    else {
        return false;
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

pub(super) fn unread(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::TooLarge
    } else {
        ApiError::Malformed(rejection.body_text())
    }
}

/// RFC 6901, as a fragment: `#/tools/0/name`.
pub(super) fn pointer_to(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = "#".to_owned();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => pointer.push_str(variant),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

/// The query, as a struct of its own.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let query = serde_urlencoded::Deserializer::new(query);
        let value = serde_path_to_error::deserialize(query).map_err(|error| {
            let name = error.path().to_string();
            // An unknown parameter has no path; serde's words name it.
            let name = if name == "." { "" } else { &name };
            ApiError::parameter(name, error.inner())
        })?;
        Ok(Self(value))
    }
}

/// The named parts of the path. What does not parse names nothing that is here.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: FromStr,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = AxumPath::<String>::from_request_parts(parts, state).await;
        let AxumPath(text) = path.map_err(|_| ApiError::NotFound)?;
        text.parse().map(Self).map_err(|_| ApiError::NotFound)
    }
}

/// The two named parts of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathPair<A, B>(pub(super) A, pub(super) B);

impl<A, B, S> FromRequestParts<S> for PathPair<A, B>
where
    A: FromStr,
    B: FromStr,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = AxumPath::<(String, String)>::from_request_parts(parts, state).await;
        let AxumPath((one, other)) = path.map_err(|_| ApiError::NotFound)?;
        match (one.parse(), other.parse()) {
            (Ok(one), Ok(other)) => Ok(Self(one, other)),
            (Err(_), _) | (_, Err(_)) => Err(ApiError::NotFound),
        }
    }
}

/// Reads a text that may be left out, but is not null, by the parser of its type.
pub(super) fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    text(deserializer).map(Some)
}

/// Reads a number from a query, where it may be left out.
pub(super) fn phone_number<'de, D>(deserializer: D) -> Result<Option<PhoneNumber>, D::Error>
where
    D: Deserializer<'de>,
{
    needed_phone_number(deserializer).map(Some)
}

/// Reads a number from a query. A plus there is a space unless it is written
/// `%2B`; no number begins with a space, so either is understood.
pub(super) fn needed_phone_number<'de, D>(deserializer: D) -> Result<PhoneNumber, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    let digits = text.strip_prefix(' ').map(|digits| format!("+{digits}"));
    let number = digits.as_deref().unwrap_or(&text).parse();
    number.map_err(D::Error::custom)
}

/// Reads a text by the parser of its type.
pub(super) fn text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

/// Reads a text by the parser of its type, or null.
pub(super) fn optional_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    let value = text.map(|text| text.parse()).transpose();
    value.map_err(D::Error::custom)
}

/// A name for people: one line, 1 to 200 characters.
#[derive(Clone, Debug)]
pub(super) struct Name(pub(super) String);

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<Line<200>>().map(|line| Self(line.0))
    }
}

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

/// A field of a change: not given, or given as a value or as null.
#[derive(Clone, Debug, Default)]
pub(super) enum Given<T> {
    /// It stays as it is.
    #[default]
    Not,
    /// It becomes this.
    As(Option<T>),
}

impl<T> Given<T> {
    /// Whether it was given, and not as null.
    pub(super) fn is_some(&self) -> bool {
        matches!(self, Self::As(Some(_)))
    }

    /// The same with another value.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Given<U> {
        match self {
            Self::Not => Given::Not,
            Self::As(value) => Given::As(value.map(change)),
        }
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> serde::Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        optional_text(deserializer).map(Self::As)
    }
}

/// A field of a change that may be left out, but is not null.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// An object, and not a list of what would stand in it.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    deserializer.deserialize_map(Object(PhantomData))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: serde::Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}
