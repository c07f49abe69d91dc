-- Removes an ended session.
return once('change', function(fence)
  local key = take()
  local state, id, head = session(key)
  if not state then
    return 'missing'
  end
  if not owned_by(fence)(slot_of(id)) then
    return 'fenced'
  end
  if not HAS_ENDED[facts(state)] then
    return 'lives'
  end
  forget(key, state, id, head)
  return 'removed'
end)
