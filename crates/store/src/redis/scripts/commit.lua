-- Writes a batch: its rows, what they do to their sessions, and its events. Each row is checked before it is written; one
-- that cannot be is left out, with all that follow it in its session and the events that they cause. Nothing is written where
-- the log of events ends before what the writer knows of it.

local refused, refusals, left_out = {}, {}, {}

local function create(key, row, body, new)
  if row ~= 0 then
    return 'row 0'
  end
  local place = prefix .. 'session:' .. key
  if redis.call('EXISTS', place) == 1 or redis.call('HEXISTS', prefix .. 'ids', new.id) == 1 then
    return 'present'
  end
  if new.idempotency ~= '' and redis.call('HEXISTS', prefix .. 'idempotency', new.idempotency) == 1 then
    return 'idempotency'
  end
  if new.execution ~= '' and redis.call('HEXISTS', prefix .. 'executions', new.execution) == 1 then
    return 'execution'
  end
  redis.call('SET', place, new.state .. '\n' .. new.id .. '\n' .. new.head)
  redis.call('HSET', prefix .. 'ids', new.id, key)
  redis.call('RPUSH', prefix .. 'journal:' .. key, body)
  redis.call('ZADD', prefix .. 'sessions', 0, key)
  if new.owner ~= 'server' then
    redis.call('ZADD', prefix .. 'owner:' .. new.owner, 0, key)
  end
  redis.call('ZADD', prefix .. 'task:' .. new.task, 0, key)
  for _, label in ipairs(new.labels) do
    redis.call('ZADD', prefix .. 'label:' .. label, 0, key)
  end
  index(key, nil, new.state)
  if new.idempotency ~= '' then
    redis.call('HSET', prefix .. 'idempotency', new.idempotency, new.id .. ' ' .. new.digest)
  end
  if new.execution ~= '' then
    redis.call('HSET', prefix .. 'executions', new.execution, new.id)
  end
end

local function append(key, row, body, state)
  local journal = prefix .. 'journal:' .. key
  local next_row = redis.call('LLEN', journal)
  if next_row == 0 then
    return 'missing'
  end
  if next_row ~= row then
    return 'row ' .. next_row
  end
  if state then
    local before, id, head = session(key)
    if not before then
      return 'missing'
    end
    index(key, before, state)
    redis.call('SET', prefix .. 'session:' .. key, state .. '\n' .. id .. '\n' .. head)
  end
  redis.call('RPUSH', journal, body)
end

-- The ends of the names of the indexes that a question stands in: of all, and of its owner's where that is not the server.
local function indexes(text)
  local owner = string.match(text, '^[^\n]*\n([^\n]*)\n')
  return owner == 'server' and {''} or {'', ':' .. owner}
end

-- Stands for no deadline: what has none is only in the order of age.
local ENDLESS = '7fffffffffffffff'

local function list_request(whose, place, due)
  redis.call('ZADD', prefix .. 'requests:age' .. whose, 0, place)
  if due ~= ENDLESS then
    redis.call('ZADD', prefix .. 'requests:deadline' .. whose, 0, due .. place)
  end
end

local function unlist_request(whose, place, due)
  redis.call('ZREM', prefix .. 'requests:age' .. whose, place)
  if due ~= ENDLESS then
    redis.call('ZREM', prefix .. 'requests:deadline' .. whose, due .. place)
  end
end

-- Puts a question of a session to somebody, or takes it back. A session is there for them as long as one is open.
local function ask(assignee, key, place, due)
  local whose, open = ':\t' .. assignee, key .. ' ' .. assignee
  list_request(whose, place, due)
  if redis.call('HINCRBY', prefix .. 'asked', open, 1) == 1 then
    redis.call('ZADD', prefix .. 'asked:' .. assignee, 0, key)
  end
end

local function stop_asking(assignee, key, place, due)
  local whose, open = ':\t' .. assignee, key .. ' ' .. assignee
  unlist_request(whose, place, due)
  if redis.call('HINCRBY', prefix .. 'asked', open, -1) <= 0 then
    redis.call('HDEL', prefix .. 'asked', open)
    redis.call('ZREM', prefix .. 'asked:' .. assignee, key)
  end
end

