-- The number of an app's own set of permissions at its platform, which a sign-in names in the place of scopes.
ALTER TABLE app ADD COLUMN config TEXT;
