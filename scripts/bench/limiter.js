/**
 * `npm run bench -- --only limiter`: what the limiter takes of a request without Redis: finding the
 * policy, counting, the header fields and the usage.
 */
import { loadConfig, PerimeterConfig } from '../../dist/platform/config/index.js';
import { Metrics } from '../../dist/platform/telemetry/metrics.js';
import { Blocks } from '../../dist/platform/throttling/blocks.js';
import { Counters } from '../../dist/platform/throttling/counters.js';
import { LimitPolicies } from '../../dist/platform/throttling/limit-policies.js';
import { LimitUsage } from '../../dist/platform/throttling/limit-usage.js';
import { RateLimiter } from '../../dist/platform/throttling/rate-limiter.js';

const requests = 1_000_000;
const perimeter = loadConfig({ RATE_LIMIT_SCALE: '1000000' }).get(PerimeterConfig);
const metrics = new Metrics();
const noRedis = { configured: false, connected: false };

function limiter() {
  const counters = new Counters(noRedis, metrics);
  const policies = new LimitPolicies(perimeter);
  return new RateLimiter(policies, counters, new Blocks(perimeter), new LimitUsage(), metrics);
}

function microseconds(contextOf) {
  const measured = limiter();
  const reply = { header: () => reply };
  const request = { method: 'GET', headers: {}, routeOptions: { url: '/api/v1/users/me' } };
  let started;
  for (let index = -50_000; index < requests; index++) {
    if (index === 0) started = performance.now();
    request.context = contextOf(index);
    measured.count(request, reply);
  }
  return ((performance.now() - started) / requests) * 1000;
}

const byte = (index, shift) => (index >> shift) & 255;
const cases = {
  'one user': () => ({ address: '203.0.113.7', principal: { userId: 'ada' } }),
  'one API key': () => ({
    address: '203.0.113.7',
    principal: { userId: 'ada', apiKeyId: 'key', requestsPerMinute: 100 },
  }),
  'a million IPv4 addresses': (index) => ({
    address: `10.${byte(index, 16)}.${byte(index, 8)}.${byte(index, 0)}`,
  }),
  'a million IPv6 networks': (index) => ({
    address: `2001:db8:${(index >>> 16).toString(16)}:${(index & 0xffff).toString(16)}::1`,
  }),
};
console.log('| callers | µs a request |\n| --- | ---: |');
for (const [name, contextOf] of Object.entries(cases)) {
  console.log(`| ${name} | ${microseconds(contextOf).toFixed(2)} |`);
}
