-- A queue as the first release left it. Never brought up to date: this is what lies on people's disks.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE app (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    platform   TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    quotas     TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    UNIQUE (platform, client_id)
) STRICT;

CREATE TABLE account (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    platform     TEXT NOT NULL,
    app_id       INTEGER NOT NULL REFERENCES app (id),
    remote_id    TEXT NOT NULL,
    name         TEXT NOT NULL,
    handle       TEXT,
    url          TEXT,
    scopes       TEXT NOT NULL DEFAULT '[]',
    live         TEXT NOT NULL DEFAULT 'null',
    state        TEXT NOT NULL DEFAULT 'ok' CHECK (state IN ('ok', 'sign_in', 'gone')),
    sign_in_ends INTEGER,
    missed_rule  TEXT NOT NULL,
    slots        TEXT NOT NULL DEFAULT '[]',
    connected_at INTEGER NOT NULL,
    UNIQUE (platform, remote_id)
) STRICT;

CREATE TABLE media (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    path        TEXT NOT NULL,
    stamp       TEXT NOT NULL,
    size        INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    full_hash   TEXT,
    probe       TEXT NOT NULL,
    added_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX media_by_fingerprint ON media (fingerprint);
CREATE INDEX media_by_path ON media (path);

CREATE TABLE post (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    media_id   INTEGER NOT NULL REFERENCES media (id),
    words      TEXT NOT NULL,
    wall       TEXT,
    revision   INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE delivery (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    post_id      INTEGER NOT NULL REFERENCES post (id),
    account_id   INTEGER NOT NULL REFERENCES account (id),
    state        TEXT NOT NULL,
    stage        TEXT,
    options      TEXT NOT NULL DEFAULT '{}',
    words        TEXT,
    goes_out     TEXT NOT NULL,
    due_at       INTEGER,
    next_at      INTEGER,
    paused       INTEGER NOT NULL DEFAULT 0,
    cancelling   INTEGER NOT NULL DEFAULT 0,
    claim        INTEGER,
    claimed_at   INTEGER,
    in_flight    TEXT,
    tries        INTEGER NOT NULL DEFAULT 0,
    failures     INTEGER NOT NULL DEFAULT 0,
    failed_ever  INTEGER NOT NULL DEFAULT 0,
    memo         BLOB,
    confirmed    INTEGER NOT NULL DEFAULT 0,
    remote_id    TEXT,
    remote_url   TEXT,
    privacy      TEXT,
    problem      TEXT,
    public_at    INTEGER,
    began_at     INTEGER,
    sent_revision INTEGER,
    created_at   INTEGER NOT NULL,
    UNIQUE (post_id, account_id)
) STRICT;
CREATE INDEX delivery_lane ON delivery (account_id, due_at)
    WHERE state IN ('due', 'parked') AND claim IS NULL AND paused = 0;
CREATE INDEX delivery_lane_next ON delivery (account_id, next_at)
    WHERE state IN ('due', 'parked') AND claim IS NULL AND paused = 0;
CREATE INDEX delivery_lane_open ON delivery (account_id, next_at)
    WHERE state IN ('due', 'parked') AND claim IS NULL AND paused = 0 AND memo IS NOT NULL;
CREATE INDEX delivery_light ON delivery (next_at)
    WHERE state IN ('working', 'ready', 'handed_over') AND claim IS NULL AND paused = 0;
CREATE INDEX delivery_claimed ON delivery (claim) WHERE claim IS NOT NULL;
CREATE INDEX delivery_calendar ON delivery (due_at);
CREATE INDEX delivery_state ON delivery (state, due_at);

CREATE TABLE errand (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id INTEGER NOT NULL REFERENCES delivery (id),
    task        TEXT NOT NULL,
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

CREATE TABLE attempt (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id INTEGER NOT NULL REFERENCES delivery (id),
    errand_id   INTEGER REFERENCES errand (id),
    at          INTEGER NOT NULL,
    step        TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    status      INTEGER,
    request_id  TEXT,
    sent        INTEGER,
    confirmed   INTEGER,
    took_ms     INTEGER,
    detail      TEXT
) STRICT;
CREATE INDEX attempt_by_delivery ON attempt (delivery_id, id);

CREATE TABLE spent (
    app_id INTEGER NOT NULL REFERENCES app (id),
    bucket TEXT NOT NULL,
    day    TEXT NOT NULL,
    units  INTEGER NOT NULL,
    PRIMARY KEY (app_id, bucket, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
    whose    TEXT NOT NULL CHECK (whose IN ('account', 'app')),
    id       INTEGER NOT NULL,
    bucket   TEXT NOT NULL DEFAULT '',
    until    INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    problem  TEXT NOT NULL,
    PRIMARY KEY (whose, id, bucket)
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('world', 'sandbox'), ('zone_data', 'none');
INSERT INTO setting VALUES ('settings', '{"zone":"Europe/Berlin","parallel_uploads":2}');
INSERT INTO app (platform, client_id, created_at) VALUES ('youtube', '7-abc.apps.example', 1764000000000);
INSERT INTO account (platform, app_id, remote_id, name, missed_rule, connected_at)
VALUES ('youtube', 1, 'UCmira', 'Bread with Mira', '{"rule":"ask"}', 1764000000000);
INSERT INTO media (path, stamp, size, fingerprint, probe, added_at)
VALUES ('/videos/crust.mp4', '{"len":9,"modified_ns":1,"identity":null}', 9,
        'f1:0000000000000000000000000000000000000000000000000000000000000000', '{}', 1764000000000);
INSERT INTO post (media_id, words, created_at)
VALUES (1, '{"title":"The crust","caption":""}', 1764000000000), (1, '{"title":"The crumb","caption":""}', 1764000000000);
INSERT INTO delivery (post_id, account_id, state, options, goes_out, due_at, next_at, remote_id, remote_url, public_at, created_at, memo)
VALUES (1, 1, 'published', '{}', 'now', 1764000000000, NULL, 'dQw4w9WgXcQ', 'https://www.youtube.com/watch?v=dQw4w9WgXcQ', 1764000001000, 1764000000000, NULL),
       (2, 1, 'due', '{"privacy":"unlisted"}', 'staged', 1764003600000, 1764000000000, NULL, NULL, NULL, 1764000000000, x'010203');
INSERT INTO attempt (delivery_id, at, step, outcome, status) VALUES (1, 1764000000500, 'videos.insert.put', 'answered', 200);
PRAGMA user_version = 1;
