-- Makes all writes to documents where all their preconditions hold, and none otherwise.

local function present(key)
  return string.match(redis.call('GETRANGE', key, 0, 79), '^(%d+) (%S+) (%S+)\n')
end

-- Why this cannot be written over what is there.
local function fault(write, version)
  if not version then
    if write.change == 'remove' or (write.expected ~= 'absent' and write.expected ~= 'anything') then
      return 'missing'
    end
  elseif write.expected ~= 'anything' and write.expected ~= version then
    return 'outdated ' .. version
  end
end

return once('change', function()
  local now, writes, faults = take(), {}, {}
  for at = 1, tonumber(take()) do
    local write = {
      change = take(), place = take(), id = take(), expected = take(), body = take(), owner = take(), collection = take(),
    }
    write.key = prefix .. 'document:' .. write.place .. write.id
    write.version, write.created, write.updated = present(write.key)
    writes[at] = write
    local reason = fault(write, write.version)
    if reason then
      faults[#faults + 1] = (at - 1) .. ' ' .. reason
    end
  end
  if #faults > 0 then
    return 'failed\n' .. table.concat(faults, '\n')
  end
  local made = {}
  for at, write in ipairs(writes) do
    local ids = prefix .. 'documents:' .. write.place
    if write.change == 'remove' then
      redis.call('UNLINK', write.key)
      redis.call('ZREM', ids, write.id)
      if redis.call('EXISTS', ids) == 0 then
        redis.call('ZREM', prefix .. 'owners:' .. write.collection, write.owner)
      end
      made[at] = 'removed'
    else
      local head = '1 ' .. now .. ' ' .. now
      if write.version then
        -- The clock may have gone back since.
        local updated = tonumber(write.updated) > tonumber(now) and write.updated or now
        head = string.format('%.0f', tonumber(write.version) + 1) .. ' ' .. write.created .. ' ' .. updated
      end
      redis.call('SET', write.key, head .. '\n' .. write.body)
      redis.call('ZADD', ids, 0, write.id)
      -- The server is looked for in any case.
      if write.owner ~= 'server' then
        redis.call('ZADD', prefix .. 'owners:' .. write.collection, 0, write.owner)
      end
      made[at] = head
    end
  end
  return 'changed\n' .. table.concat(made, '\n')
end)
