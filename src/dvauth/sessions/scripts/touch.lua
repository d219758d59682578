-- Records activity: extends a live session, never creates one, never moves time backwards.
-- KEYS  1 session  2 events
-- ARGV  1 activity at (ms)  2 the deadline it was judged by (ms)  3 now (ms), or '' for Redis TIME
--       4 portal's activity field, or ''  5 event (JSON), or ''
-- RETURNS last activity at, the one before it, last activity at this portal or nil (ms);
--         or now (ms), which is past the deadline; or false: the session is gone, or ended at this portal
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local last, authenticated = unpack(redis.call('HMGET', KEYS[1], 't', 'f'))
if not last then
  return false
end
if now >= tonumber(ARGV[2]) then
  return now
end
local activity, portal, visit = tonumber(ARGV[1]), ARGV[4], nil
if portal ~= '' then
  local before = redis.call('HGET', KEYS[1], portal) or last
  local ended_at = string.match(before, '^%a(%d+)$')
  if ended_at and tonumber(ended_at) >= tonumber(authenticated) then
    return false
  end
  visit = math.max(activity, tonumber(ended_at and authenticated or before))
  redis.call('HSET', KEYS[1], portal, string.format('%d', visit))
end
local previous = tonumber(last)
last = math.max(activity, previous)
redis.call('HSET', KEYS[1], 't', string.format('%d', last))
if ARGV[5] ~= '' then
  redis.call('XADD', KEYS[2], '*', 'e', ARGV[5])
end
return { last, previous, visit }
