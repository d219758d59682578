-- Counts a login attempt as failed before it is made, or refuses it and counts nothing.
-- Account: a count of failures in a row, and the time of the last; after each one too many the wait doubles.
-- Address, network and all: a bucket each, kept as the moment it will be empty again.
-- KEYS  1 account  2 address  3 network  4 all
-- ARGV  1 now (ms)  2 failures that cost no wait  3 first wait (ms)  4 longest wait (ms)  5 most failures in a row
--       6 few failures are forgotten after (ms)  7 many failures are forgotten after (ms)
--       then for address, network and all: size of the bucket, one attempt leaves it every (ms)
-- RETURNS  refused by (0 nobody, or the number of the key), wait (ms; -1: no wait helps), failures in a row with this
--          one, whether the buckets of address, of network and of all are now full (0 or 1), and when the failure
--          before was (ms, or 0)
local now = tonumber(ARGV[1])
local free, first, longest, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local function refused(by, wait, failures)
  return { by, math.ceil(wait), failures, 0, 0, 0, 0 }
end

local function account_wait()
  local stored = redis.call('HMGET', KEYS[1], 'failures', 'at')
  local failures, at = tonumber(stored[1] or 0), tonumber(stored[2] or 0)
  if failures < free then
    return 0, failures, at
  end
  return at + math.min(longest, first * 2 ^ (failures - free)) - now, failures, at
end

local function bucket(number)
  local interval = tonumber(ARGV[5 + 2 * number])
  local span = (tonumber(ARGV[4 + 2 * number]) - 1) * interval
  local empty_at = math.max(now, tonumber(redis.call('GET', KEYS[number]) or 0))
  return { wait = empty_at - span - now, empty_at = empty_at + interval, span = span }
end

local wait, failures, at_before = account_wait()
if failures >= most then
  return refused(1, -1, failures)
end
if wait > 0 then
  return refused(1, wait, failures)
end
local buckets = {}
for number = 2, #KEYS do
  buckets[number] = bucket(number)
  if buckets[number].wait > 0 then
    return refused(number, buckets[number].wait, failures)
  end
end

failures = failures + 1
redis.call('HSET', KEYS[1], 'failures', failures, 'at', ARGV[1])
if failures >= most then
  redis.call('PERSIST', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], failures < free and ARGV[6] or ARGV[7])
end
local counted = { 0, 0, failures }
for number = 2, #KEYS do
  local empty_at = buckets[number].empty_at
  redis.call('SET', KEYS[number], string.format('%.0f', empty_at), 'PX', string.format('%.0f', empty_at - now))
  table.insert(counted, empty_at - buckets[number].span > now and 1 or 0)
end
table.insert(counted, at_before)
return counted
