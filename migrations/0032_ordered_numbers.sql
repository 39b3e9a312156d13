-- Whether the carrier's account did not have the number, and was asked to buy it: only then
-- is it the tenant's if the account has it later on.
ALTER TABLE number_purchases ADD COLUMN is_ordered BIGINT NOT NULL DEFAULT 1
    CHECK (is_ordered IN (0, 1));
