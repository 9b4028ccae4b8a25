/**
 * `spending`: as `packSpending` writes it. `keep` books and returns the token hours by which a context's expiry moves, as `addedTokenHours` and `shareOut`
 * of `../../spending.ts` count and divide them.
 */
export const SPEND = `
local function bill(spending, caller, name, counts)
  local key = spending[1] .. 's:' .. caller .. ':' .. spending[2]
  for kind, number in ipairs(counts) do
    if number ~= 0 then
      redis.call('HINCRBY', key, string.format('%.0f:%d:%s', spending[3], kind, name), string.format('%.0f', number))
    end
  end
  local day = spending[1] .. 'sd:' .. spending[2]
  redis.call('ZADD', day, 0, caller)
  redis.call('EXPIRE', key, 34646400)
  redis.call('EXPIRE', day, 34646400)
end
local function spend(packed)
  if packed == '' then return end
  local spending = cjson.decode(packed)
  for _, row in ipairs(spending[4]) do bill(spending, row[1], row[2], {unpack(row, 3)}) end
end
local function keep(packed, context, caller, now, from, to)
  if packed == '' then return '0' end
  local spending = cjson.decode(packed)
  local name, since, tokens, added = unpack(spending[5])
  if not name then return '0' end
  local function started(time) return math.max(0, math.ceil((time - since) / 3600000)) end
  local over = math.floor((now - since) / 3600000)
  local hours = tokens * (started(to) - started(from)) + added * (started(to) - over)
  if hours == 0 then return '0' end
  local owners, byOwner, sum = {}, {}, 0
  local fields = redis.call('HGETALL', context)
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, 2) == 'h:' then
      local owner = string.sub(fields[at], 3)
      local prompts, completions = string.match(fields[at + 1], '^%d+,%d+,%d+,(%d+),%d+,(%d+)')
      table.insert(owners, owner)
      byOwner[owner] = prompts + completions
      sum = sum + byOwner[owner]
    end
  end
  table.sort(owners)
  local last = byOwner[caller] and caller or owners[1] or caller
  local rest = hours
  for _, owner in ipairs(owners) do
    local share = (owner == last or sum == 0) and 0 or math.floor(hours * byOwner[owner] / sum)
    rest = rest - share
    if share ~= 0 then bill(spending, owner, name, {0, 0, 0, 0, 0, 0, share}) end
  end
  if rest ~= 0 then bill(spending, last, name, {0, 0, 0, 0, 0, 0, rest}) end
  return string.format('%.0f', hours)
end
`;
