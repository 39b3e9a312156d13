-- Text messages, and who does not want any.

CREATE TABLE sms_messages (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    direction TEXT NOT NULL,
    -- The carrier's name for it; none while the carrier has not taken it.
    message_sid TEXT,
    -- Our end of it, and the other.
    own_party TEXT NOT NULL,
    stranger_party TEXT NOT NULL,
    -- Whose conversation it is, and with whom. Only the tenant's own are ever
    -- written here: the statement that makes the message looks them up.
    user_id TEXT REFERENCES users (id) ON DELETE SET NULL,
    contact_id TEXT REFERENCES contacts (id) ON DELETE SET NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    -- The place of the state among all: news of an earlier one change nothing.
    state_rank BIGINT NOT NULL,
    -- The carrier's number for what went wrong.
    error_code BIGINT,
    is_read BIGINT NOT NULL CHECK (is_read IN (0, 1)),
    -- The stranger and the words, in lower case: what a search looks through.
    sought TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- One that was deleted is empty, and stays so that the same webhook, told
    -- again, does not bring it back.
    deleted_at_ms BIGINT,
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, message_sid)
);

CREATE INDEX sms_messages_by_age ON sms_messages (tenant_id, created_at_ms, id);
CREATE INDEX sms_messages_by_stranger ON sms_messages (tenant_id, stranger_party, created_at_ms, id);
CREATE INDEX sms_messages_by_sid ON sms_messages (message_sid);
CREATE INDEX sms_messages_by_user ON sms_messages (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sms_messages_by_contact ON sms_messages (contact_id) WHERE contact_id IS NOT NULL;

-- Pictures and the like that came with a message.
CREATE TABLE sms_media (
    tenant_id TEXT NOT NULL,
    sms_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    -- Where the carrier keeps it; nobody but the gateway fetches it.
    carrier_url TEXT NOT NULL,
    mime TEXT,
    PRIMARY KEY (tenant_id, sms_id, ordinal),
    FOREIGN KEY (tenant_id, sms_id) REFERENCES sms_messages (tenant_id, id) ON DELETE CASCADE
);

-- Who is not written to, by any number of the tenant.
CREATE TABLE sms_opt_outs (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    phone_number TEXT NOT NULL,
    -- reply: they wrote STOP; carrier: it says that they did; member: somebody here was told.
    source TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, phone_number)
);

CREATE INDEX sms_opt_outs_by_age ON sms_opt_outs (tenant_id, created_at_ms, phone_number);
