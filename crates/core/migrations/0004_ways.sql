-- Several ways to sign in, what the user says about a developer app, and posts that the creator finishes at the platform.

-- Which kind of developer app it is (SignInFacts::way), what its owner says about it (JSON: flag -> true or false), and the address
-- that is registered for its sign-in, where that is not a loopback port of any number.
ALTER TABLE app ADD COLUMN way TEXT NOT NULL DEFAULT '';
ALTER TABLE app ADD COLUMN flags TEXT NOT NULL DEFAULT '{}';
ALTER TABLE app ADD COLUMN redirect TEXT;

-- The way it signed in by, and the newest times between last byte and "public", in milliseconds (JSON list, newest last).
ALTER TABLE account ADD COLUMN way TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN pace TEXT NOT NULL DEFAULT '[]';

-- Small things at their minute, whatever their lane does; now also looks at what a creator finishes.
DROP INDEX delivery_light;
CREATE INDEX delivery_light ON delivery (next_at)
    WHERE state IN ('working', 'ready', 'handed_over', 'to_finish') AND claim IS NULL AND paused = 0;
