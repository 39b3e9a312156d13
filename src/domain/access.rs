//! Who may do what: roles, permissions, and the one table that joins them.

use super::ParseError;

/// What a member of a tenant is there.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Role {
    /// Whose business it is.
    Owner,
    /// Runs it for the owner.
    Admin,
    /// Looks after the people who answer.
    Supervisor,
    /// Answers, and sees what was meant for them.
    Agent,
    /// Looks at what happened.
    Analyst,
    /// Builds on it.
    Developer,
    /// Pays for it.
    Billing,
}

impl Role {
    /// All of them, in the order of the table's columns.
    pub const ALL: [Self; 7] = [
        Self::Owner,
        Self::Admin,
        Self::Supervisor,
        Self::Agent,
        Self::Analyst,
        Self::Developer,
        Self::Billing,
    ];

    /// The role in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Supervisor => "supervisor",
            Self::Agent => "agent",
            Self::Analyst => "analyst",
            Self::Developer => "developer",
            Self::Billing => "billing",
        }
    }

    /// How far a permission goes in this role.
    pub fn reach(self, permission: Permission) -> Reach {
        let (_, row) = TABLE[permission as usize];
        match row.as_bytes()[self as usize] {
            b'A' => Reach::All,
            b'm' => Reach::Masked,
            b'o' => Reach::Own,
            _ => Reach::None,
        }
    }
}

impl std::str::FromStr for Role {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or(ParseError {
            expected: "owner, admin, supervisor, agent, analyst, developer or billing",
        })
    }
}

/// How far a permission goes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reach {
    /// Not at all.
    None,
    /// As far as one's own calls, messages and the like.
    Own,
    /// Everywhere in the tenant, but numbers and words are masked.
    Masked,
    /// Everywhere in the tenant.
    All,
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $row:literal;)*) => {
        /// Something that can be permitted; also the scope of an API key.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Permission {
            $($(#[$doc])* $name,)*
        }

        /// A row for each permission, a letter for each role in the order of
        /// [`Role::ALL`]: `A` all, `m` masked, `o` own, `-` not at all.
        const TABLE: &[(Permission, &str)] = &[$((Permission::$name, $row),)*];

        impl Permission {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The resource and what is done to it, such as `calls:read`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

permissions! {
    /// The log of calls and transcripts.
    CallsRead = "calls:read", "AAAoAm-";
    /// Calls that go on; a key that may read calls may watch them.
    CallsWatch = "calls:watch", "AAAoA--";
    /// Hang up, hold, transfer a live call.
    CallsControl = "calls:control", "AAAo---";
    /// Place calls; notes and tags on calls.
    CallsWrite = "calls:write", "AAAA---";
    /// Listen to recordings.
    RecordingsRead = "recordings:read", "AAAoA--";
    /// Delete recordings.
    RecordingsWrite = "recordings:write", "AA-----";
    /// Voicemail and messages.
    InboxRead = "inbox:read", "AAAoA--";
    /// Mark and delete voicemail and messages.
    InboxWrite = "inbox:write", "AAAo---";
    /// The people who call.
    ContactsRead = "contacts:read", "AAAAA--";
    /// Write down who calls.
    ContactsWrite = "contacts:write", "AAAA---";
    /// Receptionists, flows, greetings, settings.
    ConfigRead = "config:read", "AAA-AA-";
    /// Edit them.
    ConfigWrite = "config:write", "AAA--A-";
    /// Let callers meet what was edited.
    ConfigPublish = "config:publish", "AA-----";
    /// Numbers, and where they lead.
    NumbersRead = "numbers:read", "AAA-AA-";
    /// Buy, configure and release numbers.
    NumbersWrite = "numbers:write", "AA-----";
    /// Opening hours and holidays.
    HoursWrite = "hours:write", "AAA----";
    /// Who works here.
    MembersRead = "members:read", "AA-----";
    /// Take people in, and change their roles.
    MembersWrite = "members:write", "AA-----";
    /// API keys and webhooks.
    KeysRead = "keys:read", "AA---A-";
    /// Make and revoke them.
    KeysWrite = "keys:write", "AA---A-";
    /// What was used, and what it cost.
    UsageRead = "usage:read", "AAA-A-A";
    /// Budgets and quotas.
    BudgetsRead = "budgets:read", "AA----A";
    /// Change them.
    BudgetsWrite = "budgets:write", "A-----A";
    /// Erase, hold, retain.
    PrivacyWrite = "privacy:write", "AA-----";
    /// Who changed what.
    AuditRead = "audit:read", "AA-----";
}

impl Permission {
    /// Whether a key is made for it by name: members are taken in by members, and
    /// by keys that open everything.
    pub fn is_for_keys(self) -> bool {
        self != Self::MembersWrite
    }
}

impl std::str::FromStr for Permission {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.iter().find(|one| one.as_str() == text);
        found.copied().ok_or(ParseError {
            expected: "a permission, such as calls:read",
        })
    }
}

/// What the holder of an API key may do, as far as the key goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scope {
    /// All that an owner may.
    Everything,
    /// These.
    Only(Vec<Permission>),
}

impl Scope {
    /// How far a permission goes.
    pub fn reach(&self, permission: Permission) -> Reach {
        match self {
            Self::Everything => Reach::All,
            Self::Only(some) if some.contains(&permission) => Reach::All,
            Self::Only(some)
                if permission == Permission::CallsWatch
                    && some.contains(&Permission::CallsRead) =>
            {
                Reach::All
            }
            Self::Only(_) => Reach::None,
        }
    }

    /// `*`, or the permissions with a space between them.
    pub fn to_text(&self) -> String {
        match self {
            Self::Everything => "*".to_owned(),
            Self::Only(some) => {
                let words: Vec<_> = some.iter().map(|one| one.as_str()).collect();
                words.join(" ")
            }
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text == "*" {
            return Ok(Self::Everything);
        }
        let some: Result<Vec<_>, _> = text.split_whitespace().map(str::parse).collect();
        some.map(Self::Only)
    }
}

const _: () = {
    let mut row = 0;
    while row < TABLE.len() {
        assert!(TABLE[row].0 as usize == row);
        assert!(TABLE[row].1.len() == Role::ALL.len());
        row += 1;
    }
};
