-- Entries of the event log after a number, oldest first, until their texts have so many bytes: last number, first number,
-- owner and text in turn.
local from, most = '(' .. ARGV[1], tonumber(ARGV[2])
local found, bytes = {}, 0
while #found == 0 or bytes < most do
  local entries = redis.call('XRANGE', KEYS[1] .. 'events', from, '+', 'COUNT', 8)
  for _, entry in ipairs(entries) do
    if #found > 0 and bytes >= most then
      return found
    end
    from = '(' .. entry[1]
    local fields = entry[2]
    found[#found + 1] = string.match(entry[1], '^%d+')
    found[#found + 1] = fields[2]
    found[#found + 1] = fields[4]
    found[#found + 1] = fields[6]
    bytes = bytes + #fields[6]
  end
  if #entries < 8 then
    break
  end
end
return found
