-- What was said in recorded calls between people, a turn a row; an empty text is a turn
-- in which no word was understood. It stays with its call, also if the sound is deleted.
CREATE TABLE recorded_turns (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    recording_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    voice TEXT NOT NULL,
    text TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    PRIMARY KEY (recording_id, ordinal),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX recorded_turns_by_call ON recorded_turns (tenant_id, call_id, started_ms);
