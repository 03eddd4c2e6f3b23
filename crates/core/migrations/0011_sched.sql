-- Lists and calendars of very many posts, each read from its index alone.

-- All posts in the order in which they are listed.
CREATE INDEX delivery_listed ON delivery (coalesce(turn_at, due_at));

-- A calendar counts the posts of its days without reading a row: with a million posts the rows of a month took most of the time.
DROP INDEX delivery_calendar;
CREATE INDEX delivery_calendar ON delivery (due_at, id, post_id, state, account_id);
