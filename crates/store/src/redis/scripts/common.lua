-- What all scripts that write begin with. Every key of a cluster begins with KEYS[1], whose {} make them one hash slot.
local prefix = KEYS[1]

local taken = 0
-- The next argument.
local function take()
  taken = taken + 1
  return ARGV[taken]
end

local function is_member(fence)
  return redis.call('HEXISTS', prefix .. 'members', fence) == 1
end

-- Publishes to members. Who does not hear it looks for itself, so that a failure is no reason to leave a change half made.
local function publish(channel, message)
  redis.pcall('PUBLISH', prefix .. channel, message)
end

-- Counts a change of who is a member or owns what, and has all members look.
local function changed()
  publish('members', redis.call('HINCRBY', prefix .. 'meta', 'turn', 1))
end

-- Runs `operation` for a member and keeps its answer, so that the same number again gets that answer and changes nothing.
-- `kind` sets apart what a member counts by itself. Nothing that can fail may follow the first write: nothing is undone.
local function once(kind, operation)
  local fence, number = take(), take()
  if not is_member(fence) then
    return {'fenced', ''}
  end
  local writer = prefix .. 'writer:' .. fence
  local last = redis.call('HGET', writer, kind) or '0'
  if number == last then
    -- A write, so that a WAIT that follows waits for what was written then.
    redis.call('HINCRBY', writer, 'repeats', 1)
    return {'done', redis.call('HGET', writer, kind .. '_answer')}
  end
  if tonumber(number) < tonumber(last) then
    return {'overtaken', last}
  end
  local answer = operation(fence)
  redis.call('HSET', writer, kind, number, kind .. '_answer', answer)
  return {'done', answer}
end

-- Looks up slots once each.
local function owned_by(fence)
  local known = {}
  return function(slot)
    if known[slot] == nil then
      known[slot] = redis.call('HGET', prefix .. 'slots', slot) == fence
    end
    return known[slot]
  end
end

local function slot_of(id)
  return tostring(tonumber(string.sub(id, 27, 28), 16))
end

local HAS_ENDED = {completed = true, failed = true, cancelled = true}

-- Status, end and deadline of a record's first line.
local function facts(state)
  local status, ended, deadline = string.match(state, '^(%S+) %S+ %S+ %S+ (%S+) (%S+)')
  if not HAS_ENDED[status] then
    ended = '-'
  end
  return status, ended, deadline
end

-- Puts a session where its state is looked for, and takes it from where the state before was.
local function index(key, before, after)
  local status, ended, deadline = facts(after)
  local old_status, old_ended, old_deadline = nil, '-', '-'
  if before then
    old_status, old_ended, old_deadline = facts(before)
  end
  if status ~= old_status then
    if old_status then
      redis.call('ZREM', prefix .. 'status:' .. old_status, key)
    end
    redis.call('ZADD', prefix .. 'status:' .. status, 0, key)
  end
  if ended ~= old_ended then
    if ended == '-' then
      redis.call('ZREM', prefix .. 'ended', key)
    else
      redis.call('ZADD', prefix .. 'ended', ended, key)
    end
  end
  if (deadline == '-') ~= (old_deadline == '-') then
    if deadline == '-' then
      redis.call('ZREM', prefix .. 'due', key)
    else
      redis.call('ZADD', prefix .. 'due', 0, key)
    end
  end
end

-- The state, the id and the rest of a session's record; nothing where there is none.
local function session(key)
  local record = redis.call('GET', prefix .. 'session:' .. key)
  if not record then
    return nil
  end
  local first = string.find(record, '\n', 1, true)
  local second = string.find(record, '\n', first + 1, true)
  return string.sub(record, 1, first - 1), string.sub(record, first + 1, second - 1), string.sub(record, second + 1)
end

-- Removes a session with all that belongs to it; gives how many rows its journal had.
local function forget(key, state, id, head)
  local status = facts(state)
  local kept = cjson.decode(head)
  local rows = redis.call('LLEN', prefix .. 'journal:' .. key)
  redis.call('UNLINK', prefix .. 'session:' .. key, prefix .. 'journal:' .. key)
  redis.call('HDEL', prefix .. 'ids', id)
  for _, set in ipairs({'sessions', 'ended', 'due', 'status:' .. status, 'task:' .. kept.task}) do
    redis.call('ZREM', prefix .. set, key)
  end
  if kept.owner then
    redis.call('ZREM', prefix .. 'owner:' .. kept.owner, key)
  end
  for _, label in ipairs(kept.labels or {}) do
    redis.call('ZREM', prefix .. 'label:' .. label[1] .. '=' .. label[2], key)
  end
  if kept.idempotency then
    redis.call('HDEL', prefix .. 'idempotency', kept.idempotency)
  end
  if kept.execution then
    redis.call('HDEL', prefix .. 'executions', kept.execution)
  end
  return rows
end
