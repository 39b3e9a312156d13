//! What a flow goes by, as JSON: cases, and questions to other machines.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::credential::CredentialText;
use super::ivr_value::{CaseName, HttpsUrl, Short, VariableName};
use super::value::{Few, Number, Text, Word};
use crate::routing::ivr::{Case, Comparison, Field, Header, HttpAsk, Method, Test};

/// Cases, of which the first that is so decides.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchText {
    #[schema(value_type = Vec<CaseText>, min_items = 1, max_items = 20)]
    cases: Few<CaseText, 1, 20>,
}

/// Something that may be so.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseText {
    /// The name of the way out.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,31}$", example = "vip")]
    exit: Text<CaseName>,
    /// What must be so; all of it.
    #[schema(value_type = Vec<TestText>, min_items = 1, max_items = 10)]
    when: Few<TestText, 1, 10>,
}

/// Something that may be so of a call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestText {
    /// A variable compares so.
    Variable(VariableTest),
    /// The caller is a VIP.
    Vip,
    /// The caller is a contact.
    Known,
    /// The caller hides the number.
    Anonymous,
    /// The caller is a contact who speaks this language: `de` is also `de-CH`.
    Language(LanguageTest),
    /// The caller's number begins so.
    NumberStarts(NumberTest),
}

/// How a variable compares.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariableTest {
    /// Which; `digits`, `caller_number` and `called_number` are always there.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,31}$")]
    name: Text<VariableName>,
    is: ComparisonText,
    /// With what; may have variables in it.
    #[serde(default)]
    #[schema(value_type = String, max_length = 200, pattern = r"^\P{C}*$", required = false)]
    than: Short<200>,
}

/// How two values compare, whatever the case of their letters.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonText {
    /// They are the same.
    Equal,
    /// They are not.
    Different,
    /// The one begins with the other.
    Begins,
    /// The other stands in the one.
    Contains,
    /// Both are numbers, and the one is less.
    Less,
    /// Both are numbers, and the one is more.
    More,
}

/// A language.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$")]
pub struct LanguageTest(Word);

/// How a number begins.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^\\+[1-9][0-9]{0,14}$", example = "+49")]
pub struct NumberTest(String);

impl<'de> Deserialize<'de> for NumberTest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix('+').unwrap_or_default();
        let fits = (1..=15).contains(&digits.len()) && !digits.starts_with('0');
        if fits && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(
                "expected the beginning of a number, such as +49",
            ))
        }
    }
}

/// A question to another machine. Nobody is asked whose address is not public.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpText {
    #[serde(default)]
    #[schema(required = false)]
    method: MethodText,
    /// Whom: an address of HTTPS on port 443 or 8443. Behind its host, variables
    /// may stand in it.
    #[schema(value_type = String, max_length = 500,
        pattern = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,4})?(/[!-~]*)?$")]
    url: Text<HttpsUrl>,
    #[serde(default)]
    #[schema(value_type = Vec<HeaderText>, max_items = 20, required = false)]
    headers: Few<HeaderText, 0, 20>,
    /// The members of the JSON object that a POST brings; texts, which may have
    /// variables in them.
    #[serde(default)]
    #[schema(value_type = Vec<PairText>, max_items = 20, required = false)]
    body: Few<PairText, 0, 20>,
    /// How long it has for an answer, in seconds.
    #[serde(default = "three")]
    #[schema(value_type = u32, minimum = 1, maximum = 3, default = 3, required = false)]
    timeout_s: Number<1, 3>,
    /// What is kept of the JSON that it answers.
    #[serde(default)]
    #[schema(value_type = Vec<FieldText>, max_items = 20, required = false)]
    save: Few<FieldText, 0, 20>,
}

fn three() -> Number<1, 3> {
    Number(3)
}

/// How another machine is asked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum MethodText {
    /// Nothing is brought.
    #[default]
    Get,
    /// JSON is brought.
    Post,
}

/// A header of a question.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderText {
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "Authorization")]
    name: Word,
    /// Its value, which is sealed and never shown again: it is read as null. Null keeps
    /// what the header of this name of this node had before, for the same machine.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500, pattern = "^[!-~]([ -~]*[!-~])?$")]
    value: Option<CredentialText>,
}

/// A member of a JSON object.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairText {
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    name: Word,
    #[schema(value_type = String, max_length = 500, pattern = r"^\P{C}*$")]
    value: Short<500>,
}

