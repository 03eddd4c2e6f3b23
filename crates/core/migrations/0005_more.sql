-- What the further videos of a post were when they were first sent, so that another file in the place of one is never mixed in.
-- JSON: a list of path, stamp and fingerprint.
ALTER TABLE delivery ADD COLUMN more TEXT NOT NULL DEFAULT '[]';
