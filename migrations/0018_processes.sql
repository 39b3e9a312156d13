-- Processes of the house, and which of them has a call: what one that died has left
-- is taken up by the others. Beats are counted, for clocks may jump.
CREATE TABLE processes (
    id TEXT NOT NULL PRIMARY KEY,
    beats BIGINT NOT NULL,
    seen_at_ms BIGINT NOT NULL
);

ALTER TABLE calls ADD COLUMN process_id TEXT;

CREATE INDEX calls_by_process ON calls (process_id, created_at_ms, id)
    WHERE process_id IS NOT NULL;
