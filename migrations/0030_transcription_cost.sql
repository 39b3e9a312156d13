-- How much of what the caller said was written down as it was said: it is billed by its
-- length, beside the tokens.
ALTER TABLE calls ADD COLUMN transcribed_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_days ADD COLUMN transcribed_ms BIGINT NOT NULL DEFAULT 0;

-- What it cost to have recordings and messages of a call written down afterwards, in
-- millionths of a US dollar.
ALTER TABLE calls ADD COLUMN transcription_micros BIGINT;
-- The same of one message; none before it counts for its call.
ALTER TABLE voicemail_messages ADD COLUMN transcription_micros BIGINT;
