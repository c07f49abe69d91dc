-- Entries of the event log after a number, of an owner that is not the server where one is named, oldest first, until their
-- texts have so many bytes: last number, first number, owner, text and writer in turn.
local after, most, owner = ARGV[1], tonumber(ARGV[2]), ARGV[3]

-- The next few, and whether there may be more.
local function next_entries()
  if owner == '' then
    local entries = redis.call('XRANGE', KEYS[1] .. 'events', '(' .. after, '+', 'COUNT', 8)
    return entries, #entries == 8
  end
  local places = redis.call('ZRANGE', KEYS[1] .. 'events:of:' .. owner, '(' .. after, '+inf', 'BYSCORE', 'LIMIT', 0, 8)
  local entries = {}
  for at, place in ipairs(places) do
    entries[at] = redis.call('XRANGE', KEYS[1] .. 'events', place .. '-0', place .. '-0')[1]
  end
  return entries, #places == 8
end

local found, bytes = {}, 0
while #found == 0 or bytes < most do
  local entries, has_more = next_entries()
  for _, entry in ipairs(entries) do
    if #found > 0 and bytes >= most then
      return found
    end
    after = string.match(entry[1], '^%d+')
    local fields = entry[2]
    found[#found + 1] = after
    found[#found + 1] = fields[2]
    found[#found + 1] = fields[4]
    found[#found + 1] = fields[6]
    found[#found + 1] = fields[8] or ''
    bytes = bytes + #fields[6]
  end
  if not has_more then
    break
  end
end
return found
