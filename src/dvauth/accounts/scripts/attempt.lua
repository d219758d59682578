-- Counts a login attempt as failed before it is made, or refuses it and counts nothing.
-- Account: a count of failures in a row, and the time of the last; after each one too many the wait doubles.
-- Address and all: a bucket, kept as the moment it will be empty again.
-- KEYS  1 account  2 address  3 all
-- ARGV  1 now (ms)  2 failures that cost no wait  3 first wait (ms)  4 longest wait (ms)  5 most failures in a row
--       6 few failures are forgotten after (ms)  7 many failures are forgotten after (ms)
--       8 address: size of the bucket  9 address: one attempt leaves it every (ms)
--       10 all: size of the bucket  11 all: one attempt leaves it every (ms)
-- RETURNS  refused by (0 nobody, 1 account, 2 address, 3 all), wait (ms; -1: no wait helps), failures in a row with
--          this one, whether the bucket of 2 and of 3 is now full (0 or 1), and when the failure before was (ms, or 0)
local now = tonumber(ARGV[1])
local free, first, longest, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local function account_wait()
  local stored = redis.call('HMGET', KEYS[1], 'failures', 'at')
  local failures, at = tonumber(stored[1] or 0), tonumber(stored[2] or 0)
  if failures < free then
    return 0, failures, at
  end
  return at + math.min(longest, first * 2 ^ (failures - free)) - now, failures, at
end

local function bucket_wait(key, size, interval)
  local empty_at = math.max(now, tonumber(redis.call('GET', key) or 0))
  return empty_at - (size - 1) * interval - now, empty_at + interval
end

local size2, interval2 = tonumber(ARGV[8]), tonumber(ARGV[9])
local size3, interval3 = tonumber(ARGV[10]), tonumber(ARGV[11])
local wait1, failures, at_before = account_wait()
if failures >= most then
  return { 1, -1, failures, 0, 0, 0 }
end
local wait2, empty_at2 = bucket_wait(KEYS[2], size2, interval2)
local wait3, empty_at3 = bucket_wait(KEYS[3], size3, interval3)
for scope, wait in ipairs({ wait1, wait2, wait3 }) do
  if wait > 0 then
    return { scope, math.ceil(wait), failures, 0, 0, 0 }
  end
end

failures = failures + 1
redis.call('HSET', KEYS[1], 'failures', failures, 'at', ARGV[1])
if failures >= most then
  redis.call('PERSIST', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], failures < free and ARGV[6] or ARGV[7])
end
redis.call('SET', KEYS[2], string.format('%.0f', empty_at2), 'PX', string.format('%.0f', empty_at2 - now))
redis.call('SET', KEYS[3], string.format('%.0f', empty_at3), 'PX', string.format('%.0f', empty_at3 - now))
local full2 = empty_at2 - (size2 - 1) * interval2 > now and 1 or 0
local full3 = empty_at3 - (size3 - 1) * interval3 > now and 1 or 0
return { 0, 0, failures, full2, full3, at_before }
