//! JSON read at a glance: the plainest texts only, and those at the least cost.
//!
//! Two messages make nearly all the traffic of a call, and machines write them
//! the same way every time. A [`Glance`] gives up, with `None`, as soon as
//! anything is unusual: a space, an escape, a key that is news or comes twice.
//! A real parser then has the word, so a glance must never see what the parser
//! would not.

use wide::u8x16;

/// What is left to read of a text.
#[derive(Clone, Copy, Debug)]
pub struct Glance<'a>(&'a str);

impl<'a> Glance<'a> {
    /// At the start of `text`.
    pub fn at(text: &'a str) -> Self {
        Self(text)
    }

    /// Nothing may follow.
    pub fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// Reads an object. `take` gets each key and reads its value.
    pub fn members(
        &mut self,
        mut take: impl FnMut(&mut Self, &'a str) -> Option<()>,
    ) -> Option<()> {
        self.skip("{")?;
        loop {
            let key = self.string()?;
            self.skip(":")?;
            take(self, key)?;
            if self.skip("}").is_some() {
                return Some(());
            }
            self.skip(",")?;
        }
    }

    /// Reads a string without escapes.
    pub fn string(&mut self) -> Option<&'a str> {
        self.skip("\"")?;
        let (string, rest) = self.0.split_at_checked(plain_len(self.0.as_bytes()))?;
        self.0 = rest;
        self.skip("\"")?;
        Some(string)
    }

    /// Reads this very string, which has no escapes.
    pub fn exactly(&mut self, wanted: &str) -> Option<()> {
        (self.string()? == wanted).then_some(())
    }

    /// Reads a whole number: digits, so few that their value fits, and no
    /// leading zeros, for JSON knows none.
    pub fn whole(&mut self) -> Option<u64> {
        let digits = self
            .0
            .bytes()
            .map_while(|byte| char::from(byte).to_digit(10));
        let push = |(number, len): (u64, usize), digit| {
            let number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
            (number, len + 1)
        };
        let (number, len) = digits.fold((0, 0), push);
        let is_plain = len == 1 || ((2..20).contains(&len) && !self.0.starts_with('0'));
        self.0 = self.0.get(len..)?;
        is_plain.then_some(number)
    }

    /// Reads such a number in a string.
    pub fn quoted_whole(&mut self) -> Option<u64> {
        self.skip("\"")?;
        let number = self.whole()?;
        self.skip("\"")?;
        Some(number)
    }

    fn skip(&mut self, punctuation: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(punctuation)?;
        Some(())
    }
}

/// Puts what was found into `place`, unless something is there already: what a
/// key means that comes twice is for the parser to say.
pub fn once<T>(place: &mut Option<T>, found: Option<T>) -> Option<()> {
    place.replace(found?).is_none().then_some(())
}

/// How many bytes come before the first that cannot stand for itself in a
/// JSON string.
fn plain_len(bytes: &[u8]) -> usize {
    let (quote, escape) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
    let last_control = u8x16::splat(0x1f);
    let (blocks, tail) = bytes.as_chunks();
    for (at, block) in blocks.iter().enumerate() {
        let block = u8x16::new(*block);
        let is_control = block.min(last_control).simd_eq(block);
        let is_unusual = block.simd_eq(quote) | block.simd_eq(escape) | is_control;
        let mask = is_unusual.to_bitmask();
        if mask != 0 {
            return 16 * at + mask.trailing_zeros() as usize;
        }
    }
    let is_plain = |byte: &&u8| !matches!(**byte, b'"' | b'\\' | ..b' ');
    16 * blocks.len() + tail.iter().take_while(is_plain).count()
}

/// Objects that are nearly what machines write, for those who glance.
#[cfg(test)]
pub(crate) mod hostile {
    use proptest::prelude::*;
    use proptest::sample::{Index, select, subsequence};

