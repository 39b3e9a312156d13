-- Who waits in which queue. Whom a member has taken meanwhile, or whose call is over,
-- waits no longer, whatever stands here.
CREATE TABLE queue_waits (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL PRIMARY KEY,
    queue_id TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, queue_id) REFERENCES queues (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX queue_waits_by_queue ON queue_waits (tenant_id, queue_id);
