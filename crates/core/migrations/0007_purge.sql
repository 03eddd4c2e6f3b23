-- Whose grant a channel's sign-in is, and when the data of a disconnected channel is deleted.

-- Who granted the sign-in, as the platform calls them; NULL where it does not tell, or was not asked.
ALTER TABLE account ADD COLUMN person TEXT;
-- When it was disconnected. Its data is deleted a fixed time later.
ALTER TABLE account ADD COLUMN gone_at INTEGER;
-- When its data was deleted. What stays is the row, so that the history keeps ids, times and states.
ALTER TABLE account ADD COLUMN purged_at INTEGER;

-- For those disconnected by an earlier version the time begins now.
UPDATE account SET gone_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE state = 'gone';
