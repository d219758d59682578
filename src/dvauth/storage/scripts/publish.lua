-- Publishes for a run of Redis that has nothing yet, or something older; answers whether it did.
-- KEYS[1]: what is published. ARGV: the run id, the revision, then every field and value.
local run_id, revision = unpack(redis.call('HMGET', KEYS[1], 'run_id', 'revision'))
if run_id == ARGV[1] and tonumber(revision or -1) >= tonumber(ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
return 1
