-- Takes back one attempt that turned out not to be a failure.
-- KEYS  1 account  2 address  3 network  4 all
-- ARGV  1 now (ms)  2 '1' to forget all failures of the account (it logged in), '0' to take back this one
--       3 when this one was counted (ms)  4 when the failure before was (ms), from which its wait goes on
--       5 failures that cost no wait
--       6 few failures are forgotten after (ms)  7 many failures are forgotten after (ms)
--       then for address, network and all: one attempt leaves its bucket every (ms)
-- RETURNS  nothing
local now = tonumber(ARGV[1])

local function lighten(number)
  local key, interval = KEYS[number], tonumber(ARGV[6 + number])
  local empty_at = tonumber(redis.call('GET', key) or 0) - interval
  if empty_at > now then
    redis.call('SET', key, string.format('%.0f', empty_at), 'KEEPTTL')
  else
    redis.call('DEL', key)
  end
end

for number = 2, #KEYS do
  lighten(number)
end
if ARGV[2] == '1' then
  redis.call('DEL', KEYS[1])
elseif tonumber(redis.call('HGET', KEYS[1], 'failures') or 0) > 0 then
  local failures = redis.call('HINCRBY', KEYS[1], 'failures', -1)
  if redis.call('HGET', KEYS[1], 'at') == ARGV[3] then
    redis.call('HSET', KEYS[1], 'at', ARGV[4])
  end
  redis.call('PEXPIRE', KEYS[1], failures < tonumber(ARGV[5]) and ARGV[6] or ARGV[7])
end
