-- Same session, new secret.
-- KEYS  1 session
-- ARGV  1 digest that must be there now  2 new digest  3 '1' to forget the portals' secrets too
--       then fields and values to set along with it (any number of pairs)
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
redis.call('HSET', KEYS[1], 's', ARGV[2], unpack(ARGV, 4))
redis.call('HDEL', KEYS[1], 'n')
return 1
