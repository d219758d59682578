-- wrk sends the requests of a file in turn, so that no single session is hot. They are separated by a NUL.
local requests, turn = {}, 0

function init(args)
  for raw in io.open(args[1], "rb"):read("*a"):gmatch("%Z+") do
    table.insert(requests, raw)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
