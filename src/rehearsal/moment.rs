//! Moments as the carrier writes them.

use crate::domain::Timestamp;

/// A moment as e-mail has it (RFC 2822), the day with two digits: `Tue, 01 Dec 2026
/// 00:06:25 +0000`.
pub(super) fn rfc_2822(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_ms())
        .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_two_digits_on_the_first_of_the_month_too() {
        let at = Timestamp::from_ms(1_796_083_585_000);

        assert_eq!(rfc_2822(at), "Tue, 01 Dec 2026 00:06:25 +0000");
    }
}
