//! Text messages, and the words by which people say whether they want any.

use super::{
    ContactId, Direction, ParseError, Party, PhoneNumber, Pii, SmsId, TenantId, Timestamp, UserId,
};

/// A text message.
#[derive(Clone, Debug, PartialEq)]
pub struct Sms {
    /// Its name in the database.
    pub id: SmsId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Who wrote: they, or we.
    pub direction: Direction,
    /// Our end of it.
    pub own: Party,
    /// The other.
    pub stranger: Party,
    /// Whose conversation it is: who wrote it, or wrote to that person last.
    pub user_id: Option<UserId>,
    /// Whom of the tenant's contacts it is from or to.
    pub contact_id: Option<ContactId>,
    /// The words; may be none beside media.
    pub body: Pii<String>,
    /// How many pictures and the like came with it.
    pub media: i64,
    /// Where it stands.
    pub state: SmsState,
    /// The carrier's number for what went wrong.
    pub error_code: Option<i64>,
    /// Whether somebody has attended to it.
    pub is_read: bool,
    /// When it came, or was to be sent.
    pub created_at: Timestamp,
}

/// A picture or the like that came with a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SmsMedia {
    /// Where the carrier keeps it.
    pub carrier_url: String,
    /// Its type, such as `image/jpeg`.
    pub mime: Option<String>,
}

macro_rules! states {
    ($($(#[doc = $doc:literal])* $name:ident = $word:literal;)*) => {
        /// Where a message stands, in the order in which news overrule each other.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum SmsState {
            $($(#[doc = $doc])* $name,)*
        }

        impl SmsState {
            /// All of them, in their order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The state in lower case.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

states! {
    /// Not with the carrier yet.
    Pending = "pending";
    /// The carrier's answer was lost: it may have taken the message.
    Unknown = "unknown";
    /// With the carrier, and on its way.
    Queued = "queued";
    /// With the reader's carrier.
    Sent = "sent";
    /// Taken back before it was sent.
    Canceled = "canceled";
    /// Could not be sent.
    Failed = "failed";
    /// Refused on the way.
    Undelivered = "undelivered";
    /// With the reader.
    Delivered = "delivered";
    /// Seen by the reader.
    Read = "read";
    /// It came to us.
    Received = "received";
}

impl SmsState {
    /// Its place among all.
    pub fn rank(self) -> i64 {
        self as i64
    }
}

impl std::str::FromStr for SmsState {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.iter().find(|state| state.as_str() == text);
        found.copied().ok_or(ParseError {
            expected: "the state of a text message, such as delivered",
        })
    }
}

/// Somebody who is not written to.
#[derive(Clone, Debug, PartialEq)]
pub struct OptOut {
    /// Whom.
    pub phone_number: PhoneNumber,
    /// Who said so.
    pub source: OptOutSource,
    /// Since when.
    pub created_at: Timestamp,
}

/// Who says that somebody does not want to be written to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OptOutSource {
    /// They themselves, in a message.
    Reply,
    /// The carrier, which refuses to send them anything.
    Carrier,
    /// Somebody here, who was told.
    Member,
}

impl OptOutSource {
    /// `reply`, `carrier` or `member`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Carrier => "carrier",
            Self::Member => "member",
        }
    }
}

impl std::str::FromStr for OptOutSource {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let all = [Self::Reply, Self::Carrier, Self::Member];
        let found = all.into_iter().find(|source| source.as_str() == text);
        found.ok_or(ParseError {
            expected: "reply, carrier or member",
        })
    }
}

/// What somebody who writes one word wants of us.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wish {
    /// To be written to no more.
    Stop,
    /// To be written to again.
    Start,
}

impl Wish {
    /// The wish that a message is, if it is one: a word that carriers know,
    /// alone, in any case.
    ///
    /// Source: <https://help.twilio.com/articles/223134027>.
    pub fn of(body: &str) -> Option<Self> {
        let is_edge = |c: char| !c.is_alphanumeric();
        let word = body.trim_matches(is_edge).to_uppercase();
        match word.as_str() {
            "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" | "REVOKE"
            | "OPTOUT" => Some(Self::Stop),
            "START" | "UNSTOP" => Some(Self::Start),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w9_a_wish_is_one_word_in_any_case() {
        for stop in [
            "STOP",
            "stop",
            " Stop. ",
            "“Stop”",
            "unsubscribe!",
            "END",
            "OptOut",
        ] {
            assert_eq!(Wish::of(stop), Some(Wish::Stop), "{stop}");
        }
        for start in ["START", "unstop", "Start "] {
            assert_eq!(Wish::of(start), Some(Wish::Start), "{start}");
        }
        for other in [
            "",
            "stop it",
            "Please stop",
            "Stopp",
            "🛑",
            "yes",
            "HELP",
            "the end",
        ] {
            assert_eq!(Wish::of(other), None, "{other}");
        }
    }

    #[test]
    fn every_state_is_read_as_it_is_written_and_has_its_place() {
        for (place, state) in SmsState::ALL.iter().enumerate() {
            assert_eq!(state.as_str().parse(), Ok(*state));
            assert_eq!(usize::try_from(state.rank()), Ok(place));
        }
        assert!("lost".parse::<SmsState>().is_err());
    }
}
