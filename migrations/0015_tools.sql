-- What receptionists may do beside speaking: destinations, machines that they
-- may ask, and the messages that they take.

-- JSON, see `store::text::ToolkitText`.
ALTER TABLE receptionists ADD COLUMN toolkit TEXT NOT NULL DEFAULT '{}';
ALTER TABLE receptionist_versions ADD COLUMN toolkit TEXT NOT NULL DEFAULT '{}';

DROP VIEW published_receptionists;
CREATE VIEW published_receptionists AS
SELECT receptionists.id, versions.tenant_id, versions.name, versions.greeting,
    versions.instructions, versions.voice, versions.language, versions.audio_format,
    versions.turn_detection, versions.vad_threshold, versions.vad_prefix_padding_ms,
    versions.vad_silence_duration_ms, versions.vad_eagerness, versions.tools, versions.toolkit,
    versions.silence_prompt_after_ms, versions.silence_prompts, versions.max_duration_ms,
    receptionists.created_at_ms
FROM receptionists
JOIN receptionist_versions AS versions
    ON versions.receptionist_id = receptionists.id
    AND versions.version = receptionists.published_version;

CREATE TABLE taken_messages (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    -- Counted in the call: the same wish, repeated, is one message.
    ordinal BIGINT NOT NULL,
    caller_party TEXT NOT NULL,
    caller_name TEXT NOT NULL,
    -- Where to call back, as the caller said it.
    callback TEXT,
    reason TEXT NOT NULL,
    urgency TEXT NOT NULL,
    is_read BIGINT NOT NULL DEFAULT 0 CHECK (is_read IN (0, 1)),
    -- All of that in lower case: what a search looks through.
    sought TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    UNIQUE (call_id, ordinal),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX taken_messages_by_age ON taken_messages (tenant_id, created_at_ms, id);
