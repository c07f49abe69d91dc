-- Removes sessions that ended before a moment, the oldest end first: up to a number of them, and until their journals had
-- so many rows. Gives their ids.
return once('change', function(fence)
  local before, limit, most_rows, most_looked_at = take(), tonumber(take()), tonumber(take()), tonumber(take())
  local owns, removed, rows, at = owned_by(fence), {}, 0, 0
  while #removed < limit and rows < most_rows and at < most_looked_at do
    -- What is removed makes those behind it move up; what is another member's stays, and is passed over.
    local keys = redis.call('ZRANGE', prefix .. 'ended', '-inf', '(' .. before, 'BYSCORE', 'LIMIT', at, 100)
    if #keys == 0 then
      break
    end
    for _, key in ipairs(keys) do
      if #removed >= limit or rows >= most_rows then
        break
      end
      local state, id, head = session(key)
      if state and owns(slot_of(id)) then
        rows = rows + forget(key, state, id, head)
        removed[#removed + 1] = id
      else
        at = at + 1
      end
    end
  end
  return table.concat(removed, ' ')
end)
