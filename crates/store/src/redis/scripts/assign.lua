-- Gives slots to a member; nobody else owns them then.
local fence = take()
if not is_member(fence) then
  return 0
end
for at = 2, #ARGV do
  redis.call('HSET', prefix .. 'slots', ARGV[at], fence)
end
changed()
return 1
