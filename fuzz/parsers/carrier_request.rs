//! What the carrier asks over HTTP.

use frontdesk::twilio::webhook::{
    DialResult, MessageRequest, RecordingStatus, StatusCallback, TranscriptionUpdate, VoiceRequest,
    parse_form,
};

/// What every request about a call has.
const CALL: &[u8] = b"AccountSid=AC0123456789abcdef0123456789abcdef&\
    CallSid=CA0123456789abcdef0123456789abcdef&From=%2B15550100001&To=%2B15550100000&\
    CallStatus=in-progress&Direction=inbound&";

/// Reads it, whatever it is.
///
/// # Panics
///
/// If something of it is not as promised.
pub(crate) fn read(body: &[u8]) {
    let alone = parse_form(body);
    let together = parse_form(&[CALL, body].concat());
    assert!(together.ends_with(&alone));
    for pairs in [alone, together] {
        let _ = VoiceRequest::from_pairs(&pairs);
        let _ = StatusCallback::from_pairs(&pairs);
        let _ = DialResult::from_pairs(&pairs);
        let _ = RecordingStatus::from_pairs(&pairs);
        let _ = MessageRequest::from_pairs(&pairs);
        let _ = TranscriptionUpdate::from_pairs(&pairs);
    }
}
