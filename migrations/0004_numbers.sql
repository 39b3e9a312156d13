-- Numbers at the carrier, what is under way there, and requests that are not to be done twice.

-- What people call it.
ALTER TABLE numbers ADD COLUMN label TEXT;
-- The carrier's name for it; none where the carrier was never asked.
ALTER TABLE numbers ADD COLUMN carrier_sid TEXT;
-- What it can do, by the carrier's word; without that word nothing is known.
ALTER TABLE numbers ADD COLUMN has_voice BIGINT CHECK (has_voice IN (0, 1));
ALTER TABLE numbers ADD COLUMN has_sms BIGINT CHECK (has_sms IN (0, 1));
ALTER TABLE numbers ADD COLUMN has_mms BIGINT CHECK (has_mms IN (0, 1));
-- When the carrier was last told where its webhooks go.
ALTER TABLE numbers ADD COLUMN configured_at_ms BIGINT;

-- Written before the carrier is asked to sell a number, and gone when its
-- answer is known: what is left tells of a purchase that may have happened.
CREATE TABLE number_purchases (
    phone_number TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- Whether somebody waits for the carrier's answer at this moment.
    is_under_way BIGINT NOT NULL CHECK (is_under_way IN (0, 1)),
    asked_at_ms BIGINT NOT NULL
);

CREATE INDEX number_purchases_by_tenant ON number_purchases (tenant_id);

-- Requests that carry an `Idempotency-Key`.
CREATE TABLE idempotency_keys (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    idempotency_key TEXT NOT NULL,
    -- SHA-256, in hexadecimal, of who asked for what.
    request_hash TEXT NOT NULL,
    -- Whose turn it is: who finishes after the turn is over writes nothing.
    claim TEXT NOT NULL,
    claimed_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- The answer, once there is one.
    status BIGINT,
    content_type TEXT,
    body TEXT,
    PRIMARY KEY (tenant_id, idempotency_key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (tenant_id, created_at_ms);
