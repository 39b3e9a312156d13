-- The people who call, and the people who are called.

CREATE TABLE contacts (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    email TEXT,
    company TEXT,
    notes TEXT,
    is_vip BIGINT NOT NULL CHECK (is_vip IN (0, 1)),
    is_blocked BIGINT NOT NULL CHECK (is_blocked IN (0, 1)),
    language TEXT,
    -- Name, company and e-mail in lower case: what a search looks through, for
    -- the two databases do not agree on the lower case of letters beyond ASCII.
    sought TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (tenant_id, id)
);

CREATE INDEX contacts_by_age ON contacts (tenant_id, created_at_ms, id);

CREATE TABLE contact_numbers (
    tenant_id TEXT NOT NULL,
    phone_number TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    -- Its place among the numbers of the contact.
    ordinal BIGINT NOT NULL,
    -- A number names one person.
    PRIMARY KEY (tenant_id, phone_number),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX contact_numbers_by_contact ON contact_numbers (tenant_id, contact_id);

CREATE TABLE contact_tags (
    tenant_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (contact_id, tag),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX contact_tags_by_tag ON contact_tags (tenant_id, tag);
CREATE INDEX contact_tags_by_contact ON contact_tags (tenant_id, contact_id);

-- Whom the tenant's number spoke with. Only the tenant's own contacts are ever
-- written here: the statement that makes the call looks them up.
ALTER TABLE calls ADD COLUMN contact_id TEXT REFERENCES contacts (id) ON DELETE SET NULL;

CREATE INDEX calls_by_contact ON calls (contact_id) WHERE contact_id IS NOT NULL;
