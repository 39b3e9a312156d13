-- Whether it was open when a call was routed: open, closed or holiday. Who
-- leaves a message hears the greeting for it.
ALTER TABLE call_routes ADD COLUMN open_state TEXT NOT NULL DEFAULT 'open';

-- What was kept long enough is found without what was deleted before.
CREATE INDEX sms_messages_kept ON sms_messages (tenant_id, created_at_ms, id)
    WHERE deleted_at_ms IS NULL;
CREATE INDEX voicemail_messages_kept ON voicemail_messages (tenant_id, created_at_ms, id)
    WHERE deleted_at_ms IS NULL;
