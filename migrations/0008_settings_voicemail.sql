-- What can be set at three levels: `domain/settings.rs` says what holds in the
-- end. A value is text; names that a program does not know mean nothing to it.

CREATE TABLE platform_settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    -- What the levels below may do: hard, soft or unlocked.
    lock_type TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);

CREATE TABLE tenant_settings (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    lock_type TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- Nobody is below a member, so there is no lock.
CREATE TABLE user_settings (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, name),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
-- Voicemail: messages that callers left, and what they heard before they did.

CREATE TABLE voicemail_greetings (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    -- Whose callers hear it: a personal one has somebody, no other has.
    user_id TEXT,
    name TEXT NOT NULL,
    -- Either words that the carrier speaks, or a file among the recordings.
    spoken_text TEXT,
    voice TEXT,
    language TEXT,
    audio_file TEXT,
    audio_format TEXT,
    audio_size BIGINT,
    -- Signs the addresses at which the carrier fetches the file.
    audio_secret TEXT,
    -- The days on which it is heard, such as 2026-12-24, both included.
    from_day TEXT,
    until_day TEXT,
    is_default BIGINT NOT NULL CHECK (is_default IN (0, 1)),
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    CHECK ((kind = 'personal') = (user_id IS NOT NULL)),
    CHECK ((spoken_text IS NULL) <> (audio_file IS NULL)),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX voicemail_greetings_by_age ON voicemail_greetings (tenant_id, created_at_ms, id);
CREATE INDEX voicemail_greetings_by_user ON voicemail_greetings (tenant_id, user_id);
CREATE UNIQUE INDEX voicemail_greetings_default
    ON voicemail_greetings (tenant_id, kind, (COALESCE(user_id, ''))) WHERE is_default = 1;

CREATE TABLE voicemail_messages (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    call_id TEXT NOT NULL,
    -- The carrier's name for the recording, which says whether it is new.
    recording_sid TEXT NOT NULL,
    -- Whom it is for. Only the tenant's own members are ever written here: the
    -- statement that makes the message looks them up.
    user_id TEXT REFERENCES users (id) ON DELETE SET NULL,
    from_party TEXT NOT NULL,
    sound TEXT NOT NULL,
    duration_s BIGINT,
    -- Where the carrier keeps the sound; nobody but the gateway fetches it.
    carrier_url TEXT,
    is_read BIGINT NOT NULL CHECK (is_read IN (0, 1)),
    transcript TEXT,
    -- Who left it and the transcript, in lower case: what a search looks through.
    sought TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- A message that was deleted is empty, and stays so that a callback which is
    -- told again does not bring it back.
    deleted_at_ms BIGINT,
    UNIQUE (tenant_id, recording_sid),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX voicemail_messages_by_age ON voicemail_messages (tenant_id, created_at_ms, id);
CREATE INDEX voicemail_messages_by_call ON voicemail_messages (tenant_id, call_id);
CREATE INDEX voicemail_messages_by_user ON voicemail_messages (user_id)
    WHERE user_id IS NOT NULL;
