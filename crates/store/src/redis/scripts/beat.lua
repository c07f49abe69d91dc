-- Shows that a member lives; 0 where it is none any more.
local fence = take()
if not is_member(fence) then
  return 0
end
return redis.call('HINCRBY', prefix .. 'beats', fence, 1)
