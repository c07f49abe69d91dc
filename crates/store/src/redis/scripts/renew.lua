-- Begins the log of events anew, where it is that of a known generation and ends before what is known of it: then the engine
-- has lost some. Gives the generation, where it began, the number of the last event, and the epoch, which is made where
-- there is none.
local fence, generation, known, word, now, key, ids, id = take(), take(), take(), take(), take(), take(), take(), take()
if not is_member(fence) then
  return {'fenced'}
end
local meta = prefix .. 'meta'
local last, current = redis.call('HGET', meta, 'events') or '0', redis.call('HGET', meta, 'generation') or '0'
local text = redis.call('GET', prefix .. key)
local has_lost = current == generation and tonumber(last) < tonumber(known)
if has_lost then
  current = tostring(redis.call('HINCRBY', meta, 'generation', 1))
  redis.call('HSET', meta, 'began', last)
end
if has_lost or not text then
  local version, created = string.match(text or '', '^(%d+) (%S+)')
  version = version and string.format('%.0f', tonumber(version) + 1) or '1'
  text = version .. ' ' .. (created or now) .. ' ' .. now .. '\n' .. word
  redis.call('SET', prefix .. key, text)
  redis.call('ZADD', prefix .. ids, 0, id)
end
return {'log', current, redis.call('HGET', meta, 'began') or '0', last, string.match(text, '\n(.*)$')}
