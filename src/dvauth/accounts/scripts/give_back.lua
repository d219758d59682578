-- Takes back one attempt that turned out not to be a failure.
-- KEYS  1 account  2 address  3 all
-- ARGV  1 now (ms)  2 '1' to forget all failures of the account (it logged in), '0' to take back this one
--       3 address: one attempt leaves its bucket every (ms)  4 all: one attempt leaves its bucket every (ms)
--       5 when this one was counted (ms)  6 when the failure before was (ms), from which its wait goes on
--       7 many failures are forgotten after (ms)
-- RETURNS  nothing
local now = tonumber(ARGV[1])

local function lighten(key, interval)
  local empty_at = tonumber(redis.call('GET', key) or 0) - tonumber(interval)
  if empty_at > now then
    redis.call('SET', key, string.format('%.0f', empty_at), 'KEEPTTL')
  else
    redis.call('DEL', key)
  end
end

lighten(KEYS[2], ARGV[3])
lighten(KEYS[3], ARGV[4])
if ARGV[2] == '1' then
  redis.call('DEL', KEYS[1])
elseif tonumber(redis.call('HGET', KEYS[1], 'failures') or 0) > 0 then
  redis.call('HINCRBY', KEYS[1], 'failures', -1)
  if redis.call('HGET', KEYS[1], 'at') == ARGV[5] then
    redis.call('HSET', KEYS[1], 'at', ARGV[6])
  end
  if redis.call('PTTL', KEYS[1]) < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[7])
  end
end
