-- Ends sessions of one account: removes them, leaves a tombstone and an event for each. Ended is final.
-- KEYS  1 account  2 due  3 events  then for each session: its session key, its ended key
-- ARGV  1 tombstone lifetime (ms)
--       2 id of the session that stays, if all others must be among the keys; '*' if none stays; '' if not asked
--       3 opened until (ms): younger sessions need not be among the keys either; '+inf': there are none
--       then for each session: id, tombstone (JSON), event (JSON)
-- RETURNS the ids that were ended by this call; or false: not all were among the keys
local stays, listed = ARGV[2], {}
for i = 4, #ARGV, 3 do
  listed[ARGV[i]] = true
end
if stays ~= '' then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])) do
    if id ~= stays and not listed[id] then
      return false
    end
  end
end
local ended = {}
for i = 0, (#ARGV - 3) / 3 - 1 do
  local session, tombstone = KEYS[4 + 2 * i], KEYS[5 + 2 * i]
  local id = ARGV[4 + 3 * i]
  redis.call('ZREM', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
  if redis.call('DEL', session) == 1 then
    redis.call('SET', tombstone, ARGV[5 + 3 * i], 'PX', ARGV[1])
    redis.call('XADD', KEYS[3], '*', 'e', ARGV[6 + 3 * i])
    table.insert(ended, id)
  end
end
return ended
