-- Removes the entries of the event log that end before this number; the newest stays in any case.
if not is_member(take()) then
  return {'fenced', ''}
end
local before = take()
local newest = redis.call('XREVRANGE', prefix .. 'events', '+', '-', 'COUNT', 1)[1]
if newest then
  local last = string.match(newest[1], '^(%d+)')
  if tonumber(before) > tonumber(last) then
    before = last
  end
  redis.call('XTRIM', prefix .. 'events', 'MINID', before)
  for _, owner in ipairs(redis.call('SMEMBERS', prefix .. 'events:owners')) do
    redis.call('ZREMRANGEBYSCORE', prefix .. 'events:of:' .. owner, '-inf', '(' .. before)
    if redis.call('EXISTS', prefix .. 'events:of:' .. owner) == 0 then
      redis.call('SREM', prefix .. 'events:owners', owner)
    end
  end
end
return {'done', ''}
