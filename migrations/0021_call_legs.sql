-- Who has a call that people have: by which call of the carrier's the two speak, on
-- what terms, and whether they were brought into a conference, where they can be
-- held, muted and spoken to.
CREATE TABLE call_legs (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    -- The carrier's name for the call of whoever has taken it.
    leg_sid TEXT NOT NULL,
    -- Whether that is a call of the log itself, as of a member who answers a queue.
    is_logged BIGINT NOT NULL,
    -- How whoever is on the line was asked whether they may be recorded, and what they
    -- said; none where the two are not recorded.
    asked TEXT,
    answer TEXT,
    taken_at_ms BIGINT NOT NULL,
    -- Until when the two may speak.
    until_ms BIGINT NOT NULL,
    -- taken, asked (the carrier is to lead the leg into a conference), moved, or over.
    standing TEXT NOT NULL,
    asked_at_ms BIGINT NOT NULL,
    PRIMARY KEY (call_id, leg_sid),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX call_legs_by_sid ON call_legs (leg_sid);
