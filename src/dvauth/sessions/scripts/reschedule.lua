-- Sets when to look at sessions again: when they end unless there is activity. Early does no harm, late does.
-- KEYS  1 due  then each session key
-- ARGV  1 limits (JSON): by roles the idle and the absolute limit (ms), for a session and for a remembered one
--       then each session id
-- RETURNS the roles that have no limits; their sessions stay due when they were
local limits, unknown = cjson.decode(ARGV[1]), {}
for i = 2, #KEYS do
  local roles, authenticated, activity, remember = unpack(redis.call('HMGET', KEYS[i], 'r', 'f', 't', 'k'))
  local limit = limits[roles or '']
  if activity and limit then
    local idle, absolute = unpack(limit[remember and 2 or 1])
    redis.call('ZADD', KEYS[1], 'XX', math.min(activity + idle, authenticated + absolute), ARGV[i])
  elseif activity then
    table.insert(unknown, roles or '')
  end
end
return unknown
