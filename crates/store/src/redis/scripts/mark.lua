-- Writes something, so that a WAIT that follows waits for all that was written before.
redis.call('HINCRBY', prefix .. 'meta', 'marks', 1)
