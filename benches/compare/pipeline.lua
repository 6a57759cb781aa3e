-- Sends so many requests at once.
init = function(args)
  local one = wrk.format()
  local all = {}
  for i = 1, tonumber(args[1]) do
    all[i] = one
  end
  requests = table.concat(all)
end

request = function()
  return requests
end
