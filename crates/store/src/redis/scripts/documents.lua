-- Documents of a collection after an id, in the order of their ids, until they have so many bytes: id and document (or its
-- first line) in turn.
local place, after, part, limit, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local found, bytes = {}, 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1] .. 'documents:' .. place, after, '+', 'BYLEX', 'LIMIT', 0, limit)) do
  local key, text = KEYS[1] .. 'document:' .. place .. id, nil
  if part == 'whole' then
    text = redis.call('GET', key) or ''
  else
    text = string.match(redis.call('GETRANGE', key, 0, 79), '^[^\n]*\n') or ''
  end
  found[#found + 1] = id
  found[#found + 1] = text
  bytes = bytes + #text
  if bytes >= most then
    break
  end
end
return found
