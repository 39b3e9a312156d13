-- Work that outlives a process; what tenants used, what it cost, and how much
-- of it they may use.

CREATE TABLE jobs (
    kind TEXT NOT NULL,
    -- What is to be done once has the same key each time it is asked for.
    job_key TEXT NOT NULL,
    -- Whose work it is; nobody's where it is the house's own.
    tenant_id TEXT REFERENCES tenants (id) ON DELETE CASCADE,
    payload TEXT NOT NULL,
    run_at_ms BIGINT NOT NULL,
    -- Somebody does it, and nobody else begins before. Who died over it leaves
    -- this behind, and it is done again.
    locked_until_ms BIGINT NOT NULL DEFAULT 0,
    -- How often it was begun since it last went well.
    attempts BIGINT NOT NULL DEFAULT 0,
    -- How often it was begun at all: who is too late with the outcome is known
    -- by it.
    turn BIGINT NOT NULL DEFAULT 0,
    last_error TEXT,
    created_at_ms BIGINT NOT NULL,
    -- A job that is over stays a while, so that it is not asked for again.
    finished_at_ms BIGINT,
    -- Nobody tries any more.
    is_buried BIGINT NOT NULL DEFAULT 0 CHECK (is_buried IN (0, 1)),
    PRIMARY KEY (kind, job_key)
);

CREATE INDEX jobs_waiting ON jobs (run_at_ms, kind, job_key) WHERE finished_at_ms IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at_ms) WHERE finished_at_ms IS NOT NULL;
CREATE INDEX jobs_by_tenant ON jobs (tenant_id) WHERE tenant_id IS NOT NULL;

-- What a call costs beside the agent: by a public price list until the carrier
-- says what it has charged. The first is in US dollars.
ALTER TABLE calls ADD COLUMN agent_ended_at_ms BIGINT;
ALTER TABLE calls ADD COLUMN carrier_estimate_micros BIGINT;
ALTER TABLE calls ADD COLUMN carrier_micros BIGINT;
ALTER TABLE calls ADD COLUMN carrier_currency TEXT;
-- The tenant's day for which it counts below; none until it is counted.
ALTER TABLE calls ADD COLUMN usage_day TEXT;

CREATE INDEX calls_uncounted ON calls (created_at_ms, id)
    WHERE usage_day IS NULL AND outcome <> 'open';

-- What the calls of a day come to. Whoever changes a call that counts adds the
-- difference here in the same transaction, so that the sums are right whatever
-- the order of news, and stay when the calls themselves are deleted.
CREATE TABLE usage_days (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    inbound_calls BIGINT NOT NULL,
    outbound_calls BIGINT NOT NULL,
    inbound_s BIGINT NOT NULL,
    outbound_s BIGINT NOT NULL,
    agent_s BIGINT NOT NULL,
    input_text_tokens BIGINT NOT NULL,
    input_audio_tokens BIGINT NOT NULL,
    cached_text_tokens BIGINT NOT NULL,
    cached_audio_tokens BIGINT NOT NULL,
    output_text_tokens BIGINT NOT NULL,
    output_audio_tokens BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day)
);

CREATE TABLE usage_money (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    -- model, carrier or carrier_estimate.
    part TEXT NOT NULL,
    currency TEXT NOT NULL,
    micros BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day, part, currency)
);

-- How much a tenant may use: what the platform's operator says, and what the
-- tenant itself says. The lower of two limits counts; none is no limit.
CREATE TABLE usage_quotas (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    set_by TEXT NOT NULL CHECK (set_by IN ('platform', 'tenant')),
    day_minutes BIGINT,
    day_tokens BIGINT,
    day_micros BIGINT,
    month_minutes BIGINT,
    month_tokens BIGINT,
    month_micros BIGINT,
    -- From which part of a limit on somebody is told, in hundredths.
    alert_percent BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, set_by)
);

-- Limits that were come near to or reached, once for each day or month.
CREATE TABLE usage_alerts (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- The day or the month, such as 2026-11-21 or 2026-11.
    period TEXT NOT NULL,
    measure TEXT NOT NULL,
    -- soft or hard.
    level TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, period, measure, level)
);
