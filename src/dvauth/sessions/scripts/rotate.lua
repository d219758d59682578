-- Same session, new secret; with an instant: the person has authenticated again, and both clocks restart.
-- KEYS  1 session  2 account  3 due
-- ARGV  1 digest that must be there now  2 new digest  3 '1' to forget the portals' secrets too
--       4 authenticated at (ms), or '' to leave the clocks alone  5 forget at (ms)
--       6 '1' if the person is to be remembered, else ''  7 due at (ms)  8 session id
-- RETURNS 1; or false: the session is gone, or its secret is another one by now
if redis.call('HGET', KEYS[1], 's') ~= ARGV[1] then
  return false
end
if ARGV[3] == '1' then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.match(field, '^s%d+$') then
      redis.call('HDEL', KEYS[1], field)
    end
  end
end
redis.call('HSET', KEYS[1], 's', ARGV[2])
redis.call('HDEL', KEYS[1], 'n')
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'f', ARGV[4], 't', ARGV[4])
  if ARGV[6] == '1' then
    redis.call('HSET', KEYS[1], 'k', '1')
  else
    redis.call('HDEL', KEYS[1], 'k')
  end
  redis.call('ZADD', KEYS[3], 'XX', 'LT', ARGV[7], ARGV[8]) -- whoever is no longer remembered ends sooner
  redis.call('PEXPIREAT', KEYS[1], ARGV[5])
  if redis.call('PTTL', KEYS[2]) < redis.call('PTTL', KEYS[1]) then
    redis.call('PEXPIREAT', KEYS[2], ARGV[5])
  end
end
return 1
