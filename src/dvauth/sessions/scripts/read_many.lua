-- Reads the same fields of many sessions in one round trip. Writes nothing.
-- KEYS  session keys
-- ARGV  field names
-- RETURNS for each session its values in the order of the names; a session that is gone has only nils
local found = {}
for i, key in ipairs(KEYS) do
  found[i] = redis.call('HMGET', key, unpack(ARGV))
end
return found
