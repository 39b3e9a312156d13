//! Numbers that the carrier has for sale.

use std::str::FromStr;

use axum::Json as JsonBody;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::CapabilitiesBody;
use crate::api::extract::{Query, parsed, text};
use crate::api::list::PageBody;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{Capabilities, ParseError};
use crate::twilio::rest::{AvailableNumber, NumberKind, Search, if_there};

/// Numbers that can be bought now: a choice of the carrier's, on one page.
#[utoipa::path(get, path = "/api/numbers/available", operation_id = "list_available_numbers",
    tag = "Numbers", params(AvailableQuery),
    responses((status = 200, body = PageBody<AvailableBody>)))]
pub(in crate::api) async fn available(
    State(state): State<ApiState>,
    Query(query): Query<AvailableQuery>,
) -> Result<JsonBody<PageBody<AvailableBody>>, ApiError> {
    let search = query.into_search();
    let found = if_there(state.carrier()?.available_numbers(&search).await)?;
    // A country, or a kind there, of which the carrier has none at all.
    let found = found.map(|found| found.items).unwrap_or_default();
    Ok(JsonBody(PageBody {
        data: found.into_iter().map(AvailableBody::from).collect(),
        next_cursor: None,
    }))
}

/// Which numbers are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct AvailableQuery {
    /// ISO 3166-1, such as `US`.
    #[serde(deserialize_with = "text")]
    #[param(value_type = String, example = "US", pattern = "^[A-Z]{2}$")]
    country: Country,
    /// `local`, `toll_free` or `mobile`; local where nothing is said.
    #[serde(default, rename = "type", deserialize_with = "parsed")]
    #[param(value_type = Option<String>, pattern = "^(local|toll_free|mobile)$")]
    kind: Option<Kind>,
    /// In the United States and Canada.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = Option<String>, pattern = "^[2-9][0-9]{2}$")]
    area_code: Option<AreaCode>,
    /// Digits and letters; `*` is any one of them, `%` any run of them, `+` the
    /// beginning and `$` the end.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = Option<String>, pattern = r"^[0-9A-Za-z*%+$]{2,16}$")]
    contains: Option<Pattern>,
    /// What they must be able to do: any of `voice`, `sms` and `mms`, with a
    /// comma between them.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = Option<String>, example = "voice,sms",
        pattern = "^(voice|sms|mms)(,(voice|sms|mms))*$")]
    capabilities: Option<Needs>,
    /// How many, 1 to 50; 20 where nothing is said.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 50)]
    limit: Option<AvailableLimit>,
}

impl AvailableQuery {
    fn into_search(self) -> Search {
        Search {
            country: self.country.0,
            kind: self.kind.map_or(NumberKind::Local, |kind| kind.0),
            area_code: self.area_code.map(|code| code.0),
            contains: self.contains.map(|pattern| pattern.0),
            needs: self.capabilities.unwrap_or_default().0,
            limit: self.limit.map_or(20, |limit| limit.0),
        }
    }
}

#[derive(Debug)]
struct Country(String);

impl FromStr for Country {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_code = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        let code = is_code.then(|| Self(text.to_owned()));
        code.ok_or(ParseError {
            expected: "a country by ISO 3166-1, such as US",
        })
    }
}

#[derive(Debug)]
struct Kind(NumberKind);

impl FromStr for Kind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "local" => Ok(Self(NumberKind::Local)),
            "toll_free" => Ok(Self(NumberKind::TollFree)),
            "mobile" => Ok(Self(NumberKind::Mobile)),
            _ => Err(ParseError {
                expected: "local, toll_free or mobile",
            }),
        }
    }
}

#[derive(Debug)]
struct AreaCode(String);

impl FromStr for AreaCode {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_code = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        let is_code = is_code && !text.starts_with(['0', '1']);
        let code = is_code.then(|| Self(text.to_owned()));
        code.ok_or(ParseError {
            expected: "an area code of three digits, such as 510",
        })
    }
}

#[derive(Debug)]
struct Pattern(String);

impl FromStr for Pattern {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"*%+$".contains(&b);
        let fits = (2..=16).contains(&text.len()) && text.bytes().all(is_plain);
        let pattern = fits.then(|| Self(text.to_owned()));
        pattern.ok_or(ParseError {
            expected: "2 to 16 digits, letters or * % + $",
        })
    }
}

#[derive(Debug, Default)]
struct Needs(Capabilities);

impl FromStr for Needs {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut needs = Capabilities::default();
        for word in text.split(',') {
            match word {
                "voice" => needs.voice = true,
                "sms" => needs.sms = true,
                "mms" => needs.mms = true,
                _ => {
                    return Err(ParseError {
                        expected: "any of voice, sms and mms, with a comma between them",
                    });
                }
            }
        }
        Ok(Self(needs))
    }
}

#[derive(Debug)]
struct AvailableLimit(usize);

impl FromStr for AvailableLimit {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let limit = text.parse().ok();
        let limit = limit.filter(|limit| (1..=50).contains(limit));
        limit.map(Self).ok_or(ParseError {
            expected: "a whole number from 1 to 50",
        })
    }
}

/// A number for sale.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct AvailableBody {
    phone_number: String,
    locality: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
    capabilities: CapabilitiesBody,
    /// `none`, `any`, `local` or `foreign`: the address that its owner must
    /// have given the carrier.
    address_requirements: Option<String>,
}

impl From<AvailableNumber> for AvailableBody {
    fn from(number: AvailableNumber) -> Self {
        Self {
            phone_number: number.phone_number.as_str().to_owned(),
            capabilities: number.capabilities().into(),
            locality: number.locality,
            region: number.region,
            postal_code: number.postal_code,
            country: number.iso_country,
            address_requirements: number.address_requirements,
        }
    }
}
