-- Calls that were deleted. Nothing of a call is kept here but that it was: the
-- carrier may tell of it for days, and its price may come after it is gone.
CREATE TABLE forgotten_calls (
    call_sid TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    call_id TEXT NOT NULL,
    status TEXT NOT NULL,
    ended_at_ms BIGINT NOT NULL,
    -- The tenant's day for which it counted, and what it counted for there until
    -- the carrier says what it has charged, in US dollars; none once it has.
    usage_day TEXT,
    carrier_estimate_micros BIGINT,
    forgotten_at_ms BIGINT NOT NULL
);

CREATE UNIQUE INDEX forgotten_calls_by_id ON forgotten_calls (tenant_id, call_id);
CREATE INDEX forgotten_calls_by_age ON forgotten_calls (forgotten_at_ms);
