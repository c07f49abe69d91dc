-- How many different beginnings, up to the first '/', the ids of a collection have; counts no further than `most`.
local ids, most, counted, from = KEYS[1] .. 'documents:' .. ARGV[1], tonumber(ARGV[2]), 0, '-'
while counted < most do
  local found = redis.call('ZRANGE', ids, from, '+', 'BYLEX', 'LIMIT', 0, 100)
  if #found == 0 then
    break
  end
  for _, id in ipairs(found) do
    from = '(' .. id
    local slash = string.find(id, '/', 1, true)
    if slash then
      counted = counted + 1
      -- '0' is what comes after '/'.
      from = '[' .. string.sub(id, 1, slash - 1) .. '0'
      break
    end
  end
end
return counted
