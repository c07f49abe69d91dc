-- Rows of a journal from one row on, beginning with the first that holds an entry after `seq` where that is given, until
-- their texts have so many bytes: the number of the first, then the rows.
local journal, seq, most = KEYS[1] .. 'journal:' .. ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local from, rows = tonumber(ARGV[2]), redis.call('LLEN', journal)

if seq then
  -- Halving works, because the rows' last numbers never fall.
  local low, high = from, rows
  while low < high do
    local middle = math.floor((low + high) / 2)
    local last = tonumber(string.match(redis.call('LINDEX', journal, middle), '^%d+'))
    if last > seq then
      high = middle
    else
      low = middle + 1
    end
  end
  from = low
end

local found, bytes, step = {tostring(from)}, 0, 4
while from < rows and (bytes < most or #found == 1) do
  for _, row in ipairs(redis.call('LRANGE', journal, from, from + step - 1)) do
    if bytes >= most and #found > 1 then
      break
    end
    found[#found + 1] = row
    bytes = bytes + #row
  end
  from = from + step
  -- As many as are likely to fit.
  step = math.max(1, math.min(256, math.floor((most - bytes) * (#found - 1) / math.max(bytes, 1)) + 1))
end
return found
