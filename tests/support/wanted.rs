//! How much of a test is wanted, by hand: `FRONTDESK_CALLS=50 cargo test --release live_calls`.

/// The number that the environment gives that name, if it gives one.
pub(crate) fn wanted(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is to be a number, and is {text:?}")))
}

/// How many calls go on at once: `FRONTDESK_CALLS`, or as many as fit among a thousand
/// other tests.
pub(crate) fn calls_or(few: usize) -> usize {
    wanted("FRONTDESK_CALLS").map_or(few, |most| usize::try_from(most).unwrap_or(few))
}
