-- Changes and cancels that did not get through to the platform: told with their post.
CREATE VIEW not_through AS
SELECT id, delivery_id, problem FROM errand WHERE state = 'stuck' AND json_extract(task, '$.kind') IN ('amend', 'retract');
