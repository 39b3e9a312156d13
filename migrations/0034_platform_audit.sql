-- What the platform's operator did, and whether it was done to the platform itself: that is
-- no business of the tenant with whom the operator's keys are kept.
ALTER TABLE audit_log ADD COLUMN is_by_platform BIGINT NOT NULL DEFAULT 0
    CHECK (is_by_platform IN (0, 1));
ALTER TABLE audit_log ADD COLUMN is_of_platform BIGINT NOT NULL DEFAULT 0
    CHECK (is_of_platform IN (0, 1));

UPDATE audit_log SET is_by_platform = 1
    WHERE actor IN (SELECT id FROM api_keys WHERE is_platform = 1);
UPDATE audit_log SET is_of_platform = 1
    WHERE action IN ('platform_setting.set', 'platform_setting.unset')
        OR (action = 'key.revoked'
            AND object IN (SELECT id FROM api_keys WHERE is_platform = 1));

CREATE INDEX audit_log_by_platform ON audit_log (at_ms, id) WHERE is_by_platform = 1;
