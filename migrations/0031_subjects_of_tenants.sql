-- Who somebody is by their tokens is so within a tenant: one person may work for two.
--
-- The column that its table made unique stays as it was, for SQLite unmakes no such thing
-- without making the table anew; from here on it has the id, and nobody reads it.
ALTER TABLE users RENAME COLUMN subject TO former_subject;
ALTER TABLE users ADD COLUMN subject TEXT NOT NULL DEFAULT '';
UPDATE users SET subject = former_subject;

CREATE UNIQUE INDEX users_by_subject ON users (subject, tenant_id);
