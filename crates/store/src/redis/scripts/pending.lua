-- Sessions of one set after a key, oldest first: key, record, and of one that runs the last row's beginning, in turn.
local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local found = {}
for _, key in ipairs(redis.call('ZRANGE', KEYS[1] .. ARGV[1], from, '+', 'BYLEX', 'LIMIT', 0, ARGV[3])) do
  local record = redis.call('GET', KEYS[1] .. 'session:' .. key)
  if record then
    local last = ''
    if string.match(record, '^running ') then
      last = string.match(redis.call('LINDEX', KEYS[1] .. 'journal:' .. key, -1) or '', '^%d*')
    end
    found[#found + 1] = key
    found[#found + 1] = record
    found[#found + 1] = last
  end
end
return found
