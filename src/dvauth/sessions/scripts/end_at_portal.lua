-- Ends a session at one portal, until the person authenticates again. The session lives on elsewhere.
-- KEYS  1 session  2 events
-- ARGV  1 portal's activity field  2 its value when it was judged, or ''  3 its new value: a letter for the reason,
--       then the moment (ms)  4 authenticated at, when it was judged (ms)  5 last activity, when it was judged (ms)
--       6 event (JSON)
-- RETURNS 1; or false: the session is gone, or something moved since it was judged
local authenticated, activity, visit = unpack(redis.call('HMGET', KEYS[1], 'f', 't', ARGV[1]))
if not authenticated or authenticated ~= ARGV[4] or activity ~= ARGV[5] or (visit or '') ~= ARGV[2] then
  return false
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[6])
return 1
