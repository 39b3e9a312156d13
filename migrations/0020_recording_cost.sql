-- What the carrier charges for what it has recorded of a call, in millionths of a US
-- dollar, by its public price list.
ALTER TABLE calls ADD COLUMN recording_micros BIGINT;
