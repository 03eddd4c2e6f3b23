-- A database that was put back (restored, copied or rolled back): what is not final is asked about at its platform before anything is
-- sent. 0: nothing to ask. 1: looked at under its id or memo, nothing new is sent. 2: waits for the platform's list of new posts.
ALTER TABLE delivery ADD COLUMN must_ask INTEGER NOT NULL DEFAULT 0;
CREATE INDEX delivery_asked ON delivery (account_id) WHERE must_ask <> 0;

-- A second writing of the columns that decide what is sent where, kept by triggers. SQLite checks the structure of a page and not the
-- bytes of a value: a flipped bit in one of the two writings shows as a difference, and is seen before the row is acted on. A trigger
-- deletes before it inserts: the conflict clause of a statement outside would replace its own.
CREATE TABLE twin (
    kind    TEXT NOT NULL,                     -- delivery, post, media, account
    id      INTEGER NOT NULL,
    content TEXT NOT NULL,                     -- JSON list
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

INSERT INTO twin SELECT 'delivery', id, json_array(post_id, account_id, due_at, options, words) FROM delivery;
-- Deleted and written anew: in a trigger of an upsert, OR REPLACE would give way to the upsert's own rule and fail.
CREATE TRIGGER delivery_twin_new AFTER INSERT ON delivery BEGIN
    DELETE FROM twin WHERE kind = 'delivery' AND id = NEW.id;
    INSERT INTO twin VALUES ('delivery', NEW.id, json_array(NEW.post_id, NEW.account_id, NEW.due_at, NEW.options, NEW.words));
END;
CREATE TRIGGER delivery_twin AFTER UPDATE OF post_id, account_id, due_at, options, words ON delivery BEGIN
    DELETE FROM twin WHERE kind = 'delivery' AND id = NEW.id;
    INSERT INTO twin VALUES ('delivery', NEW.id, json_array(NEW.post_id, NEW.account_id, NEW.due_at, NEW.options, NEW.words));
END;
CREATE TRIGGER delivery_twin_gone AFTER DELETE ON delivery BEGIN
    DELETE FROM twin WHERE kind = 'delivery' AND id = OLD.id;
END;

INSERT INTO twin SELECT 'post', id, json_array(media_id, words, wall) FROM post;
CREATE TRIGGER post_twin_new AFTER INSERT ON post BEGIN
    DELETE FROM twin WHERE kind = 'post' AND id = NEW.id;
    INSERT INTO twin VALUES ('post', NEW.id, json_array(NEW.media_id, NEW.words, NEW.wall));
END;
CREATE TRIGGER post_twin AFTER UPDATE OF media_id, words, wall ON post BEGIN
    DELETE FROM twin WHERE kind = 'post' AND id = NEW.id;
    INSERT INTO twin VALUES ('post', NEW.id, json_array(NEW.media_id, NEW.words, NEW.wall));
END;
CREATE TRIGGER post_twin_gone AFTER DELETE ON post BEGIN
    DELETE FROM twin WHERE kind = 'post' AND id = OLD.id;
END;

INSERT INTO twin SELECT 'media', id, json_array(path, size, fingerprint) FROM media;
CREATE TRIGGER media_twin_new AFTER INSERT ON media BEGIN
    DELETE FROM twin WHERE kind = 'media' AND id = NEW.id;
    INSERT INTO twin VALUES ('media', NEW.id, json_array(NEW.path, NEW.size, NEW.fingerprint));
END;
CREATE TRIGGER media_twin AFTER UPDATE OF path, size, fingerprint ON media BEGIN
    DELETE FROM twin WHERE kind = 'media' AND id = NEW.id;
    INSERT INTO twin VALUES ('media', NEW.id, json_array(NEW.path, NEW.size, NEW.fingerprint));
END;
CREATE TRIGGER media_twin_gone AFTER DELETE ON media BEGIN
    DELETE FROM twin WHERE kind = 'media' AND id = OLD.id;
END;

INSERT INTO twin SELECT 'account', id, json_array(platform, app_id, remote_id, way) FROM account;
CREATE TRIGGER account_twin_new AFTER INSERT ON account BEGIN
    DELETE FROM twin WHERE kind = 'account' AND id = NEW.id;
    INSERT INTO twin VALUES ('account', NEW.id, json_array(NEW.platform, NEW.app_id, NEW.remote_id, NEW.way));
END;
CREATE TRIGGER account_twin AFTER UPDATE OF platform, app_id, remote_id, way ON account BEGIN
    DELETE FROM twin WHERE kind = 'account' AND id = NEW.id;
    INSERT INTO twin VALUES ('account', NEW.id, json_array(NEW.platform, NEW.app_id, NEW.remote_id, NEW.way));
END;
CREATE TRIGGER account_twin_gone AFTER DELETE ON account BEGIN
    DELETE FROM twin WHERE kind = 'account' AND id = OLD.id;
END;
