//! What a call is found by: its words, and the ends of its numbers.

use std::collections::BTreeSet;
use std::str::FromStr;

use sqlx::AnyConnection;

use super::Error;
use crate::domain::{CallLog, Direction, ParseError, Party, TenantId};

/// What somebody types who looks for a call: a number, or words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Search {
    /// The longest first: it is the rarest, as a rule.
    words: Vec<String>,
}

impl Search {
    /// What must all be there, the rarest first.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }
}

impl FromStr for Search {
    type Err = ParseError;

    /// Digits with whatever people put between them are a number or its last
    /// four digits or more; anything else is words, of which all must be there.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.chars().count() > MAX_TYPED {
            return Err(NOT_SOUGHT);
        }
        let mut words: Vec<String> = match typed_number(text, MIN_DIGITS) {
            Some(digits) => vec![digits],
            None => of_text(text).collect(),
        };
        words.sort_by_key(|word| (std::cmp::Reverse(word.len()), word.clone()));
        words.dedup();
        if words.is_empty() || words.len() > MAX_SOUGHT {
            return Err(NOT_SOUGHT);
        }
        Ok(Self { words })
    }
}

/// Puts the word first that the fewest of the tenant's calls have, as far as that
/// is told by a look at a few: from there on only those calls are looked at.
pub(super) async fn put_rarest_first(
    conn: &mut AnyConnection,
    tenant: TenantId,
    words: &mut [String],
) -> Result<(), Error> {
    if words.len() < 2 {
        return Ok(());
    }
    let mut counts = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let count: i64 = sqlx::query_scalar(COUNT_SOME)
            .bind(tenant.to_string())
            .bind(word.clone())
            .fetch_one(&mut *conn)
            .await?;
        counts.push((count, place));
    }
    if let Some((_, rarest)) = counts.into_iter().min() {
        words[..=rarest].rotate_right(1);
    }
    Ok(())
}

const COUNT_SOME: &str = "
    SELECT COUNT(*) FROM (
        SELECT 1 FROM call_words WHERE tenant_id = $1 AND word = $2 LIMIT 2000) AS few";

/// Makes `words` those of `call`, which has said and been noted `texts`.
///
/// `tx` is a transaction, else the call might lose its words.
pub(super) async fn index(
    tx: &mut AnyConnection,
    call: &CallLog,
    texts: impl Iterator<Item = &str>,
) -> Result<(), Error> {
    sqlx::query(DELETE)
        .bind(call.tenant_id.to_string())
        .bind(call.id.to_string())
        .execute(&mut *tx)
        .await?;
    let mut words = of_numbers(call);
    for word in texts.flat_map(of_text) {
        // A word that is said again takes no place.
        if words.len() < MAX_KEPT {
            words.insert(word);
        }
    }
    let words: Vec<String> = words.into_iter().collect();
    for some in words.chunks(BATCH) {
        let mut insert = sqlx::query(INSERT)
            .bind(call.tenant_id.to_string())
            .bind(call.created_at.as_ms())
            .bind(call.id.to_string());
        // One text serves any number of words: what is missing is said twice.
        for at in 0..BATCH {
            insert = insert.bind(some[at.min(some.len() - 1)].clone());
        }
        insert.execute(&mut *tx).await?;
    }
    Ok(())
}

const DELETE: &str = "DELETE FROM call_words WHERE tenant_id = $1 AND call_id = $2";

const INSERT: &str = "
    INSERT INTO call_words (tenant_id, created_at_ms, call_id, word) VALUES
        ($1, $2, $3, $4), ($1, $2, $3, $5), ($1, $2, $3, $6), ($1, $2, $3, $7),
        ($1, $2, $3, $8), ($1, $2, $3, $9), ($1, $2, $3, $10), ($1, $2, $3, $11),
        ($1, $2, $3, $12), ($1, $2, $3, $13), ($1, $2, $3, $14), ($1, $2, $3, $15),
        ($1, $2, $3, $16), ($1, $2, $3, $17), ($1, $2, $3, $18), ($1, $2, $3, $19)
    ON CONFLICT DO NOTHING";

/// The words of a text, in lower case. One letter alone is none.
fn of_text(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().nth(1).is_some())
        .map(|word| {
            let letters = word.chars().take(MAX_LETTERS);
            letters.flat_map(char::to_lowercase).collect()
        })
}

/// The whole numbers, and every end of the stranger's: people know a number
/// with its country, without it, or by its last digits.
fn of_numbers(call: &CallLog) -> BTreeSet<String> {
    let (stranger, own) = match call.direction {
        Direction::Inbound => (&call.from, &call.to),
        Direction::Outbound => (&call.to, &call.from),
    };
    let mut words = BTreeSet::new();
    if let Some(digits) = digits(stranger) {
        let starts = 0..=digits.len().saturating_sub(MIN_DIGITS);
        words.extend(starts.map(|start| digits[start..].to_owned()));
    } else {
        words.extend(of_text(&stranger.to_text()));
    }
    words.extend(digits(own).map(str::to_owned));
    words
}

/// The digits of a number, which are ASCII.
pub(super) fn digits(party: &Party) -> Option<&str> {
    party.number().map(|number| &number.as_str()[1..])
}

/// The digits of what looks like a number, if there are so many at `least`, without the
/// zeros that people dial before it.
pub(super) fn typed_number(text: &str, least: usize) -> Option<String> {
    let is_between = |letter: char| " +-()./".contains(letter);
    let is_number = text
        .chars()
        .all(|letter| letter.is_ascii_digit() || is_between(letter));
    // The zero of "+49 (0)151" is dialled at home only.
    let digits = text.replace("(0)", "");
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (is_number && digits.len() >= least).then(|| digits.to_owned())
}

const NOT_SOUGHT: ParseError = ParseError {
    expected: "the last digits of a number, four or more, or one to eight words, in 200 letters",
};
/// What somebody types is not longer.
const MAX_TYPED: usize = 200;
/// Fewer digits say nothing.
const MIN_DIGITS: usize = 4;
/// Longer words are cut.
const MAX_LETTERS: usize = 40;
/// Words of one call that are kept; an hour of talk has fewer.
const MAX_KEPT: usize = 2_000;
/// Words that may be looked for at once.
const MAX_SOUGHT: usize = 8;
/// Words that are written at once.
const BATCH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(text: &str) -> Vec<String> {
        text.parse::<Search>().unwrap().words
    }

    #[test]
    fn a_number_is_sought_by_its_digits_however_it_is_typed() {
        for text in [
            "+1 555 010 0001",
            "15550100001",
            "001-555-010-0001",
            "(1) 555 0100001",
        ] {
            assert_eq!(sought(text), ["15550100001"], "{text}");
        }
        assert_eq!(sought("0151/2345678"), ["1512345678"]);
        assert_eq!(sought("0001 2345"), ["12345"]);
        assert_eq!(sought("+49 (0)151 2345678"), ["491512345678"]);
    }

    #[test]
    fn words_are_sought_in_lower_case_the_longest_first() {
        assert_eq!(
            sought("my Äpfel, an APPOINTMENT"),
            ["appointment", "äpfel", "an", "my"]
        );
        assert_eq!(sought("call 911 now"), ["call", "911", "now"]);
    }

    #[test]
    fn nothing_to_look_for_is_refused() {
        for text in [
            "",
            " ",
            "a",
            "?!",
            "a b c",
            "one two three four five six seven eight nine",
        ] {
            assert!(text.parse::<Search>().is_err(), "{text}");
        }
    }
}
