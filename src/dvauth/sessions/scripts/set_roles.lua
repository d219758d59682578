-- Gives live sessions new roles, and marks them for a new secret on the person's next page of dvauth.
-- KEYS  1 account  2 due  then each session key
-- ARGV  1 roles  2 now (ms)  then each session id
-- RETURNS the number of sessions changed; or false: the account has a session that is not among the keys
local listed = {}
for i = 3, #ARGV do
  listed[ARGV[i]] = true
end
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if not listed[id] then
    return false
  end
end
local changed = 0
for i = 3, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('HSET', KEYS[i], 'r', ARGV[1], 'n', '1')
    redis.call('ZADD', KEYS[2], 'XX', 'LT', ARGV[2], ARGV[i])
    changed = changed + 1
  end
end
return changed
