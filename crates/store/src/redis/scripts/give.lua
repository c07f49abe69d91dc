-- Makes another member the owner of those of some slots that this member owns; they are nobody's where it is none any more.
local fence, to = take(), take()
if not is_member(fence) then
  return 0
end
local reaches = is_member(to)
for at = 3, #ARGV do
  if redis.call('HGET', prefix .. 'slots', ARGV[at]) == fence then
    if reaches then
      redis.call('HSET', prefix .. 'slots', ARGV[at], to)
    else
      redis.call('HDEL', prefix .. 'slots', ARGV[at])
    end
  end
end
changed()
return 1
