-- Whether whoever watches has been told that the call is over. Of those that were over
-- before there was this, nobody asks any more.
ALTER TABLE calls ADD COLUMN is_end_told BIGINT NOT NULL DEFAULT 0
    CHECK (is_end_told IN (0, 1));

-- Whether it is a member's own call, by which they take somebody else's: it is paid for, and
-- is none of those that came.
ALTER TABLE calls ADD COLUMN is_internal BIGINT NOT NULL DEFAULT 0
    CHECK (is_internal IN (0, 1));
