import { redisScript } from '../../platform/redis/index.js';

/**
 * What Redis does with sessions, each script as a whole: nothing else runs meanwhile. Times are
 * Redis's, in milliseconds; what expires is removed by Redis itself.
 *
 *   s:<session>  hash: `d` who and what, sealed · `a` address, sealed · `u` user · `f` family ·
 *                `h` hash of the current secret, `p` of the one before · `n` successor, sealed ·
 *                `g` generation · `r` rotated · `c` created · `l` last used · `x` over, in any case
 *   f:<family>   its session
 *   u:<user>     sorted set: the user's sessions by the time they were opened
 *
 * A session that is not in the set of its user is none: else ending all of a user's sessions
 * would miss it after the set was evicted or deleted. ARGV[1] is the prefix of all keys.
 */
const common = `
local prefix = ARGV[1]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local names = {'d', 'a', 'u', 'f', 'h', 'p', 'n', 'g', 'r', 'c', 'l', 'x'}
local function finish(sid, s)
  redis.call('DEL', prefix .. 's:' .. sid, prefix .. 'f:' .. s.f)
  redis.call('ZREM', prefix .. 'u:' .. s.u, sid)
end
local function good(sid)
  if not sid then return nil end
  local values = redis.call('HMGET', prefix .. 's:' .. sid, unpack(names))
  local s = {}
  for i, name in ipairs(names) do
    if not values[i] then return nil end
    s[name] = values[i]
  end
  local listed = redis.call('ZSCORE', prefix .. 'u:' .. s.u, sid)
  if listed and now < tonumber(s.x) then return s end
  finish(sid, s)
  return nil
end
local function told(s) return {s.d, s.a, s.f, s.g, s.c, s.l, s.x} end
local function allOf(user)
  local found = {}
  for _, sid in ipairs(redis.call('ZREVRANGE', prefix .. 'u:' .. user, 0, -1)) do
    local s = good(sid)
    if s then found[#found + 1] = {sid, s} else redis.call('ZREM', prefix .. 'u:' .. user, sid) end
  end
  return found
end
`;

/** ARGV: session, user, family, secret, data, address, idle, total, keep. Gives it and who had to go. */
export const openSession = redisScript(
  'session_open',
  `${common}
local sid, user, family, total = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[9])
local ended = {}
for i, found in ipairs(allOf(user)) do
  if i > tonumber(ARGV[10]) then
    finish(found[1], found[2])
    ended[#ended + 1] = told(found[2])
  end
end
local ttl = math.min(tonumber(ARGV[8]), total)
local key, index = prefix .. 's:' .. sid, prefix .. 'u:' .. user
redis.call('HSET', key, 'd', ARGV[6], 'a', ARGV[7], 'u', user, 'f', family, 'h', ARGV[5], 'p', '',
  'n', '', 'g', 0, 'r', now, 'c', now, 'l', now, 'x', now + total)
redis.call('PEXPIRE', key, ttl)
redis.call('SET', prefix .. 'f:' .. family, sid, 'PX', ttl)
redis.call('ZADD', index, t[1] * 1000000 + t[2], sid)
if redis.call('PTTL', index) < total then redis.call('PEXPIRE', index, total) end
return {told(good(sid)), ended}`,
);

/** ARGV: session. */
export const findSession = redisScript(
  'session_find',
  `${common}
local s = good(ARGV[2])
return s and told(s)`,
);

/** ARGV: user. Newest first. */
export const listSessions = redisScript(
  'session_list',
  `${common}
local list = {}
for i, found in ipairs(allOf(ARGV[2])) do list[i] = told(found[2]) end
return list`,
);

/** ARGV: family, secret, next secret, successor, address, idle. Of many at once one wins. */
export const rotateSession = redisScript(
  'session_rotate',
  `${common}
local family = ARGV[2]
local sid = redis.call('GET', prefix .. 'f:' .. family)
local s = good(sid)
if not s or s.f ~= family or s.h ~= ARGV[3] then return false end
local key = prefix .. 's:' .. sid
local ttl = math.min(tonumber(ARGV[7]), tonumber(s.x) - now)
redis.call('HSET', key, 'p', s.h, 'h', ARGV[4], 'n', ARGV[5], 'a', ARGV[6], 'r', now, 'l', now)
redis.call('HINCRBY', key, 'g', 1)
redis.call('PEXPIRE', key, ttl)
redis.call('PEXPIRE', prefix .. 'f:' .. family, ttl)
return told(good(sid))`,
);

/** ARGV: family, grace. The session, hash of its previous secret, successor, 1 within the grace. */
export const findFamily = redisScript(
  'session_family',
  `${common}
local s = good(redis.call('GET', prefix .. 'f:' .. ARGV[2]))
if not s or s.f ~= ARGV[2] then return false end
return {told(s), s.p, s.n, now - tonumber(s.r) < tonumber(ARGV[3]) and 1 or 0}`,
);

/**
 * ARGV: family, secret, time. The client cannot have got the answer with this secret: its
 * predecessor stays good for that time.
 */
export const keepGrace = redisScript(
  'session_keep_grace',
  `${common}
local sid = redis.call('GET', prefix .. 'f:' .. ARGV[2])
local s = good(sid)
if not s or s.h ~= ARGV[3] then return 0 end
redis.call('HSET', prefix .. 's:' .. sid, 'r', now + ARGV[4])
return 1`,
);

/** ARGV: session, user. What was ended, if there was such a session of this user. */
export const endSession = redisScript(
  'session_end',
  `${common}
local s = good(ARGV[2])
if not s or s.u ~= ARGV[3] then return false end
finish(ARGV[2], s)
return told(s)`,
);

/** ARGV: user. Gives what was ended. */
export const endSessions = redisScript(
  'session_end_all',
  `${common}
local ended = {}
for i, found in ipairs(allOf(ARGV[2])) do
  finish(found[1], found[2])
  ended[i] = told(found[2])
end
return ended`,
);
