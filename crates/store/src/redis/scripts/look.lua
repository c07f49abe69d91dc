-- Who lives, up to where the log of events goes, and, where that has changed since a turn that is known, who is a member and who owns what: the turn,
-- the last event, the generation, then pairs of members and beats, of members and what they say, and of slots and owners.
local meta = redis.call('HMGET', KEYS[1] .. 'meta', 'turn', 'events', 'generation')
local turn, last, generation = meta[1] or '0', meta[2] or '0', meta[3] or '0'
local beats = redis.call('HGETALL', KEYS[1] .. 'beats')
if turn == ARGV[1] then
  return {turn, last, generation, beats, {}, {}}
end
return {turn, last, generation, beats, redis.call('HGETALL', KEYS[1] .. 'members'),
  redis.call('HGETALL', KEYS[1] .. 'slots')}
