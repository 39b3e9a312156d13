-- When it is open, where calls go, where they wait, and who is on which list.

CREATE TABLE hours (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    -- JSON: {"monday":["09:00-17:00"]}.
    week TEXT NOT NULL,
    -- JSON: [{"date":"2026-12-25","name":"Christmas","spans":[]}].
    exceptions TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE INDEX hours_by_age ON hours (tenant_id, created_at_ms, id);

CREATE TABLE queues (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- The built-in tune, if there is none.
    hold_music_url TEXT,
    announces_position BIGINT NOT NULL CHECK (announces_position IN (0, 1)),
    announces_wait BIGINT NOT NULL CHECK (announces_wait IN (0, 1)),
    max_wait_ms BIGINT NOT NULL,
    max_size BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE INDEX queues_by_age ON queues (tenant_id, created_at_ms, id);

CREATE TABLE queue_members (
    tenant_id TEXT NOT NULL,
    queue_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (queue_id, user_id),
    FOREIGN KEY (tenant_id, queue_id) REFERENCES queues (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX queue_members_by_user ON queue_members (tenant_id, user_id);

CREATE TABLE caller_lists (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- allow, vip or block.
    kind TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE INDEX caller_lists_by_age ON caller_lists (tenant_id, created_at_ms, id);

CREATE TABLE caller_list_members (
    tenant_id TEXT NOT NULL,
    list_id TEXT NOT NULL,
    phone_number TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (list_id, phone_number),
    FOREIGN KEY (tenant_id, list_id) REFERENCES caller_lists (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX caller_list_members_by_number ON caller_list_members (tenant_id, phone_number);

-- What numbers and calls refer to, so that neither can name one of another tenant.
CREATE UNIQUE INDEX numbers_of_tenant ON numbers (tenant_id, id);

CREATE TABLE number_plans (
    tenant_id TEXT NOT NULL,
    number_id TEXT NOT NULL PRIMARY KEY,
    -- JSON, in the words of the admin interface.
    plan TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, number_id) REFERENCES numbers (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX number_plans_by_tenant ON number_plans (tenant_id);

-- What a plan names: one of the five in each row. Nothing that a plan names
-- can be deleted.
CREATE TABLE number_plan_references (
    tenant_id TEXT NOT NULL,
    number_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    hours_id TEXT,
    receptionist_id TEXT,
    user_id TEXT,
    queue_id TEXT,
    list_id TEXT,
    PRIMARY KEY (number_id, ordinal),
    FOREIGN KEY (tenant_id, number_id) REFERENCES numbers (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, hours_id) REFERENCES hours (tenant_id, id),
    FOREIGN KEY (tenant_id, receptionist_id) REFERENCES receptionists (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, queue_id) REFERENCES queues (tenant_id, id),
    FOREIGN KEY (tenant_id, list_id) REFERENCES caller_lists (tenant_id, id)
);

CREATE INDEX number_plan_references_by_hours ON number_plan_references (tenant_id, hours_id);
CREATE INDEX number_plan_references_by_receptionist
    ON number_plan_references (tenant_id, receptionist_id);
CREATE INDEX number_plan_references_by_user ON number_plan_references (tenant_id, user_id);
CREATE INDEX number_plan_references_by_queue ON number_plan_references (tenant_id, queue_id);
CREATE INDEX number_plan_references_by_list ON number_plan_references (tenant_id, list_id);

-- What was decided when a call came; it keeps to that.
CREATE TABLE call_routes (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL PRIMARY KEY,
    -- JSON: the stops in their order.
    stops TEXT NOT NULL,
    language TEXT,
    -- JSON: why.
    steps TEXT NOT NULL,
    decided_at_ms BIGINT NOT NULL,
    -- When the carrier said that the call is over. From then on nothing that
    -- speaks of it is answered with more than a farewell.
    closed_at_ms BIGINT,
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);
