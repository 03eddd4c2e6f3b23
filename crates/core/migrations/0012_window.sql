-- A delivery's own plan, and its own count of edits: an edit of one channel leaves the others of the post as they are.
-- JSON as in post.wall; the text 'null' is "as soon as possible"; NULL: the post's plan.
ALTER TABLE delivery ADD COLUMN wall TEXT;
-- Counts edits of what this delivery sends; sent_revision is the one the platform holds.
ALTER TABLE delivery ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
UPDATE delivery SET revision = (SELECT revision FROM post WHERE post.id = delivery.post_id);
