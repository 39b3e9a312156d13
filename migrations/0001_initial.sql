-- The ground plan. One text for SQLite and PostgreSQL: TEXT, BIGINT and DOUBLE
-- PRECISION; ids are text, moments and durations are milliseconds, truth is 0 or 1.

CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);

CREATE TABLE receptionists (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    greeting TEXT NOT NULL,
    instructions TEXT NOT NULL,
    voice TEXT NOT NULL,
    language TEXT NOT NULL,
    audio_format TEXT NOT NULL,
    -- server_vad has the three numbers, semantic_vad has the eagerness.
    turn_detection TEXT NOT NULL,
    vad_threshold DOUBLE PRECISION,
    vad_prefix_padding_ms BIGINT,
    vad_silence_duration_ms BIGINT,
    vad_eagerness TEXT,
    -- Names of tools, a space between them.
    tools TEXT NOT NULL,
    silence_prompt_after_ms BIGINT NOT NULL,
    silence_prompts BIGINT NOT NULL,
    max_duration_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    -- What numbers and defaults refer to, so that neither can name a
    -- receptionist of another tenant.
    UNIQUE (tenant_id, id)
);

CREATE INDEX receptionists_by_age ON receptionists (tenant_id, created_at_ms, id);

-- A table of its own, because neither database lets tenants and receptionists
-- refer to each other in the same words. The check waits for the commit, so
-- that a tenant and its default can be written in either order.
CREATE TABLE default_receptionists (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    receptionist_id TEXT NOT NULL,
    FOREIGN KEY (tenant_id, receptionist_id) REFERENCES receptionists (tenant_id, id)
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE numbers (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    phone_number TEXT NOT NULL UNIQUE,
    receptionist_id TEXT,
    created_at_ms BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, receptionist_id) REFERENCES receptionists (tenant_id, id)
);

CREATE INDEX numbers_by_age ON numbers (tenant_id, created_at_ms, id);
CREATE INDEX numbers_by_receptionist ON numbers (tenant_id, receptionist_id);

CREATE TABLE calls (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    call_sid TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL,
    from_party TEXT NOT NULL,
    to_party TEXT NOT NULL,
    receptionist_id TEXT REFERENCES receptionists (id) ON DELETE SET NULL,
    status TEXT NOT NULL,
    disposition TEXT,
    created_at_ms BIGINT NOT NULL,
    answered_at_ms BIGINT,
    ended_at_ms BIGINT,
    duration_s BIGINT,
    input_text_tokens BIGINT NOT NULL DEFAULT 0,
    input_audio_tokens BIGINT NOT NULL DEFAULT 0,
    cached_text_tokens BIGINT NOT NULL DEFAULT 0,
    cached_audio_tokens BIGINT NOT NULL DEFAULT 0,
    output_text_tokens BIGINT NOT NULL DEFAULT 0,
    output_audio_tokens BIGINT NOT NULL DEFAULT 0,
    cost_micros BIGINT,
    cost_currency TEXT,
    -- The ordinal of the newest row in call_events.
    last_event BIGINT NOT NULL DEFAULT 0,
    UNIQUE (tenant_id, id)
);

CREATE INDEX calls_by_age ON calls (tenant_id, created_at_ms, id);
CREATE INDEX calls_by_receptionist ON calls (receptionist_id);
CREATE INDEX calls_open ON calls (created_at_ms, id) WHERE ended_at_ms IS NULL;

CREATE TABLE call_events (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    -- What makes a repetition of the same news recognizable; none where the
    -- same news may come twice.
    dedupe_key TEXT,
    PRIMARY KEY (call_id, ordinal),
    UNIQUE (call_id, dedupe_key),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE utterances (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    speaker TEXT NOT NULL,
    text TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    interrupted BIGINT NOT NULL CHECK (interrupted IN (0, 1)),
    PRIMARY KEY (call_id, ordinal),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE turns (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    sent_ms BIGINT NOT NULL,
    heard_ms BIGINT,
    PRIMARY KEY (call_id, ordinal),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- The part of the key that may be shown, by which it is looked up.
    prefix TEXT NOT NULL UNIQUE,
    -- SHA-256 of the whole key, in hexadecimal; the key itself is not kept.
    hash TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT,
    last_used_at_ms BIGINT,
    revoked_at_ms BIGINT
);

CREATE INDEX api_keys_by_age ON api_keys (tenant_id, created_at_ms, id);
