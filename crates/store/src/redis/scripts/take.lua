-- Makes a member the owner of those of some slots that nobody owns; gives which. Nothing where it is no member.
local fence = take()
if not is_member(fence) then
  return {'fenced'}
end
local had = {'taken'}
for at = 2, #ARGV do
  if redis.call('HSETNX', prefix .. 'slots', ARGV[at], fence) == 1 then
    had[#had + 1] = ARGV[at]
  end
end
if #had > 1 then
  changed()
end
return had
