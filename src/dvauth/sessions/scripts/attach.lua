-- Gives a portal's host a secret of its own for a live session.
-- KEYS  1 session
-- ARGV  1 portal's digest field  2 digest
-- RETURNS 1; or false: the session is gone
if redis.call('EXISTS', KEYS[1]) == 0 then
  return false
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
