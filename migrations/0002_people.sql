-- Who works for a tenant, what a key opens, and who changed what.

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    -- Who the bearer of a token is by the word of its issuer, the claim `sub`.
    subject TEXT NOT NULL UNIQUE,
    -- Where calls for this person ring.
    phone_number TEXT,
    is_active BIGINT NOT NULL CHECK (is_active IN (0, 1)),
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, email)
);

CREATE INDEX users_by_age ON users (tenant_id, created_at_ms, id);

-- `*`, or permissions with a space between them.
ALTER TABLE api_keys ADD COLUMN scope TEXT NOT NULL DEFAULT '*';
-- The platform's operator makes tenants, and sees nothing of what is theirs.
ALTER TABLE api_keys ADD COLUMN is_platform BIGINT NOT NULL DEFAULT 0
    CHECK (is_platform IN (0, 1));

-- Whose call it was, where it was a person's.
ALTER TABLE calls ADD COLUMN user_id TEXT;

CREATE INDEX calls_by_user ON calls (tenant_id, user_id, created_at_ms, id)
    WHERE user_id IS NOT NULL;

CREATE INDEX tenants_by_age ON tenants (created_at_ms, id);

-- Written and never changed.
CREATE TABLE audit_log (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- A user or a key.
    actor TEXT NOT NULL,
    -- What was done, such as `user.updated`.
    action TEXT NOT NULL,
    -- To what.
    object TEXT NOT NULL,
    -- The names of the fields that were given, a space between them.
    fields TEXT NOT NULL,
    request_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);

CREATE INDEX audit_log_by_age ON audit_log (tenant_id, at_ms, id);
