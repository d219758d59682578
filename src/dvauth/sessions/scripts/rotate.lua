-- Same session, new secret, and none for portals; with an instant: the person has authenticated again, and both clocks
-- restart.
-- KEYS  1 session  2 account  3 due
-- ARGV  1 digest that must be there now  2 new digest  3 authenticated at (ms), or '' to leave the clocks alone
--       4 forget at (ms)  5 '1' if the person is to be remembered, else ''  6 due at (ms)  7 session id
-- RETURNS 1; or false: the session is gone, or its secret is another one by now
if redis.call('HGET', KEYS[1], 's') ~= ARGV[1] then
  return false
end
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.match(field, '^s%d+$') then
    redis.call('HDEL', KEYS[1], field)
  end
end
redis.call('HSET', KEYS[1], 's', ARGV[2])
redis.call('HDEL', KEYS[1], 'n')
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'f', ARGV[3], 't', ARGV[3])
  if ARGV[5] == '1' then
    redis.call('HSET', KEYS[1], 'k', '1')
  else
    redis.call('HDEL', KEYS[1], 'k')
  end
  redis.call('ZADD', KEYS[3], 'XX', 'LT', ARGV[6], ARGV[7]) -- whoever is no longer remembered ends sooner
  redis.call('PEXPIREAT', KEYS[1], ARGV[4])
  if redis.call('PTTL', KEYS[2]) < redis.call('PTTL', KEYS[1]) then
    redis.call('PEXPIREAT', KEYS[2], ARGV[4])
  end
end
return 1
