-- Calls that we make: who may be rung, what was used of that, and how each
-- stands at the carrier; and calls that are handed on.

-- What whoever placed the call wants of it; nothing where nobody said so.
ALTER TABLE calls ADD COLUMN wants_recording BIGINT;
ALTER TABLE calls ADD COLUMN wants_transcript BIGINT;
-- JSON: an object of texts, in the words of whoever placed the call.
ALTER TABLE calls ADD COLUMN metadata TEXT;

CREATE TABLE dial_policies (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    -- JSON, in the words of the admin interface.
    policy TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);

-- Each time somebody was allowed to be rung. It has nothing personal in it and
-- outlives its call, so that who deletes calls wins no new ones.
CREATE TABLE dials (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    call_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    user_id TEXT,
    legs BIGINT NOT NULL,
    longest_s BIGINT NOT NULL,
    minute_price_micros BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (call_id, ordinal)
);

CREATE INDEX dials_by_age ON dials (tenant_id, at_ms);

CREATE TABLE outbound_calls (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL PRIMARY KEY,
    -- Whom the carrier rings first.
    rung TEXT NOT NULL,
    -- asking, unknown (the carrier's answer was lost), or placed.
    standing TEXT NOT NULL,
    asked_at_ms BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX outbound_calls_by_rung ON outbound_calls (tenant_id, rung, asked_at_ms);

CREATE TABLE call_transfers (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    -- The place in the call's route from which it goes on.
    first_stop BIGINT NOT NULL,
    -- asked, unknown (the carrier's answer was lost), or taken.
    standing TEXT NOT NULL,
    asked_at_ms BIGINT NOT NULL,
    PRIMARY KEY (call_id, first_stop),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);
