//! What the simulated account has, and what goes wrong with it.

use crate::domain::Secret;
use crate::rehearsal::names::carrier_name;

/// An account, and what is for sale.
#[derive(Clone, Debug)]
pub struct RestOptions {
    /// The account: `AC` and 32 digits.
    pub account_sid: String,
    /// Who may act for it: users and passwords. The account's own SID with
    /// its auth token, or API keys.
    pub credentials: Vec<(String, Secret<String>)>,
    /// What can be bought.
    pub for_sale: Vec<ForSale>,
    /// The longest page.
    pub max_page: usize,
}

impl RestOptions {
    /// An account with one key, and with these numbers for sale.
    pub fn new(key: &str, secret: Secret<String>, for_sale: &[&str]) -> Self {
        let local = |number: &&str| ForSale::local(number);
        Self {
            account_sid: carrier_name("AC"),
            credentials: vec![(key.to_owned(), secret)],
            for_sale: for_sale.iter().map(local).collect(),
            max_page: 1_000,
        }
    }
}

/// A number that somebody may buy.
#[derive(Clone, Debug)]
pub struct ForSale {
    /// The number.
    pub phone_number: String,
    /// `Local`, `TollFree` or `Mobile`.
    pub kind: String,
    /// ISO 3166-1.
    pub country: String,
    /// Voice, SMS, MMS.
    pub can: [bool; 3],
}

impl ForSale {
    /// A number of a place in the United States that can do everything.
    pub fn local(phone_number: &str) -> Self {
        Self {
            phone_number: phone_number.to_owned(),
            kind: "Local".to_owned(),
            country: "US".to_owned(),
            can: [true; 3],
        }
    }
}

/// What happens to one request instead of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RestFault {
    /// Nothing goes wrong with it.
    None,
    /// Status 429, and nothing happens.
    Busy {
        /// Seconds, in `Retry-After`.
        retry_after: Option<u32>,
    },
    /// This status, and nothing happens.
    Failure(u16),
    /// This status, after it happened.
    FailureAfter(u16),
    /// Nothing happens and nothing is said, for as long as the client waits.
    Silence,
    /// It happens, and the connection breaks without an answer.
    AnswerLost,
    /// It happens, and the answer is not JSON.
    Garbage,
    /// It happens, and the answer has this many bytes.
    Flood(usize),
}
