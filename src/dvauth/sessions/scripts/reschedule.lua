-- Sets when to look at sessions again, unless what their policy depends on has changed since they were read.
-- KEYS  1 due  then each session key
-- ARGV  for each session: id, moment (ms), roles, '1' if the person is remembered or else ''
-- RETURNS nothing
for i = 2, #KEYS do
  local id, moment, roles, remembered = unpack(ARGV, 4 * i - 7, 4 * i - 4)
  local found = redis.call('HMGET', KEYS[i], 'r', 'k')
  if (found[1] or '') == roles and (found[2] or '') == remembered then
    redis.call('ZADD', KEYS[1], 'XX', moment, id)
  end
end
