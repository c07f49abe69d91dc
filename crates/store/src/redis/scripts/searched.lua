-- What sessions ask, and what went wrong in them: for each of some keys, those lines of its journal, the newest rows first,
-- until so many bytes of it were looked at. Each begins with '+' where that was all, else with '-'. Later ones are left out
-- once so many bytes were looked at in all.
local most_of_one, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local found, total = {}, 0
for at = 3, #ARGV do
  if total >= most then
    break
  end
  local journal, lines, bytes = KEYS[1] .. 'journal:' .. ARGV[at], {}, 0
  local to = redis.call('LLEN', journal) - 1
  while to >= 0 and bytes < most_of_one do
    local from = math.max(0, to - 3)
    for _, row in ipairs(redis.call('LRANGE', journal, from, to)) do
      bytes = bytes + #row
      for line in string.gmatch(row, '[\n ]({"type":"request_[^\n]*)') do
        lines[#lines + 1] = line
      end
      for line in string.gmatch(row, '[\n ]({"type":"task_failed"[^\n]*)') do
        lines[#lines + 1] = line
      end
    end
    to = from - 1
  end
  found[#found + 1] = (to < 0 and '+' or '-') .. table.concat(lines, '\n')
  total = total + bytes
end
return found
