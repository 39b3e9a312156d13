//! Names of things: our ULIDs with a readable prefix, and the carrier's SIDs.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use ulid::Ulid;

use super::{ParseError, Timestamp};

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Ulid);

        impl $name {
            /// An id made at `at`; `random` gives its lower 80 bits.
            pub fn from_parts(at: Timestamp, random: u128) -> Self {
                let ms = u64::try_from(at.as_ms()).unwrap_or_default();
                Self(Ulid::from_parts(ms, random))
            }

            /// The 128 bits of it, of which the lower 80 are chance.
            pub fn number(self) -> u128 {
                self.0.0
            }
        }

        impl From<(Timestamp, u128)> for $name {
            fn from((at, random): (Timestamp, u128)) -> Self {
                Self::from_parts(at, random)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let error = ParseError {
                    expected: concat!("an id of the form ", $prefix, "_ and 26 characters"),
                };
                let ulid = text.strip_prefix(concat!($prefix, "_")).ok_or(error)?;
                Ulid::from_string(ulid).map(Self).map_err(|_| error)
            }
        }
    };
}

ulid_id!(
    /// Names a tenant: `ten_01J…`.
    TenantId,
    "ten"
);
ulid_id!(
    /// Names a receptionist: `rec_01J…`.
    ReceptionistId,
    "rec"
);
ulid_id!(
    /// Names a telephone number of a tenant: `num_01J…`.
    NumberId,
    "num"
);
ulid_id!(
    /// Names a call: `call_01J…`.
    CallId,
    "call"
);
ulid_id!(
    /// Names a process of the house, for as long as it lives: `prc_01J…`.
    ProcessId,
    "prc"
);
ulid_id!(
    /// Names an API key: `key_01J…`.
    ApiKeyId,
    "key"
);

ulid_id!(
    /// Names a person who works for a tenant: `usr_01J…`.
    UserId,
    "usr"
);
ulid_id!(
    /// Names an entry of the audit log: `aud_01J…`.
    AuditId,
    "aud"
);
ulid_id!(
    /// Names opening hours: `hrs_01J…`.
    HoursId,
    "hrs"
);
ulid_id!(
    /// Names a queue: `que_01J…`.
    QueueId,
    "que"
);
ulid_id!(
    /// Names a list of callers: `lst_01J…`.
    CallerListId,
    "lst"
);

ulid_id!(
    /// Names somebody whom a tenant knows: `con_01J…`.
    ContactId,
    "con"
);

ulid_id!(
    /// Names a greeting before the beep: `grt_01J…`.
    GreetingId,
    "grt"
);
ulid_id!(
    /// Names a message that a caller left: `msg_01J…`.
    MessageId,
    "msg"
);
ulid_id!(
    /// Names a message that a receptionist has taken: `note_01J…`.
    TakenMessageId,
    "note"
);
ulid_id!(
    /// Names a recording of a call: `rcd_01J…`.
    RecordingId,
    "rcd"
);
ulid_id!(
    /// Names a text message: `sms_01J…`.
    SmsId,
    "sms"
);

ulid_id!(
    /// Names a flow that callers are led through: `flw_01J…`.
    FlowId,
    "flw"
);

macro_rules! carrier_sid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Box<str>);

        impl $name {
            /// The longest text that is taken for such a name.
            pub const MAX_LEN: usize = 64;

            /// The name as the carrier writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let fits = (1..=Self::MAX_LEN).contains(&text.len());
                if fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b)) {
                    Ok(Self(text.into()))
                } else {
                    Err(ParseError { expected: "1 to 64 letters, digits or -_.:" })
                }
            }
        }
    };
}

carrier_sid!(
    /// The carrier's name for a call (`CA…` at Twilio).
    ///
    /// Compatible carriers shape theirs otherwise, so only length and alphabet
    /// are checked.
    CallSid
);
carrier_sid!(
    /// The carrier's name for a media stream (`MZ…` at Twilio).
    StreamSid
);
carrier_sid!(
    /// The carrier's name for a telephone number (`PN…` at Twilio).
    NumberSid
);
carrier_sid!(
    /// The carrier's name for a conference (`CF…` at Twilio).
    ConferenceSid
);

impl CallId {
    /// The name of a call that has one of the carrier's already: whoever hears of the call
    /// gives it the same, without asking anybody. When it came is not to be seen in it.
    pub fn of_sid(sid: &CallSid) -> Self {
        let digest = Sha256::digest(sid.as_str().as_bytes());
        let mut bits = [0; 16];
        bits.copy_from_slice(&digest[..16]);
        Self(Ulid(u128::from_be_bytes(bits)))
    }
}

impl CallSid {
    /// What stands for the carrier's name of a call that it has not named yet.
    pub fn unnamed(call: CallId) -> Self {
        Self(call.to_string().into())
    }
}
