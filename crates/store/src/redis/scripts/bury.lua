-- Ends a membership, where its beat is still this one (or whatever it is, for ''): what the member owned is nobody's then.
local fence, beat = take(), take()
if not is_member(fence) or (beat ~= '' and redis.call('HGET', prefix .. 'beats', fence) ~= beat) then
  return 0
end
redis.call('HDEL', prefix .. 'members', fence)
redis.call('HDEL', prefix .. 'beats', fence)
redis.call('UNLINK', prefix .. 'writer:' .. fence)
local slots = redis.call('HGETALL', prefix .. 'slots')
for at = 1, #slots, 2 do
  if slots[at + 1] == fence then
    redis.call('HDEL', prefix .. 'slots', slots[at])
  end
end
changed()
return 1
