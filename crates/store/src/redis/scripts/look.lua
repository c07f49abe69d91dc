-- Who lives, what the clock shows, up to where the log of events goes, and, where that has changed since a turn that is known,
-- who is a member and who owns what: the turn, the last event, the generation, the clock in microseconds, then pairs of members
-- and beats, of members and what they say, and of slots and owners.
local meta = redis.call('HMGET', KEYS[1] .. 'meta', 'turn', 'events', 'generation')
local turn, last, generation = meta[1] or '0', meta[2] or '0', meta[3] or '0'
local clock = redis.call('TIME')
local now = clock[1] .. string.format('%06d', clock[2])
local beats = redis.call('HGETALL', KEYS[1] .. 'beats')
if turn == ARGV[1] then
  return {turn, last, generation, now, beats, {}, {}}
end
return {turn, last, generation, now, beats, redis.call('HGETALL', KEYS[1] .. 'members'),
  redis.call('HGETALL', KEYS[1] .. 'slots')}
