-- Flows that callers are led through: edited as a draft, met as a version.

CREATE TABLE ivr_flows (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- JSON, in the words of the admin interface, and the values of headers.
    draft TEXT NOT NULL,
    -- The version that callers meet; none where it was never published.
    published_version BIGINT,
    -- Whether the draft was written since.
    is_changed BIGINT NOT NULL CHECK (is_changed IN (0, 1)),
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE INDEX ivr_flows_by_age ON ivr_flows (tenant_id, created_at_ms, id);

-- A version never changes.
CREATE TABLE ivr_flow_versions (
    tenant_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    -- Counted for each flow, from 1.
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    flow TEXT NOT NULL,
    note TEXT,
    -- A user or a key.
    published_by TEXT,
    published_at_ms BIGINT NOT NULL,
    PRIMARY KEY (flow_id, version),
    FOREIGN KEY (tenant_id, flow_id) REFERENCES ivr_flows (tenant_id, id) ON DELETE CASCADE
);

-- What a draft names, and what the version names that callers meet: one of the
-- four in each row. Nothing that is named can be deleted.
CREATE TABLE ivr_flow_references (
    tenant_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    is_draft BIGINT NOT NULL CHECK (is_draft IN (0, 1)),
    ordinal BIGINT NOT NULL,
    hours_id TEXT,
    receptionist_id TEXT,
    user_id TEXT,
    queue_id TEXT,
    PRIMARY KEY (flow_id, is_draft, ordinal),
    FOREIGN KEY (tenant_id, flow_id) REFERENCES ivr_flows (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, hours_id) REFERENCES hours (tenant_id, id),
    FOREIGN KEY (tenant_id, receptionist_id) REFERENCES receptionists (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, queue_id) REFERENCES queues (tenant_id, id)
);

CREATE INDEX ivr_flow_references_by_hours ON ivr_flow_references (tenant_id, hours_id);
CREATE INDEX ivr_flow_references_by_receptionist
    ON ivr_flow_references (tenant_id, receptionist_id);
CREATE INDEX ivr_flow_references_by_user ON ivr_flow_references (tenant_id, user_id);
CREATE INDEX ivr_flow_references_by_queue ON ivr_flow_references (tenant_id, queue_id);

-- Which plans lead into which flows.
CREATE TABLE number_plan_flows (
    tenant_id TEXT NOT NULL,
    number_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    PRIMARY KEY (number_id, flow_id),
    FOREIGN KEY (tenant_id, number_id) REFERENCES numbers (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, flow_id) REFERENCES ivr_flows (tenant_id, id)
);

CREATE INDEX number_plan_flows_by_flow ON number_plan_flows (tenant_id, flow_id);

-- What a plan names, and what the flows name that it leads into.
CREATE VIEW routing_references AS
SELECT tenant_id, number_id, hours_id, receptionist_id, user_id, queue_id
FROM number_plan_references
UNION ALL
SELECT plans.tenant_id, plans.number_id, named.hours_id, named.receptionist_id, named.user_id,
    named.queue_id
FROM number_plan_flows AS plans
JOIN ivr_flow_references AS named
    ON named.tenant_id = plans.tenant_id AND named.flow_id = plans.flow_id
    AND named.is_draft = 0;

-- Where calls are in flows, so that another process can go on with them. A
-- step that was taken is never taken otherwise.
CREATE TABLE ivr_states (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    -- The stop of the call's route.
    stop BIGINT NOT NULL,
    step BIGINT NOT NULL,
    -- JSON: the node, and what was kept; gone when the call is over.
    state TEXT NOT NULL,
    PRIMARY KEY (call_id, stop, step),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

-- How often calls came to a node, and left it by which exit.
CREATE TABLE ivr_node_counters (
    tenant_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    -- By the tenant's clock, such as 2026-12-24.
    day TEXT NOT NULL,
    node TEXT NOT NULL,
    -- Empty: it was entered.
    exit TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (flow_id, day, node, exit),
    FOREIGN KEY (tenant_id, flow_id) REFERENCES ivr_flows (tenant_id, id) ON DELETE CASCADE
);
