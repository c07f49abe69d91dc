-- Makes a writer a member that owns no slot: gives a number of its own among those that are members at the time. `alone` makes
-- it one only where there is no other, and gives the others, their beats and what they say of themselves.
local fence, says, how, format, wanted = take(), take(), take(), take(), take()
local writer = prefix .. 'writer:' .. fence
if is_member(fence) then
  return {'admitted', redis.call('HGET', writer, 'lane')}
end
local written = redis.call('HGET', prefix .. 'meta', 'format')
if tonumber(written) > tonumber(format) then
  return {'newer', written}
end
local members = redis.call('HGETALL', prefix .. 'members')
if how == 'alone' and #members > 0 then
  local others = {'others'}
  for at = 1, #members, 2 do
    others[#others + 1] = members[at]
    others[#others + 1] = redis.call('HGET', prefix .. 'beats', members[at])
    others[#others + 1] = members[at + 1]
  end
  return others
end
local used = {}
for at = 1, #members, 2 do
  used[redis.call('HGET', prefix .. 'writer:' .. members[at], 'lane')] = true
end
local lane = wanted
if wanted == '' or used[wanted] then
  local free = 0
  while used[tostring(free)] do
    free = free + 1
  end
  if free > 15 then
    return {'full', ''}
  end
  lane = tostring(free)
end
redis.call('HSET', prefix .. 'members', fence, says)
redis.call('HSET', prefix .. 'beats', fence, 1)
redis.call('HSET', writer, 'lane', lane)
changed()
return {'admitted', lane}
