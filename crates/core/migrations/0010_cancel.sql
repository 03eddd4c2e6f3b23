-- When the person asked to cancel, or the claim began that was under way then: what became public after that is taken back, too.
ALTER TABLE delivery ADD COLUMN cancel_at INTEGER;
-- A refusal that is not believed yet (JSON): the platform is asked first whether the refused call was carried out.
ALTER TABLE delivery ADD COLUMN doubt TEXT;
ALTER TABLE errand ADD COLUMN doubt TEXT;
-- Whose is an id that a platform names?
CREATE INDEX delivery_remote ON delivery (account_id, remote_id) WHERE remote_id IS NOT NULL;
