-- Whether it was open when a call was routed: open, closed or holiday. Who
-- leaves a message hears the greeting for it.
ALTER TABLE call_routes ADD COLUMN open_state TEXT NOT NULL DEFAULT 'open';
