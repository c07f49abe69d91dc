-- Open questions in an order, behind a place in it, of an owner and a task where those are named: the number of the last
-- event, where to go on (nothing at the end), then place and question in turn.
local order, after, limit, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local looked_at, owner, task = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local from = after == '' and '-' or '(' .. after
local members = redis.call('ZRANGE', KEYS[1] .. 'requests:' .. order, from, '+', 'BYLEX', 'LIMIT', 0, looked_at)
local found, bytes, last = {redis.call('HGET', KEYS[1] .. 'meta', 'events') or '0', ''}, 0, ''
for _, member in ipairs(members) do
  if (#found - 2) / 2 >= limit or bytes >= most then
    break
  end
  last = member
  -- A moment of 16 digits, and an id of 36.
  local place = string.sub(member, -52)
  local text = redis.call('HGET', KEYS[1] .. 'requests', place)
  local of_owner, of_task = string.match(text or '', '^[^\n]*\n([^\n]*)\n([^\n]*)\n')
  if of_owner and (owner == '' or owner == of_owner) and (task == '' or task == of_task) then
    found[#found + 1] = place
    found[#found + 1] = text
    bytes = bytes + #text
  end
end
if #members == looked_at or last ~= (members[#members] or '') then
  found[2] = last
end
return found
