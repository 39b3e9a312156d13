-- What became of a call, what people wrote beside it, and how it is found again.

-- Why it ended is ours to say; a disposition is what people make of a call.
ALTER TABLE calls RENAME COLUMN disposition TO end_reason;
-- Who answered: ai, voicemail or person.
ALTER TABLE calls ADD COLUMN answered_by TEXT;
-- What became of it, so that the log can be asked for it.
ALTER TABLE calls ADD COLUMN outcome TEXT NOT NULL DEFAULT 'open';
-- What people made of it, in a word of the tenant's own and as many as they like.
ALTER TABLE calls ADD COLUMN disposition TEXT;
ALTER TABLE calls ADD COLUMN notes TEXT;
-- A line each.
ALTER TABLE calls ADD COLUMN tags TEXT NOT NULL DEFAULT '';

UPDATE calls SET answered_by = 'ai' WHERE answered_at_ms IS NOT NULL;

UPDATE calls SET outcome = CASE
    WHEN answered_by = 'ai'
        AND end_reason IN ('agent.unavailable', 'carrier.stream_never_started') THEN 'failed'
    WHEN answered_by = 'ai' THEN 'ai'
    WHEN status = 'failed' OR end_reason IN ('carrier.lost', 'agent.unavailable', 'agent.lost',
        'gateway.shutdown', 'gateway.internal') THEN 'failed'
    ELSE 'missed' END
WHERE ended_at_ms IS NOT NULL
    OR status IN ('completed', 'busy', 'no-answer', 'canceled', 'failed');

CREATE INDEX calls_by_outcome ON calls (tenant_id, outcome, created_at_ms, id);
CREATE INDEX calls_by_status ON calls (tenant_id, status, created_at_ms, id);
CREATE INDEX calls_by_direction ON calls (tenant_id, direction, created_at_ms, id);
CREATE INDEX calls_by_answerer ON calls (tenant_id, receptionist_id, created_at_ms, id);
CREATE INDEX calls_live ON calls (tenant_id, created_at_ms, id) WHERE ended_at_ms IS NULL;

-- The age of a call stands beside its tags and words, so that the newest calls
-- that have one are found without a look at the others.
CREATE TABLE call_tags (
    tenant_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    call_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, tag, created_at_ms, call_id),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX call_tags_by_call ON call_tags (tenant_id, call_id);

-- What a call is found by: words that were said or noted, and ends of numbers.
CREATE TABLE call_words (
    tenant_id TEXT NOT NULL,
    word TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    call_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, word, created_at_ms, call_id),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX call_words_by_call ON call_words (tenant_id, call_id);

-- The calls that are there already are found by their numbers: the whole of
-- ours, and every end of the stranger's with four digits or more.
WITH starts (n) AS (
    VALUES (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13)
), parties AS (
    SELECT tenant_id, id, created_at_ms,
        CASE direction WHEN 'inbound' THEN from_party ELSE to_party END AS stranger,
        CASE direction WHEN 'inbound' THEN to_party ELSE from_party END AS own
    FROM calls
)
INSERT INTO call_words (tenant_id, word, created_at_ms, call_id)
SELECT tenant_id, substr(stranger, n), created_at_ms, id FROM parties CROSS JOIN starts
    WHERE stranger LIKE '+%' AND length(stranger) - n >= 3
UNION SELECT tenant_id, substr(own, 2), created_at_ms, id FROM parties WHERE own LIKE '+%'
ON CONFLICT DO NOTHING;
