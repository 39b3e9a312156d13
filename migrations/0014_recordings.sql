-- How callers of a number are asked whether they may be recorded, and in which
-- words, if not in ours. Nobody is recorded without a word unless the number
-- says so.
ALTER TABLE numbers ADD COLUMN recording_consent TEXT NOT NULL DEFAULT 'announce';
ALTER TABLE numbers ADD COLUMN recording_announcement TEXT;

-- Recordings of calls. A recording that was deleted is empty, and stays with its
-- call. There is no reference to the call: while there is a file its row is not
-- lost sight of, whatever becomes of the call.
CREATE TABLE call_recordings (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    call_id TEXT NOT NULL,
    -- recording, paused, finalising, kept, failed or deleted; and why it is not
    -- whole, or not there.
    state TEXT NOT NULL,
    fault TEXT,
    started_at_ms BIGINT NOT NULL,
    duration_ms BIGINT,
    bytes BIGINT,
    content_type TEXT,
    -- Among the recordings.
    audio_file TEXT,
    -- What the caller was asked, what came of it, in which words, and when.
    consent_policy TEXT NOT NULL,
    consent_answer TEXT NOT NULL,
    consent_words TEXT,
    consent_at_ms BIGINT NOT NULL,
    -- What was kept out of it: `from-until` in milliseconds, with spaces between.
    pauses TEXT NOT NULL DEFAULT '',
    lost_ms BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX call_recordings_by_call ON call_recordings (tenant_id, call_id, started_at_ms, id);
CREATE INDEX call_recordings_by_age ON call_recordings (tenant_id, started_at_ms, id);
CREATE INDEX call_recordings_kept ON call_recordings (tenant_id, started_at_ms, id)
    WHERE state <> 'deleted';
CREATE INDEX call_recordings_going ON call_recordings (started_at_ms, id)
    WHERE state IN ('recording', 'paused');
