-- Makes a writer a member that owns no slot: gives how many there have been. `alone` makes it one only where there is no
-- other, and gives the others, their beats and what they say of themselves.
local fence, says, how = take(), take(), take()
local writer = prefix .. 'writer:' .. fence
if is_member(fence) then
  return {'admitted', redis.call('HGET', writer, 'lane')}
end
if how == 'alone' then
  local members = redis.call('HGETALL', prefix .. 'members')
  if #members > 0 then
    local others = {'others'}
    for at = 1, #members, 2 do
      others[#others + 1] = members[at]
      others[#others + 1] = redis.call('HGET', prefix .. 'beats', members[at])
      others[#others + 1] = members[at + 1]
    end
    return others
  end
end
local lane = redis.call('HINCRBY', prefix .. 'meta', 'admitted', 1)
redis.call('HSET', prefix .. 'members', fence, says)
redis.call('HSET', prefix .. 'beats', fence, 1)
redis.call('HSET', writer, 'lane', lane)
return {'admitted', tostring(lane)}
