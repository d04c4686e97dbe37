import { redisScript } from '../redis/index.js';

/**
 * The algorithms of `sliding-window.ts` and `token-bucket.ts` once more, for Redis; a test holds
 * them against each other. Times are Redis's, in milliseconds; a clock that was set back stands
 * still. A counter expires when it says nothing any more. What is kept in a form that is not ours
 * counts as nothing.
 *
 * KEYS: the counter. ARGV: quota, window, burst. Gives allowed (1 or 0), remaining, reset.
 */
const common = `
local quota, window, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local kept = redis.call('GET', KEYS[1])
local function keep(format, ttl, ...)
  redis.call('SET', KEYS[1], string.format(format, ...), 'PX', math.max(1, math.ceil(ttl)))
end
`;

/** Keeps: start of the current window, hits in it, hits in the one before. */
export const hitSlidingWindow = redisScript(
  'limit_sliding_window',
  `${common}
local start, current, previous = now, 0, 0
if kept then
  local s, c, p = string.match(kept, '^(%S+) (%S+) (%S+)$')
  s, c, p = tonumber(s), tonumber(c), tonumber(p)
  if s and c and p then start, current, previous = math.min(s, now), c, p end
end
local passed = math.floor((now - start) / window)
if passed > 0 then
  previous = passed == 1 and current or 0
  current = 0
  start = start + passed * window
end
local age = now - start
local used = current + previous * (1 - age / window)
if used + 1 > quota + 1e-6 then
  local wait
  if current <= quota - 1 then
    wait = window * (1 - (quota - 1 - current) / previous) - age
  else
    wait = window - age + math.max(0, window * (1 - (quota - 1) / current))
  end
  return {0, 0, math.ceil(wait)}
end
keep('%.17g %.17g %.17g', 2 * window - age, start, current + 1, previous)
return {1, math.max(0, math.floor(quota - used - 1 + 1e-6)), math.ceil(window - age)}`,
);

/** Keeps: a time, and what was missing in the bucket then. */
export const hitTokenBucket = redisScript(
  'limit_token_bucket',
  `${common}
local per, at, missing = quota / window, now, 0
if kept then
  local a, m = string.match(kept, '^(%S+) (%S+)$')
  a, m = tonumber(a), tonumber(m)
  if a and m then at, missing = math.min(a, now), m end
end
missing = math.min(math.max(0, missing - (now - at) * per), burst)
local lacking = missing + 1 - burst
if lacking > 1e-6 then return {0, 0, math.ceil(lacking / per)} end
keep('%.17g %.17g', (missing + 1) / per, now, missing + 1)
local remaining = math.max(0, math.floor(burst - missing - 1 + 1e-6))
return {1, remaining, math.ceil(math.max(missing + 1, remaining) / per)}`,
);
