//! The form fields of the carrier's requests.
//!
//! <https://www.twilio.com/docs/voice/twiml#request-parameters>

use std::time::Duration;

use super::options::CarrierOptions;
use crate::domain::Timestamp;
use crate::rehearsal::moment::rfc_2822;
use crate::rehearsal::names::carrier_name;

/// A form: names and values in the order they are sent.
pub(super) type Form = Vec<(String, String)>;

/// The fields of every request about a call.
pub(super) fn voice(options: &CarrierOptions, call_sid: &str, call_status: &str) -> Form {
    let CarrierOptions {
        from,
        to,
        account_sid,
        direction,
        ..
    } = options;
    form(&[
        ("AccountSid", account_sid),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", call_sid),
        ("CallStatus", call_status),
        (
            "CallToken",
            "%7B%22parentCallInfoToken%22%3A%22rehearsal%22%7D",
        ),
        ("Called", to),
        ("CalledCity", ""),
        ("CalledCountry", "US"),
        ("CalledState", "OR"),
        ("CalledZip", ""),
        ("Caller", from),
        ("CallerCity", "COEUR D'ALÈNE"),
        ("CallerCountry", "US"),
        ("CallerState", "ID"),
        ("CallerZip", "83814"),
        ("Direction", direction),
        ("From", from),
        ("FromCity", "COEUR D'ALÈNE"),
        ("FromCountry", "US"),
        ("FromState", "ID"),
        ("FromZip", "83814"),
        ("StirVerstat", "TN-Validation-Passed-A"),
        ("To", to),
        ("ToCity", ""),
        ("ToCountry", "US"),
        ("ToState", "OR"),
        ("ToZip", ""),
    ])
}

/// What the last status callback adds.
pub(super) fn completed(lasting: Duration, now: Timestamp) -> Form {
    let seconds = lasting.as_secs();
    form(&[
        ("CallDuration", &seconds.to_string()),
        ("Duration", &seconds.div_ceil(60).to_string()),
        ("Timestamp", &rfc_2822(now)),
        ("CallbackSource", "call-progress-events"),
        ("SequenceNumber", "0"),
        ("SipResponseCode", "200"),
    ])
}

/// What the action of a `<Dial>` is told.
pub(super) fn dialled(options: &CarrierOptions, child: &str) -> Form {
    let outcome = &options.dial_outcome;
    let was_answered = outcome.status == "completed";
    let mut fields = form(&[
        ("DialCallStatus", &outcome.status),
        ("DialCallSid", child),
        ("DialBridged", if was_answered { "true" } else { "false" }),
    ]);
    if was_answered {
        fields.extend(form(&[(
            "DialCallDuration",
            &outcome.lasting.as_secs().to_string(),
        )]));
    }
    fields
}

/// What is told of a call that was dialled and picked up.
pub(super) fn picked_up((parent, call_sid): (&str, &str), to: &str) -> Form {
    form(&[
        ("CallSid", call_sid),
        ("ParentCallSid", parent),
        ("Direction", "outbound-dial"),
        ("CallStatus", "in-progress"),
        ("To", to),
        ("Called", to),
    ])
}

/// What is told once it is known who, or what, has picked up.
pub(super) fn found_out(call_sid: &str, by: &str) -> Form {
    form(&[
        ("CallSid", call_sid),
        ("AnsweredBy", by),
        ("MachineDetectionDuration", "2310"),
    ])
}

/// What is told of a caller who has just begun to wait in a queue.
pub(super) fn waiting() -> Form {
    form(&[
        ("QueueSid", &carrier_name("QU")),
        ("QueuePosition", "1"),
        ("QueueTime", "0"),
        ("AvgQueueTime", "90"),
        ("CurrentQueueSize", "1"),
        ("MaxQueueSize", "100"),
    ])
}

/// What is told of a caller who has waited so long in a queue of their own.
pub(super) fn waiting_since(queue_sid: &str, waited: Duration) -> Form {
    form(&[
        ("QueueSid", queue_sid),
        ("QueuePosition", "1"),
        ("QueueTime", &waited.as_secs().to_string()),
        ("AvgQueueTime", "0"),
        ("CurrentQueueSize", "1"),
        ("MaxQueueSize", "1000"),
    ])
}

/// What is told of a caller who waits no longer.
pub(super) fn left_queue(queue_sid: &str, outcome: &str) -> Form {
    form(&[
        ("QueueSid", queue_sid),
        ("QueueResult", outcome),
        ("QueueTime", "1"),
    ])
}

/// What the action of a `<Dial>` is told that was to speak with whoever waits.
pub(super) fn dialled_queue(options: &CarrierOptions, is_bridged: bool) -> Form {
    let lasted = options.dial_outcome.lasting.as_secs().to_string();
    if is_bridged {
        form(&[
            ("DialCallStatus", "completed"),
            ("DialBridged", "true"),
            ("DialCallDuration", &lasted),
        ])
    } else {
        form(&[("DialCallStatus", "no-answer"), ("DialBridged", "false")])
    }
}

/// What the action of a `<Record>` is told; the status callback adds more.
pub(super) fn recorded(options: &CarrierOptions, recording_sid: &str, lasting: Duration) -> Form {
    let url = format!(
        "https://api.twilio.com/2010-04-01/Accounts/{}/Recordings/{recording_sid}",
        options.account_sid
    );
    form(&[
        ("RecordingSid", recording_sid),
        ("RecordingUrl", &url),
        ("RecordingDuration", &lasting.as_secs().to_string()),
        ("Digits", "hangup"),
    ])
}

/// What the recording's status callback adds to [`recorded`]: which verb has recorded
/// whom, on how many channels.
pub(super) fn recording_completed(
    (source, track, channels): (&str, &str, &str),
    now: Timestamp,
) -> Form {
    form(&[
        ("RecordingStatus", "completed"),
        ("RecordingChannels", channels),
        ("RecordingSource", source),
        ("RecordingTrack", track),
        ("RecordingStartTime", &rfc_2822(now)),
    ])
}

/// What the recording of a `<Dial>` is told of, both sides apart.
pub(super) fn dial_recorded(options: &CarrierOptions, recording_sid: &str, now: Timestamp) -> Form {
    let lasting = options.dial_outcome.lasting;
    let mut fields = recorded(options, recording_sid, lasting);
    fields.retain(|(name, _)| name != "Digits");
    fields.extend(recording_completed(("DialVerb", "both", "2"), now));
    fields
}

/// What the recording of a conference is told of, all who were there on one track.
pub(super) fn conference_recorded(
    options: &CarrierOptions,
    conference_sid: &str,
    now: Timestamp,
) -> Form {
    let recording_sid = carrier_name("RE");
    let mut fields = recorded(options, &recording_sid, options.dial_outcome.lasting);
    fields.retain(|(name, _)| name != "Digits");
    fields.extend(recording_completed(("Conference", "both", "1"), now));
    fields.extend(form(&[("ConferenceSid", conference_sid)]));
    fields
}

/// Pairs as a form.
pub(super) fn form(pairs: &[(&str, &str)]) -> Form {
    pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