-- Opens and closes questions of a session.
local function change_requests(key, changes)
  for _, change in ipairs(changes) do
    if change.text then
      for _, assignee in ipairs(change.assignees) do
        ask(assignee, key, change.place, change.due)
      end
      redis.call('HSET', prefix .. 'requests', change.place, change.text)
      for _, whose in ipairs(indexes(change.text)) do
        list_request(whose, change.place, change.due)
      end
    else
      local text = redis.call('HGET', prefix .. 'requests', change.place)
      if text then
        redis.call('HDEL', prefix .. 'requests', change.place)
        for _, assignee in ipairs(change.assignees) do
          stop_asking(assignee, key, change.place, string.sub(text, 1, 16))
        end
        for _, whose in ipairs(indexes(text)) do
          unlist_request(whose, change.place, string.sub(text, 1, 16))
        end
      end
    end
  end
end

local function append_all(fence)
  local owns = owned_by(fence)
  for at = 1, tonumber(take()) do
    local change, key, slot, row, body = take(), take(), take(), tonumber(take()), take()
    local state, new
    if change == 'update' then
      state = take()
    elseif change == 'create' then
      new = {
        state = take(), id = take(), owner = take(), task = take(), idempotency = take(), digest = take(),
        execution = take(), labels = {}, head = take(),
      }
      for label = 1, tonumber(take()) do
        new.labels[label] = take()
      end
    end
    local requests = {}
    if change ~= 'too_large' then
      for request = 1, tonumber(take()) do
        local word, place = take(), take()
        local change = word == 'open' and {place = place, due = take(), text = take()} or {place = place}
        change.assignees = {}
        for assignee = 1, tonumber(take()) do
          change.assignees[assignee] = take()
        end
        requests[request] = change
      end
    end
    local reason = refused[key]
    if not reason and not owns(slot) then
      reason = 'fenced'
    end
    if not reason and change == 'too_large' then
      reason = change
    end
    if not reason then
      reason = new and create(key, row, body, new) or not new and append(key, row, body, state) or nil
    end
    if not reason then
      change_requests(key, requests)
    else
      refused[key] = reason
      left_out[at] = true
      refusals[#refusals + 1] = (at - 1) .. ' ' .. reason
    end
  end
end

-- Numbers the events that are to be kept and writes them, one entry of the stream for each run of one owner's. Adds what is
-- to be published of them to `published`.
local function record_all(fence, last, published)
  local owner, first, lines
  local function flush()
    if lines then
      local body = table.concat(lines)
      redis.call('XADD', prefix .. 'events', string.format('%.0f-0', last), 'first', first, 'owner', owner,
        'body', body, 'writer', fence)
      published[#published + 1] = string.format('%s %.0f %d %d\n', first, last, #owner, #body) .. owner .. body
      if owner ~= 'server' then
        redis.call('ZADD', prefix .. 'events:of:' .. owner, last, string.format('%.0f', last))
        redis.call('SADD', prefix .. 'events:owners', owner)
      end
    end
  end
  for _ = 1, tonumber(take()) do
    local cause, of, json = tonumber(take()), take(), take()
    if not left_out[cause] then
      if of ~= owner then
        flush()
        owner, first, lines = of, string.format('%.0f', last + 1), {}
      end
      last = last + 1
      lines[#lines + 1] = string.sub(json, 1, -2) .. string.format(',"seq":%.0f}\n', last)
    end
  end
  flush()
  return last
end

-- What the writer knows of the log of events, and whether it is published here.
local known_generation, known, publishes = take(), take(), take()
local log = redis.call('HMGET', prefix .. 'meta', 'events', 'generation')
local before, generation = log[1] or '0', log[2] or '0'
if known_generation == generation and tonumber(before) < tonumber(known) then
  return {'lost', ''}
end

return once('batch', function(fence)
  append_all(fence)
  local published = {generation .. ' ' .. fence .. '\n'}
  local last = record_all(fence, tonumber(before), published)
  if last > tonumber(before) then
    redis.call('HSET', prefix .. 'meta', 'events', string.format('%.0f', last))
    if publishes == 'here' and redis.call('HLEN', prefix .. 'members') > 1 then
      publish('events', table.concat(published))
    end
  end
  return before .. '\n' .. table.concat(refusals, '\n')
end)
