//! What kind of line a number leads to, and in which country.

use phonenumber::metadata::DATABASE;
use phonenumber::{Metadata, Type};

use super::country::Country;
use crate::domain::PhoneNumber;

/// What is known of a number by its digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Line {
    /// Where it is; none for those that belong to no country.
    pub country: Option<Country>,
    /// What it is.
    pub kind: LineKind,
}

/// What kind of line it is, as far as that makes a difference in price.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum LineKind {
    /// A telephone.
    Ordinary,
    /// The callee pays.
    TollFree,
    /// Whoever is called earns by it.
    Premium,
    /// Caller and callee share what it costs.
    SharedCost,
    /// A number that follows a person, at a price.
    Personal,
    /// A satellite, a ship, or a network without a country.
    Satellite,
    /// Help in need.
    Emergency,
    /// Nothing that any country has.
    Unknown,
}

impl LineKind {
    /// Those that cost more than others.
    pub const DEAR: [Self; 4] = [
        Self::Premium,
        Self::SharedCost,
        Self::Personal,
        Self::Satellite,
    ];

    /// A word for it, such as `premium`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::TollFree => "toll_free",
            Self::Premium => "premium",
            Self::SharedCost => "shared_cost",
            Self::Personal => "personal",
            Self::Satellite => "satellite",
            Self::Emergency => "emergency",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it costs more than others.
    pub fn is_dear(self) -> bool {
        Self::DEAR.contains(&self)
    }
}

impl Line {
    /// What is known of `number`.
    ///
    /// By the metadata of <https://github.com/google/libphonenumber>, and by
    /// what it leaves out: emergency numbers, and networks without a country.
    pub fn of(number: &PhoneNumber) -> Self {
        let text = number.as_str();
        let without = |kind| Self {
            country: None,
            kind,
        };
        if is_emergency(&text[1..]) {
            return without(LineKind::Emergency);
        }
        for (prefix, kind) in WITHOUT_COUNTRY {
            if text.starts_with(prefix) {
                return without(kind);
            }
        }
        let found = regions(&text[1..])
            .into_iter()
            .find_map(|(region, national)| {
                let kind = kind(region, national)?;
                let country = region.id().parse().ok();
                Some(Self { country, kind })
            });
        found.unwrap_or_else(|| without(LineKind::Unknown))
    }
}

/// The regions that have the code with which the digits begin, and the digits
/// behind it. No code begins with another.
fn regions(digits: &str) -> Vec<(&'static Metadata, &str)> {
    for len in 1..digits.len().min(4) {
        let (code, national) = digits.split_at(len);
        let code: u16 = code.parse().unwrap_or_default();
        if let Some(regions) = DATABASE.by_code(&code) {
            let regions = regions.into_iter();
            return regions.map(|region| (region, national)).collect();
        }
    }
    Vec::new()
}

/// What kind of line that is in this region; none if it has no such number.
///
/// The library's own answer forgets the zeros with which numbers begin in
/// Italy, and mends what it reads; the carrier is handed what was written.
fn kind(region: &Metadata, national: &str) -> Option<LineKind> {
    let known = region.descriptors();
    let is_of = |kind: Type| known.get(kind).is_some_and(|one| one.is_match(national));
    if !is_of(Type::Unknown) {
        return None;
    }
    let found = KINDS.into_iter().find(|(kind, _)| is_of(*kind));
    found.map(|(_, kind)| kind)
}

/// In the order in which they are tried: what is dear is found first.
const KINDS: [(Type, LineKind); 10] = [
    (Type::PremiumRate, LineKind::Premium),
    (Type::SharedCost, LineKind::SharedCost),
    (Type::PersonalNumber, LineKind::Personal),
    (Type::Pager, LineKind::Personal),
    (Type::TollFree, LineKind::TollFree),
    (Type::FixedLine, LineKind::Ordinary),
    (Type::Mobile, LineKind::Ordinary),
    (Type::Voip, LineKind::Ordinary),
    (Type::Uan, LineKind::Ordinary),
    (Type::Voicemail, LineKind::Ordinary),
];

/// <https://www.itu.int/pub/T-SP-E.164D>
const WITHOUT_COUNTRY: [(&str, LineKind); 8] = [
    ("+808", LineKind::SharedCost),
    ("+870", LineKind::Satellite),
    ("+878", LineKind::Personal),
    ("+881", LineKind::Satellite),
    ("+882", LineKind::Satellite),
    ("+883", LineKind::Satellite),
    ("+888", LineKind::Satellite),
    ("+979", LineKind::Premium),
];

/// Whether the digits are an emergency number, bare or behind the code of a
/// country, which has up to three digits.
fn is_emergency(digits: &str) -> bool {
    (0..=3.min(digits.len())).any(|code| EMERGENCY.contains(&&digits[code..]))
}

/// <https://www.itu.int/en/ITU-T/inr/nnp/Pages/default.aspx>; what is missing
/// here is too short to be a number of any country.
const EMERGENCY: [&str; 40] = [
    "000", "060", "061", "062", "066", "080", "085", "088", "091", "100", "101", "102", "103",
    "104", "105", "106", "107", "108", "110", "111", "112", "113", "114", "115", "117", "118",
    "119", "120", "122", "123", "133", "144", "190", "191", "192", "193", "911", "988", "995",
    "999",
];
