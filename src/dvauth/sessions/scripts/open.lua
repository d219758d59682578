-- Opens a session, and ends the least recently active ones over the account's limit.
-- KEYS  1 session  2 account  3 due  4 events  then for each session the account has: its session key, its ended key
-- ARGV  1 session id  2 due at (ms)  3 forget at (ms)  4 created at (ms)  5 most sessions  6 event (JSON)
--       7 tombstone lifetime (ms)  8 number of fields f  then 2f fields and values
--       then for each session the account has: id, tombstone (JSON), event (JSON)
-- RETURNS the ids that were ended; or false: the account has a session that is not among the keys, read again
local fields = tonumber(ARGV[8])
local base = 8 + 2 * fields
local others, listed = {}, {}
for i = 0, (#KEYS - 4) / 2 - 1 do
  local other = { session = KEYS[5 + 2 * i], ended = KEYS[6 + 2 * i],
                  id = ARGV[base + 1 + 3 * i], tombstone = ARGV[base + 2 + 3 * i], event = ARGV[base + 3 + 3 * i] }
  listed[other.id] = true
  other.activity = tonumber(redis.call('HGET', other.session, 't'))
  if other.activity then
    table.insert(others, other)
  else
    redis.call('ZREM', KEYS[2], other.id)
    redis.call('ZREM', KEYS[3], other.id)
  end
end
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if not listed[id] then
    return false
  end
end
table.sort(others, function(a, b) return a.activity < b.activity end)
local evicted = {}
for i = 1, #others + 1 - tonumber(ARGV[5]) do
  local other = others[i]
  redis.call('DEL', other.session)
  redis.call('ZREM', KEYS[2], other.id)
  redis.call('ZREM', KEYS[3], other.id)
  redis.call('SET', other.ended, other.tombstone, 'PX', ARGV[7])
  redis.call('XADD', KEYS[4], '*', 'e', other.event)
  table.insert(evicted, other.id)
end
redis.call('HSET', KEYS[1], unpack(ARGV, 9, base))
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
if redis.call('PTTL', KEYS[2]) < redis.call('PTTL', KEYS[1]) then -- the list outlives every session in it
  redis.call('PEXPIREAT', KEYS[2], ARGV[3])
end
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
redis.call('XADD', KEYS[4], '*', 'e', ARGV[6])
return evicted
