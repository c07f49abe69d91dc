-- A session by its id: its key and its record.
local key = redis.call('HGET', KEYS[1] .. 'ids', ARGV[1])
return key and {key, redis.call('GET', KEYS[1] .. 'session:' .. key)} or {}
