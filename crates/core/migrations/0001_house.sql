-- The house's first tables. Instants are UTC milliseconds; wall times are text beside an IANA zone; JSON is text.
-- Never edited once released: a change is a new file.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL            -- JSON
) STRICT, WITHOUT ROWID;

-- A developer app of the user's own. Its secret is in the vault under app/<id>.
CREATE TABLE app (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    platform   TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    quotas     TEXT NOT NULL DEFAULT '{}',   -- JSON: bucket -> units a day, where more was granted than the default
    created_at INTEGER NOT NULL,
    UNIQUE (platform, client_id)
) STRICT;

-- One sign-in on one platform. Its refresh token and memo key are in the vault under account/<id>.
CREATE TABLE account (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    platform     TEXT NOT NULL,
    app_id       INTEGER NOT NULL REFERENCES app (id),
    remote_id    TEXT NOT NULL,
    name         TEXT NOT NULL,
    handle       TEXT,
    url          TEXT,
    scopes       TEXT NOT NULL DEFAULT '[]',   -- JSON list
    live         TEXT NOT NULL DEFAULT 'null', -- JSON: capabilities as last read
    state        TEXT NOT NULL DEFAULT 'ok' CHECK (state IN ('ok', 'sign_in', 'gone')),
    sign_in_ends INTEGER,
    missed_rule  TEXT NOT NULL,                -- JSON
    slots        TEXT NOT NULL DEFAULT '[]',   -- JSON
    connected_at INTEGER NOT NULL,
    UNIQUE (platform, remote_id)
) STRICT;

