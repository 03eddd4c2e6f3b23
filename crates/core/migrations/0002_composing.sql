-- Posts being written in the composer: half done, in no queue, and gone once they became posts.
CREATE TABLE composing (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    draft      TEXT NOT NULL,                  -- JSON, as the composer last saved it
    updated_at INTEGER NOT NULL
) STRICT;
