-- Sets when to look at sessions again, unless their roles, and so their policies, have changed since they were read.
-- KEYS  1 due  then each session key
-- ARGV  for each session: id, moment (ms), roles
-- RETURNS nothing
for i = 2, #KEYS do
  local id, moment, roles = unpack(ARGV, 3 * i - 5, 3 * i - 3)
  if (redis.call('HGET', KEYS[i], 'r') or '') == roles then
    redis.call('ZADD', KEYS[1], 'XX', moment, id)
  end
end