/// A value in a JSON answer that is kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldText {
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,31}$")]
    variable: Text<VariableName>,
    /// Where it stands: a JSON pointer (RFC 6901), such as `/customer/name`.
    #[schema(value_type = String, max_length = 200, pattern = r"^(/\P{C}*)?$")]
    pointer: Pointer,
}

/// A JSON pointer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Pointer(String);

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Short::<200>(text) = Short::deserialize(deserializer)?;
        if text.is_empty() || text.starts_with('/') {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(
                "expected a JSON pointer, such as /customer/name",
            ))
        }
    }
}

impl BranchText {
    pub(super) fn new(cases: &[Case]) -> Self {
        let cases = cases.iter().map(|case| CaseText {
            exit: Text(CaseName(case.exit.clone())),
            when: Few(case.when.iter().map(TestText::from).collect()),
        });
        Self {
            cases: Few(cases.collect()),
        }
    }

    pub(super) fn into_cases(self) -> Vec<Case> {
        let cases = self.cases.0.into_iter().map(|case| Case {
            exit: case.exit.0.0,
            when: case.when.0.into_iter().map(Test::from).collect(),
        });
        cases.collect()
    }
}

impl From<TestText> for Test {
    fn from(text: TestText) -> Self {
        match text {
            TestText::Variable(one) => Self::Variable {
                name: one.name.0.0,
                is: one.is.into(),
                than: one.than.0,
            },
            TestText::Vip => Self::Vip,
            TestText::Known => Self::Known,
            TestText::Anonymous => Self::Anonymous,
            TestText::Language(LanguageTest(Word(language))) => Self::Language(language),
            TestText::NumberStarts(NumberTest(begins)) => Self::NumberStarts(begins),
        }
    }
}

impl From<&Test> for TestText {
    fn from(test: &Test) -> Self {
        match test {
            Test::Variable { name, is, than } => Self::Variable(VariableTest {
                name: Text(VariableName(name.clone())),
                is: (*is).into(),
                than: Short(than.clone()),
            }),
            Test::Vip => Self::Vip,
            Test::Known => Self::Known,
            Test::Anonymous => Self::Anonymous,
            Test::Language(language) => Self::Language(LanguageTest(Word(language.clone()))),
            Test::NumberStarts(begins) => Self::NumberStarts(NumberTest(begins.clone())),
        }
    }
}

macro_rules! same {
    ($($text:ident = $value:ident: $($name:ident)*;)*) => {$(
        impl From<$text> for $value {
            fn from(text: $text) -> Self {
                match text {
                    $($text::$name => Self::$name,)*
                }
            }
        }

        impl From<$value> for $text {
            fn from(value: $value) -> Self {
                match value {
                    $($value::$name => Self::$name,)*
                }
            }
        }
    )*};
}

same! {
    ComparisonText = Comparison: Equal Different Begins Contains Less More;
    MethodText = Method: Get Post;
}

impl From<HttpText> for HttpAsk {
    fn from(text: HttpText) -> Self {
        let headers = text.headers.0.into_iter().map(|one| Header {
            name: one.name.0,
            value: one.value.map(|text| text.0),
        });
        let body = text.body.0.into_iter().map(|one| (one.name.0, one.value.0));
        let fields = text.save.0.into_iter().map(|one| Field {
            variable: one.variable.0.0,
            pointer: one.pointer.0,
        });
        Self {
            method: text.method.into(),
            url: text.url.0.0,
            headers: headers.collect(),
            body: body.collect(),
            timeout: text.timeout_s.seconds(),
            fields: fields.collect(),
        }
    }
}

impl From<&HttpAsk> for HttpText {
    fn from(ask: &HttpAsk) -> Self {
        let headers = ask.headers.iter().map(|one| HeaderText {
            name: Word(one.name.clone()),
            value: one.value.clone().map(CredentialText),
        });
        let body = ask.body.iter().map(|(name, value)| PairText {
            name: Word(name.clone()),
            value: Short(value.clone()),
        });
        let fields = ask.fields.iter().map(|one| FieldText {
            variable: Text(VariableName(one.variable.clone())),
            pointer: Pointer(one.pointer.clone()),
        });
        Self {
            method: ask.method.into(),
            url: Text(HttpsUrl(ask.url.clone())),
            headers: Few(headers.collect()),
            body: Few(body.collect()),
            timeout_s: Number::of_seconds(ask.timeout),
            save: Few(fields.collect()),
        }
    }
}