CREATE TABLE media (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    path        TEXT NOT NULL,
    stamp       TEXT NOT NULL,                 -- JSON: length, time, identity when last seen
    size        INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    full_hash   TEXT,
    probe       TEXT NOT NULL,                 -- JSON
    added_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX media_by_fingerprint ON media (fingerprint);
CREATE INDEX media_by_path ON media (path);

CREATE TABLE post (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    media_id   INTEGER NOT NULL REFERENCES media (id),
    words      TEXT NOT NULL,                  -- JSON: title, caption
    wall       TEXT,                           -- local date and time, with zone and fold; JSON; NULL: as soon as possible
    revision   INTEGER NOT NULL DEFAULT 1,     -- counts edits
    created_at INTEGER NOT NULL
) STRICT;

-- One post to one account. The delivery row is the job; there is no other queue.
CREATE TABLE delivery (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    post_id      INTEGER NOT NULL REFERENCES post (id),
    account_id   INTEGER NOT NULL REFERENCES account (id),
    state        TEXT NOT NULL,
    stage        TEXT,
    options      TEXT NOT NULL DEFAULT '{}',   -- JSON
    words        TEXT,                         -- JSON: words for this account alone
    goes_out     TEXT NOT NULL,
    due_at       INTEGER,                      -- its minute; when it was asked for, for "now"
    next_at      INTEGER,                      -- when the engine does the next thing; NULL: nothing by itself
    paused       INTEGER NOT NULL DEFAULT 0,
    cancelling   INTEGER NOT NULL DEFAULT 0,   -- asked for; what may be at the platform is looked for first
    claim        INTEGER,                      -- boot that is at it
    claimed_at   INTEGER,
    in_flight    TEXT,                         -- the call that was begun and not yet heard of
    tries        INTEGER NOT NULL DEFAULT 0,   -- calls begun, counted before they are made
    failures     INTEGER NOT NULL DEFAULT 0,   -- in a row, for the back-off
    failed_ever  INTEGER NOT NULL DEFAULT 0,   -- for the lifetime cap
    memo         BLOB,                         -- sealed with the account's key
    confirmed    INTEGER NOT NULL DEFAULT 0,   -- bytes the platform says it holds
    remote_id    TEXT,
    remote_url   TEXT,
    privacy      TEXT,                         -- what really applies
    problem      TEXT,                         -- JSON: why it is parked or stuck, or what to tell of a published one
    public_at    INTEGER,
    began_at     INTEGER,
    sent_revision INTEGER,                     -- the revision the platform holds
    created_at   INTEGER NOT NULL,
    UNIQUE (post_id, account_id)               -- never twice (C1)
) STRICT;
-- What could be begun in one lane, the earliest minute first.
CREATE INDEX delivery_lane ON delivery (account_id, due_at)
    WHERE state IN ('due', 'parked') AND claim IS NULL AND paused = 0;
-- When a lane has something to do next.
CREATE INDEX delivery_lane_next ON delivery (account_id, next_at)
    WHERE state IN ('due', 'parked') AND claim IS NULL AND paused = 0;
-- The same for what was begun before and only has to go on.
CREATE INDEX delivery_lane_open ON delivery (account_id, next_at)
    WHERE state IN ('due', 'parked') AND claim IS NULL AND paused = 0 AND memo IS NOT NULL;
-- Small things at their minute, whatever their lane does.
CREATE INDEX delivery_light ON delivery (next_at)
    WHERE state IN ('working', 'ready', 'handed_over') AND claim IS NULL AND paused = 0;
CREATE INDEX delivery_claimed ON delivery (claim) WHERE claim IS NOT NULL;
CREATE INDEX delivery_calendar ON delivery (due_at);
CREATE INDEX delivery_state ON delivery (state, due_at);

-- What is done beside a delivery: after-steps, edits and retractions at the platform. A row of its own each (C8, C9).
CREATE TABLE errand (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id INTEGER NOT NULL REFERENCES delivery (id),
    task        TEXT NOT NULL,                 -- JSON: platform::Errand
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'working', 'stuck', 'done')),
    revision    INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER,
    claim       INTEGER,
    claimed_at  INTEGER,
    in_flight   TEXT,
    tries       INTEGER NOT NULL DEFAULT 0,
    failures    INTEGER NOT NULL DEFAULT 0,
    failed_ever INTEGER NOT NULL DEFAULT 0,
    memo        BLOB,
    problem     TEXT,
    created_at  INTEGER NOT NULL,
    done_at     INTEGER
) STRICT;
CREATE INDEX errand_next ON errand (next_at) WHERE state IN ('waiting', 'working') AND claim IS NULL;
CREATE INDEX errand_by_delivery ON errand (delivery_id);

-- Append-only: what the user reads as history and we use as evidence.
CREATE TABLE attempt (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id INTEGER NOT NULL REFERENCES delivery (id),
    errand_id   INTEGER REFERENCES errand (id),
    at          INTEGER NOT NULL,
    step        TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    status      INTEGER,
    request_id  TEXT,
    sent        INTEGER,                       -- bytes of the media in this call
    confirmed   INTEGER,
    took_ms     INTEGER,
    detail      TEXT
) STRICT;
CREATE INDEX attempt_by_delivery ON attempt (delivery_id, id);

-- What a developer app has spent, by bucket and day.
CREATE TABLE spent (
    app_id INTEGER NOT NULL REFERENCES app (id),
    bucket TEXT NOT NULL,
    day    TEXT NOT NULL,                      -- the date in the zone at whose midnight the bucket starts anew
    units  INTEGER NOT NULL,
    PRIMARY KEY (app_id, bucket, day)
) STRICT, WITHOUT ROWID;

-- Lanes that wait: a limit or a row of failures of an account or of a whole developer app.
CREATE TABLE hold (
    whose    TEXT NOT NULL CHECK (whose IN ('account', 'app')),
    id       INTEGER NOT NULL,
    bucket   TEXT NOT NULL DEFAULT '',         -- '' holds all; a bucket holds only what would open something new
    until    INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    problem  TEXT NOT NULL,
    PRIMARY KEY (whose, id, bucket)
) STRICT, WITHOUT ROWID;
