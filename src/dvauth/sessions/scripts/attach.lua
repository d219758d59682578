-- Gives a portal's host a secret of its own for a live session.
-- KEYS  1 session
-- ARGV  1 portal's digest field  2 digest  3 digest of the central secret under which this was granted
-- RETURNS 1; or false: the session is gone, or has another central secret by now
if redis.call('HGET', KEYS[1], 's') ~= ARGV[3] then
  return false
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
