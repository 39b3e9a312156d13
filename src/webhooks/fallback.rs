//! The carrier could not use our answer.

use super::signed::Signed;
use super::spoken;
use super::xml::Xml;
use crate::twilio::webhook::FallbackRequest;

/// A static apology: whatever is broken, this must not need it.
pub(super) async fn fallback(Signed(pairs): Signed) -> Xml {
    if let Ok(request) = FallbackRequest::from_pairs(&pairs) {
        tracing::error!(code = request.error_code, "carrier.fallback");
        metrics::counter!("frontdesk_fallbacks_total").increment(1);
    }
    Xml(spoken::apology())
}
