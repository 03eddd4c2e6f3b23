-- The order in which deliveries that wait to send bytes are taken, where a person changed it: the instant a row competes with
-- instead of its minute. NULL: its minute.
ALTER TABLE delivery ADD COLUMN turn_at INTEGER;

-- Another minute gives the place up.
CREATE TRIGGER delivery_turn_ends AFTER UPDATE OF due_at ON delivery
    WHEN NEW.turn_at IS NOT NULL AND NEW.due_at IS NOT OLD.due_at
    BEGIN UPDATE delivery SET turn_at = NULL WHERE id = NEW.id; END;

-- What could be begun in one lane, in its order.
CREATE INDEX delivery_turn ON delivery (account_id, coalesce(turn_at, due_at))
    WHERE state IN ('due', 'parked') AND claim IS NULL AND paused = 0;
-- What waits, in its order, for the list.
CREATE INDEX delivery_waits ON delivery (state, coalesce(turn_at, due_at)) WHERE state IN ('due', 'parked');
