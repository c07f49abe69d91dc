-- Sessions of one set after a key that are in the slots marked by a 1, oldest first: the last key that was looked at, then key,
-- record, and of one that runs the last row's beginning, in turn. Nothing where there is no further key.
local from, slots = ARGV[2] == '' and '-' or '(' .. ARGV[2], ARGV[4]
local id_of, first_slot_digit = '^[^\n]*\n([^\n]*)', 27
local found = {}
for _, key in ipairs(redis.call('ZRANGE', KEYS[1] .. ARGV[1], from, '+', 'BYLEX', 'LIMIT', 0, ARGV[3])) do
  found[1] = key
  local record = redis.call('GET', KEYS[1] .. 'session:' .. key)
  local slot = record and tonumber(string.sub(string.match(record, id_of), first_slot_digit, first_slot_digit + 1), 16)
  if slot and string.sub(slots, slot + 1, slot + 1) == '1' then
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
