-- What the carrier itself records, such as calls between people: its name for the
-- recording, until the sound is here and nothing is left there.
ALTER TABLE call_recordings ADD COLUMN carrier_sid TEXT;

CREATE UNIQUE INDEX call_recordings_by_carrier_sid ON call_recordings (tenant_id, carrier_sid)
    WHERE carrier_sid IS NOT NULL;
