-- Sessions, newest first, that are in all of some sets and in one of some others. Looks at no more than so many of each
-- set: gives the key from which to go on (nothing at the end), then keys and records in turn.
local before, limit, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local at, all, any = 4, {}, {}
for _, sets in ipairs({all, any}) do
  for index = 1, tonumber(ARGV[at]) do
    sets[index] = KEYS[1] .. ARGV[at + index]
  end
  at = at + #sets + 1
end

-- The smallest of those that a session must be in is gone through, or, where that is less, those of which it is in one.
local through, smallest, together = nil, nil, 0
for index, set in ipairs(all) do
  local size = redis.call('ZCARD', set)
  if not smallest or size < smallest then
    through, smallest = index, size
  end
end
for _, set in ipairs(any) do
  together = together + redis.call('ZCARD', set)
end
local sets, checks_any = {}, #any > 0
if checks_any and (not smallest or together <= smallest) then
  sets, checks_any, through = any, false, nil
else
  sets = {all[through]}
end

local function fits(key)
  for index, set in ipairs(all) do
    if index ~= through and not redis.call('ZSCORE', set, key) then
      return false
    end
  end
  if not checks_any then
    return true
  end
  for _, set in ipairs(any) do
    if redis.call('ZSCORE', set, key) then
      return true
    end
  end
  return false
end

-- Where each that is looked at fits, no more need be.
if not checks_any and #all == (through and 1 or 0) then
  most = math.min(most, limit)
end

-- What is older than the end of any set that was not looked at to its end may be missing, and is left for later.
local looked_at, bound = {}, nil
for _, set in ipairs(sets) do
  local from = before == '' and '+' or '(' .. before
  local keys = redis.call('ZRANGE', set, from, '-', 'BYLEX', 'REV', 'LIMIT', 0, most)
  for _, key in ipairs(keys) do
    looked_at[#looked_at + 1] = key
  end
  if #keys == most and (not bound or keys[most] > bound) then
    bound = keys[most]
  end
end
table.sort(looked_at, function(one, other) return one > other end)

local found = {''}
for _, key in ipairs(looked_at) do
  if bound and key < bound then
    break
  end
  if fits(key) then
    local record = redis.call('GET', KEYS[1] .. 'session:' .. key)
    if record then
      found[#found + 1] = key
      found[#found + 1] = record
      if #found > 2 * limit then
        return found
      end
    end
  end
end
found[1] = bound or ''
return found
