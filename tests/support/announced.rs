//! A recording as most begin.

use frontdesk::domain::{
    CallId, Consent, ConsentAnswer, ConsentPolicy, RecordingId, RecordingTitle, TenantId, Timestamp,
};

/// One that began then, and of which the caller was told.
pub(crate) fn announced(
    id: RecordingId,
    (tenant_id, call_id): (TenantId, CallId),
    at: Timestamp,
) -> RecordingTitle {
    RecordingTitle {
        id,
        tenant_id,
        call_id,
        started_at: at,
        consent: Consent {
            policy: ConsentPolicy::Announce,
            answer: ConsentAnswer::Told,
            words: None,
            at,
        },
    }
}
