-- Open questions in an order, behind a place in it, of an owner and a task where those are named: the number of the last
-- event, where to go on (nothing at the end), then place and question in turn.
local order, after, limit, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local looked_at, owner, task = tonumber(ARGV[5]), ARGV[6], ARGV[7]
-- Stands for no deadline.
local ENDLESS = '7fffffffffffffff'
local found, bytes, last = {redis.call('HGET', KEYS[1] .. 'meta', 'events') or '0', ''}, 0, ''

-- Goes through an index from there on, no further than to there; gives whether it came to the end.
local function walk(index, from, to, before, fits)
  local members = redis.call('ZRANGE', KEYS[1] .. 'requests:' .. index, from, to, 'BYLEX', 'LIMIT', 0, looked_at)
  for _, member in ipairs(members) do
    if (#found - 2) / 2 >= limit or bytes >= most then
      return false
    end
    last = before .. member
    -- A moment of 16 digits, and an id of 36.
    local place = string.sub(member, -52)
    local text = redis.call('HGET', KEYS[1] .. 'requests', place)
    local due, of_owner, of_task = string.match(text or '', '^([^\n]*)\n([^\n]*)\n([^\n]*)\n')
    if due and fits(due) and (owner == '' or owner == of_owner) and (task == '' or task == of_task) then
      found[#found + 1] = place
      found[#found + 1] = text
      bytes = bytes + #text
    end
  end
  looked_at = looked_at - #members
  return looked_at > 0
end

local function behind(place)
  return place == '' and '-' or '(' .. place
end

local function any()
  return true
end

local whose = string.match(order, '^deadline(.*)$')
local is_at_end
if not whose then
  is_at_end = walk(order, behind(after), '+', '', any)
else
  -- Those that have no deadline stand behind all others, in the order of their age, and in no index but that.
  local is_behind = string.sub(after, 1, #ENDLESS) == ENDLESS
  is_at_end = is_behind or walk(order, behind(after), '(' .. ENDLESS, '', any)
  if is_at_end then
    local from = is_behind and string.sub(after, #ENDLESS + 1) or ''
    is_at_end = walk('age' .. whose, behind(from), '+', ENDLESS, function(due) return due == ENDLESS end)
  end
end
found[2] = is_at_end and '' or last
return found
