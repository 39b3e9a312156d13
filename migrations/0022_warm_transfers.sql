-- Callers who wait with music until somebody takes their call: where on the call's route,
-- and how it stands.
CREATE TABLE warm_transfers (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    stop BIGINT NOT NULL,
    -- waiting, accepted, connected, or left (nobody has taken it, or the caller is gone).
    standing TEXT NOT NULL,
    -- Which of the telephones has accepted, once one has.
    leg BIGINT,
    changed_at_ms BIGINT NOT NULL,
    PRIMARY KEY (call_id, stop),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

-- The telephones that ring for them meanwhile, each a call of its own at the carrier.
CREATE TABLE warm_legs (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    stop BIGINT NOT NULL,
    leg BIGINT NOT NULL,
    -- The carrier's name for it, as soon as that is known.
    call_sid TEXT,
    is_over BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (call_id, stop, leg),
    FOREIGN KEY (call_id, stop) REFERENCES warm_transfers (call_id, stop) ON DELETE CASCADE
);
