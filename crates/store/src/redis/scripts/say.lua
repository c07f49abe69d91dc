-- What a member says of itself from now on; 0 where it is none any more.
local fence, says = take(), take()
if not is_member(fence) then
  return 0
end
redis.call('HSET', prefix .. 'members', fence, says)
changed()
return 1
