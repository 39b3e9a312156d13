-- Who is to be called back, because nobody could go on with their call, stands
-- among the messages: `message` or `call_back`.
ALTER TABLE taken_messages ADD COLUMN kind TEXT NOT NULL DEFAULT 'message';
