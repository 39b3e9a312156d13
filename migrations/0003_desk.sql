-- What is edited, and what callers meet: a receptionist is a draft until it is
-- published, and each publication is a version that never changes.

CREATE TABLE receptionist_versions (
    tenant_id TEXT NOT NULL,
    receptionist_id TEXT NOT NULL,
    -- Counted for each receptionist, from 1.
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    greeting TEXT NOT NULL,
    instructions TEXT NOT NULL,
    voice TEXT NOT NULL,
    language TEXT NOT NULL,
    audio_format TEXT NOT NULL,
    turn_detection TEXT NOT NULL,
    vad_threshold DOUBLE PRECISION,
    vad_prefix_padding_ms BIGINT,
    vad_silence_duration_ms BIGINT,
    vad_eagerness TEXT,
    tools TEXT NOT NULL,
    silence_prompt_after_ms BIGINT NOT NULL,
    silence_prompts BIGINT NOT NULL,
    max_duration_ms BIGINT NOT NULL,
    note TEXT,
    -- A user or a key; nobody where the house itself did it.
    published_by TEXT,
    published_at_ms BIGINT NOT NULL,
    PRIMARY KEY (receptionist_id, version),
    FOREIGN KEY (tenant_id, receptionist_id) REFERENCES receptionists (tenant_id, id)
        ON DELETE CASCADE
);

-- The version that answers; none where it was never published.
ALTER TABLE receptionists ADD COLUMN published_version BIGINT;
-- Whether the draft was written since.
ALTER TABLE receptionists ADD COLUMN is_changed BIGINT NOT NULL DEFAULT 1
    CHECK (is_changed IN (0, 1));

-- Whoever answered before goes on answering.
INSERT INTO receptionist_versions (tenant_id, receptionist_id, version, name, greeting,
    instructions, voice, language, audio_format, turn_detection, vad_threshold,
    vad_prefix_padding_ms, vad_silence_duration_ms, vad_eagerness, tools,
    silence_prompt_after_ms, silence_prompts, max_duration_ms, published_at_ms)
SELECT tenant_id, id, 1, name, greeting, instructions, voice, language, audio_format,
    turn_detection, vad_threshold, vad_prefix_padding_ms, vad_silence_duration_ms,
    vad_eagerness, tools, silence_prompt_after_ms, silence_prompts, max_duration_ms,
    updated_at_ms
FROM receptionists;

UPDATE receptionists SET published_version = 1, is_changed = 0;

-- Receptionists as callers meet them.
CREATE VIEW published_receptionists AS
SELECT receptionists.id, versions.tenant_id, versions.name, versions.greeting,
    versions.instructions, versions.voice, versions.language, versions.audio_format,
    versions.turn_detection, versions.vad_threshold, versions.vad_prefix_padding_ms,
    versions.vad_silence_duration_ms, versions.vad_eagerness, versions.tools,
    versions.silence_prompt_after_ms, versions.silence_prompts, versions.max_duration_ms,
    receptionists.created_at_ms
FROM receptionists
JOIN receptionist_versions AS versions
    ON versions.receptionist_id = receptionists.id
    AND versions.version = receptionists.published_version;