    /// The members of an object, its names and values as JSON.
    pub(crate) type Members = Vec<(&'static str, String)>;

    /// `members` as one text, in this order.
    pub(crate) fn object(members: &Members) -> String {
        let members = members.iter();
        let texts: Vec<String> = members
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", texts.join(","))
    }

    /// The members in any order, some left out, some replaced, some come twice
    /// or come from elsewhere.
    pub(crate) fn shaken(members: Members) -> impl Strategy<Value = Members> {
        let all = members.len();
        let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
        let names = [names, OTHER_NAMES.to_vec()].concat();
        let values = members.iter().map(|(_, value)| value.clone());
        let others = OTHER_VALUES.iter().map(|value| (*value).to_owned());
        let values: Vec<_> = values.chain(others).collect();
        let some = prop_oneof![3 => Just(members.clone()), 1 => subsequence(members, 0..=all)];
        let edits = prop::collection::vec(
            (any::<Index>(), any::<bool>(), select(names), select(values)),
            0..3,
        );
        (some.prop_shuffle(), edits).prop_map(|(mut members, edits)| {
            for (at, is_new, name, value) in edits {
                let at = at.index(members.len() + 1);
                match members.get_mut(at).filter(|_| !is_new) {
                    Some(member) => member.1 = value,
                    None => members.insert(at, (name, value)),
                }
            }
            members
        })
    }

    /// The text, whole in half of the cases and else damaged.
    pub(crate) fn damaged(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        let noise = prop_oneof![3 => select(NOISE).prop_map(str::to_owned), 1 => any::<String>()];
        let damage = prop::option::of((any::<Index>(), 0_usize..4, noise));
        (text, damage).prop_map(|(text, damage)| {
            let Some((at, length, noise)) = damage else {
                return text;
            };
            let letters: Vec<char> = text.chars().collect();
            let start = at.index(letters.len() + 1);
            let end = letters.len().min(start + length);
            let kept = letters[..start]
                .iter()
                .chain(noise.chars().collect::<Vec<_>>().iter())
                .collect::<String>();
            kept + &letters[end..].iter().collect::<String>()
        })
    }

    const OTHER_NAMES: &[&str] = &[
        "",
        "Event",
        "event",
        "type",
        "media",
        "start",
        "mark",
        "stream_sid",
        "sequence_number",
        "payload",
        "delta",
        "item_id",
        "x",
        "eve\\u006et",
        "me\\u0064ia",
        "t\\u0079pe",
        "ÿ",
    ];

    const OTHER_VALUES: &[&str] = &[
        "null",
        "true",
        "0",
        "7",
        "07",
        "-1",
        "1.5",
        "1e2",
        "4294967296",
        "18446744073709551616",
        "\"\"",
        "\"0\"",
        "\"007\"",
        "\"+5\"",
        "\" 5\"",
        "\"-1\"",
        "\"9999999999999999999\"",
        "\"18446744073709551616\"",
        "\"a\\\"b\"",
        "\"\\/\"",
        "\"\\u0041\"",
        "\"\\ud800\"",
        "\"\u{1}\"",
        "\"\u{7f}\u{80}ÿ🦀\"",
        "\"//8=\"",
        "\"media\"",
        "\"mark\"",
        "\"outbound\"",
        "\"response.audio.delta\"",
        "\"ping\"",
        "{}",
        "[]",
        "{\"a\":[1,{\"b\":null}]}",
        "[1,]",
        "{\"a\":}",
        "nul",
        "\"",
        "{",
    ];

    const NOISE: &[&str] = &[
        "",
        " ",
        "\n",
        "\t",
        ",",
        ":",
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        "0",
        "\u{0}",
        "\u{1f}",
        "\u{feff}",
        "null",
        "}}",
        "\\u0022",
        "\",\"x\":\"",
    ];
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_plainest_numbers_are_read() {
        for (text, number) in [
            ("0", Some(0)),
            ("9999999999999999999", Some(9_999_999_999_999_999_999)),
            ("12,", Some(12)),
            ("00", None),
            ("012", None),
            ("10000000000000000000", None),
            ("-1", None),
            ("+1", None),
            ("", None),
            ("٣", None),
        ] {
            assert_eq!(Glance::at(text).whole(), number, "{text}");
        }
    }

    #[test]
    fn what_comes_twice_is_not_taken() {
        let mut place = None;
        assert_eq!(once(&mut place, Some(1)), Some(()));
        assert_eq!(once(&mut place, None), None);
        assert_eq!(once(&mut place, Some(2)), None);
    }

    proptest! {
        #[test]
        fn every_plain_string_is_read(
            text in "[ !#-\\[\\]-\u{ffff}]{0,70}",
            after in any::<String>(),
        ) {
            let quoted = format!("\"{text}\"{after}");
            prop_assert_eq!(Glance::at(&quoted).string(), Some(text.as_str()));
        }
    }
}
