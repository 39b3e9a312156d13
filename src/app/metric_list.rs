//! All that is counted and measured, by name, and what it tells.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// How something is measured.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// It only grows.
    Count,
    /// It is so much now.
    Level,
    /// So many seconds now.
    Age,
    /// It is so many bytes now.
    Size,
    /// It takes so many seconds, each time.
    Seconds,
    /// It is so many bytes, each time.
    Bytes,
}

impl Kind {
    pub(super) fn describe(self, name: &'static str, text: &'static str) {
        match self {
            Self::Count => describe_counter!(name, text),
            Self::Level => describe_gauge!(name, text),
            Self::Age => describe_gauge!(name, Unit::Seconds, text),
            Self::Size => describe_gauge!(name, Unit::Bytes, text),
            Self::Seconds => describe_histogram!(name, Unit::Seconds, text),
            Self::Bytes => describe_histogram!(name, Unit::Bytes, text),
        }
    }
}

/// All of them. `tests/measures.rs` holds this list against the code, and what is
/// under `deploy/` against this list.
pub(super) const METRICS: &[(&str, Kind, &str)] = &[
    (
        "frontdesk_agent_endpoint_state",
        Kind::Level,
        "How each Realtime endpoint stands: 0 it is dialled, 0.5 it was down or refused us, and \
         nobody has dialled it for 5 minutes, 1 it is down, 2 it refuses us.",
    ),
    (
        "frontdesk_agent_endpoints_shut",
        Kind::Level,
        "Realtime endpoints that are down or refuse us, as far as anybody has dialled them in the \
         last 5 minutes.",
    ),
    (
        "frontdesk_agent_errors_total",
        Kind::Count,
        "Errors that agents told of.",
    ),
    (
        "frontdesk_agent_faults_total",
        Kind::Count,
        "Malformed messages of agents.",
    ),
    (
        "frontdesk_agent_outage_seconds",
        Kind::Seconds,
        "How long a call was without an agent before another took over.",
    ),
    (
        "frontdesk_agents_lost_total",
        Kind::Count,
        "Agents lost in the middle of a call.",
    ),
    (
        "frontdesk_barge_in_seconds",
        Kind::Seconds,
        "From the model's word that the caller speaks to a `clear` that the carrier has taken.",
    ),
    (
        "frontdesk_call_panics_total",
        Kind::Count,
        "Calls that ended by a bug of ours; their callers went on along the route.",
    ),
    (
        "frontdesk_calls",
        Kind::Level,
        "Calls that the AI has now, by state: ringing, connecting, talking, held, reconnecting.",
    ),
    (
        "frontdesk_calls_capacity",
        Kind::Level,
        "Calls that the AI takes at one time.",
    ),
    (
        "frontdesk_calls_live",
        Kind::Level,
        "Calls that the AI has now.",
    ),
    (
        "frontdesk_calls_swept_total",
        Kind::Count,
        "Calls whose end nobody told of: found at the carrier, going on, or lost.",
    ),
    (
        "frontdesk_calls_slowed_total",
        Kind::Count,
        "How often a call had used up its share of a core and had to wait: its peers flood it.",
    ),
    (
        "frontdesk_calls_total",
        Kind::Count,
        "Calls that the AI had, by how they ended.",
    ),
    (
        "frontdesk_carrier_faults_total",
        Kind::Count,
        "Messages of media streams that break the protocol, by what is wrong.",
    ),
    (
        "frontdesk_carrier_lead_seconds",
        Kind::Seconds,
        "How far the carrier is ahead of the caller's ear, asked of each call every 10 s.",
    ),
    (
        "frontdesk_carrier_prices_missing_total",
        Kind::Count,
        "Calls that the carrier had not rated after a day.",
    ),
    (
        "frontdesk_carrier_unsent_bytes",
        Kind::Bytes,
        "What the carrier has not taken, asked of each call every 10 s.",
    ),
    (
        "frontdesk_consents_total",
        Kind::Count,
        "Answers to whether a call may be recorded, by answer.",
    ),
    (
        "frontdesk_cpu_ms_total",
        Kind::Count,
        "Milliseconds of processor time that this process has had.",
    ),
    (
        "frontdesk_deleted_total",
        Kind::Count,
        "What was kept long enough and deleted, by what it was.",
    ),
    (
        "frontdesk_descriptors",
        Kind::Level,
        "Descriptors open: sockets, files, pipes.",
    ),
    (
        "frontdesk_descriptors_limit",
        Kind::Level,
        "Descriptors that may be open.",
    ),
    (
        "frontdesk_disk_free_bytes",
        Kind::Size,
        "Room that is left on the disk of the recordings.",
    ),
    (
        "frontdesk_disk_size_bytes",
        Kind::Size,
        "All that the disk of the recordings holds.",
    ),
    (
        "frontdesk_dials_refused_total",
        Kind::Count,
        "Calls and texts that the policy did not let out, by reason.",
    ),
    (
        "frontdesk_draining",
        Kind::Level,
        "1 while no new calls are taken.",
    ),
    (
        "frontdesk_fallbacks_total",
        Kind::Count,
        "Answers of ours that the carrier could not use; their callers heard an apology.",
    ),
    (
        "frontdesk_http_connections",
        Kind::Level,
        "HTTP connections open.",
    ),
    (
        "frontdesk_http_connections_refused_total",
        Kind::Count,
        "Connections closed unserved, by reason.",
    ),
    (
        "frontdesk_http_panics_total",
        Kind::Count,
        "Handlers that panicked: bugs.",
    ),
    (
        "frontdesk_http_request_duration_seconds",
        Kind::Seconds,
        "From a request's headers to its answer's.",
    ),
    (
        "frontdesk_http_requests_total",
        Kind::Count,
        "Requests answered.",
    ),
    (
        "frontdesk_interruptions_total",
        Kind::Count,
        "Answers that callers broke into.",
    ),
    (
        "frontdesk_ivr_questions_total",
        Kind::Count,
        "Requests that flows made of others, by outcome.",
    ),
    (
        "frontdesk_ivr_texts_total",
        Kind::Count,
        "Texts that flows sent, by outcome.",
    ),
    (
        "frontdesk_jobs_oldest_seconds",
        Kind::Age,
        "For how long the oldest job has been due, by kind.",
    ),
    (
        "frontdesk_jobs_running",
        Kind::Level,
        "Jobs that are being done, by kind.",
    ),
    (
        "frontdesk_jobs_total",
        Kind::Count,
        "Jobs, by kind and by what came of them: done, again, failed, buried.",
    ),
    (
        "frontdesk_jobs_waiting",
        Kind::Level,
        "Jobs that wait, also for a later time, by kind.",
    ),
    (
        "frontdesk_journal_faults_total",
        Kind::Count,
        "What went wrong with the journal: refused by the disk, torn, set aside.",
    ),
    (
        "frontdesk_journal_waiting",
        Kind::Level,
        "Facts about calls that wait on the disk for the database.",
    ),
    (
        "frontdesk_log_lines_dropped_total",
        Kind::Count,
        "Lines of the log that were left out because whoever reads it was too slow.",
    ),
    (
        "frontdesk_loop_lag_seconds",
        Kind::Seconds,
        "How late tasks wake up.",
    ),
    (
        "frontdesk_notes_journaled_total",
        Kind::Count,
        "Facts about calls that went to the disk because the database did not take them.",
    ),
    (
        "frontdesk_notes_lost_total",
        Kind::Count,
        "Facts about calls that could not be written down.",
    ),
    (
        "frontdesk_notes_waiting",
        Kind::Level,
        "Facts about calls that wait to be written down.",
    ),
    (
        "frontdesk_out_of_date_ms_total",
        Kind::Count,
        "Milliseconds of sound thrown away, for the carrier took nothing for 2 s.",
    ),
    (
        "frontdesk_phrases_failed_total",
        Kind::Count,
        "Sentences that no agent could be got to say beforehand.",
    ),
    (
        "frontdesk_processes_lost_total",
        Kind::Count,
        "Processes of the house that ended without a word; their calls were seen to.",
    ),
    (
        "frontdesk_quota_alerts_total",
        Kind::Count,
        "Limits of tenants that were come near to (soft) or reached (hard).",
    ),
    (
        "frontdesk_quota_stops_total",
        Kind::Count,
        "Calls that did not reach the AI because of a limit.",
    ),
    (
        "frontdesk_recording_faults_total",
        Kind::Count,
        "Recordings that the disk refused, by reason.",
    ),
    (
        "frontdesk_recording_pieces_dropped_total",
        Kind::Count,
        "Pieces of recordings that the disk was too slow for.",
    ),
    (
        "frontdesk_recordings_total",
        Kind::Count,
        "Recordings, by what came of them: kept, kept in part, failed, deleted.",
    ),
    (
        "frontdesk_recordings_unclaimed",
        Kind::Level,
        "Recordings that a process has left of calls that nobody knows; they are kept.",
    ),
    (
        "frontdesk_resident_bytes",
        Kind::Size,
        "Memory of this process.",
    ),
    (
        "frontdesk_routed_from_memory_total",
        Kind::Count,
        "Calls that were routed while the database was away.",
    ),
    (
        "frontdesk_routes_total",
        Kind::Count,
        "Calls, by where they were led.",
    ),
    (
        "frontdesk_setup_failures_total",
        Kind::Count,
        "What kept calls from being answered, or delayed it, by reason.",
    ),
    (
        "frontdesk_sms_total",
        Kind::Count,
        "Text messages that came or were sent, by direction.",
    ),
    (
        "frontdesk_spans_total",
        Kind::Count,
        "Spans of traces, by what became of them: sent, lost, or dropped for want of room.",
    ),
    (
        "frontdesk_streams_refused_total",
        Kind::Count,
        "Media streams that were not let in, by reason.",
    ),
    ("frontdesk_tasks", Kind::Level, "Tasks alive."),
    (
        "frontdesk_tasks_due",
        Kind::Level,
        "Tasks that wait for a thread.",
    ),
    (
        "frontdesk_tool_questions_total",
        Kind::Count,
        "Requests that tools made of others, by outcome.",
    ),
    (
        "frontdesk_tools_total",
        Kind::Count,
        "Tools that receptionists wanted to use, by what came of it.",
    ),
    (
        "frontdesk_transcripts_total",
        Kind::Count,
        "Recordings written down.",
    ),
    (
        "frontdesk_turn_latency_seconds",
        Kind::Seconds,
        "From the end of the caller's words to the answer: sent, and heard.",
    ),
    (
        "frontdesk_underrun_ms_total",
        Kind::Count,
        "Milliseconds of silence in mid-sentence, for the rest of it came late.",
    ),
    (
        "frontdesk_webhooks_refused_total",
        Kind::Count,
        "Webhooks that were not let in.",
    ),
];
