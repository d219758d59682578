-- Ends sessions of one bucket that were judged to be over: as end.lua does, except what was active since.
-- KEYS  1 due  2 events  then for each session: its session key, its ended key, its account key
-- ARGV  1 tombstone lifetime (ms)
--       then for each session: the last activity that was judged (ms), id, tombstone (JSON), event (JSON)
-- RETURNS the ids that were ended by this call
local ended = {}
for i = 0, (#KEYS - 2) / 3 - 1 do
  local session, tombstone, account = KEYS[3 + 3 * i], KEYS[4 + 3 * i], KEYS[5 + 3 * i]
  local judged, id = ARGV[2 + 4 * i], ARGV[3 + 4 * i]
  local activity = redis.call('HGET', session, 't')
  if not activity or activity == judged then
    redis.call('ZREM', account, id)
    redis.call('ZREM', KEYS[1], id)
  end
  if activity == judged then
    redis.call('DEL', session)
    redis.call('SET', tombstone, ARGV[4 + 4 * i], 'PX', ARGV[1])
    redis.call('XADD', KEYS[2], '*', 'e', ARGV[5 + 4 * i])
    table.insert(ended, id)
  end
end
return ended
