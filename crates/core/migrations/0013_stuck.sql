-- Changes and cancels that did not get through are told with their post: found without reading all that follows posts.
CREATE INDEX errand_stuck ON errand (delivery_id) WHERE state = 'stuck';
