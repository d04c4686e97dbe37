/**
 * `npm run test:security`: the tests of test/security with a longer fuzz, then sqlmap and wapiti where
 * they are installed. Writes reports/security.md and ends with 1 when anything was found.
 *
 * FUZZ_REQUESTS (20000), FUZZ_SEED (of the day), ATTACK_SECONDS for each program (300).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

import { attackers, installed } from './attackers.js';
import { answersOf, startService } from './service.js';

const {
  FUZZ_REQUESTS = '20000',
  FUZZ_SEED = String(Math.floor(Date.now() / 86_400_000)),
  ATTACK_SECONDS = '300',
} = process.env;
const fuzzReport = 'reports/fuzz.json';

mkdirSync('reports', { recursive: true });
rmSync(fuzzReport, { force: true });
const tests = runTests();
const attacks = await runAttackers();
const findings = [
  ...(tests === 0 ? [] : [`tests of test/security failed (exit code ${tests})`]),
  ...fuzzFindings(),
  ...attacks.flatMap(({ name, results }) =>
    results.flatMap(({ found, failed }) =>
      [...found, ...(failed ? [`did not run: ${failed}`] : [])].map((text) => `${name}: ${text}`),
    ),
  ),
];
writeFileSync('reports/security.md', report());
console.log(`reports/security.md: ${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;

function runTests() {
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
  const only = ['--selectProjects', 'integration', '--testPathPatterns', 'test/security/'];
  const env = { ...process.env, FUZZ_REQUESTS, FUZZ_SEED, FUZZ_REPORT: fuzzReport };
  return spawnSync(process.execPath, [...jest, ...only], { stdio: 'inherit', env }).status;
}

async function runAttackers() {
  const present = Object.keys(attackers).filter(installed);
  if (present.length === 0) return [];
  const service = await startService();
  const outcomes = [];
  try {
    for (const name of present) {
      console.log(`${name}, for at most ${ATTACK_SECONDS} s`);
      const results = await attackers[name](service, Number(ATTACK_SECONDS));
      outcomes.push({ name, results });
    }
    const { count, failures } = await answersOf(service.url);
    const tried = 'all of it, looked at from the metrics';
    outcomes.push({ name: 'service', results: [{ tried, requests: count, found: failures }] });
  } finally {
    await service.stop();
  }
  return outcomes;
}

function fuzzFindings() {
  try {
    const { findings: found, seed } = JSON.parse(readFileSync(fuzzReport, 'utf8'));
    return found.map(
      ({ complaint, request: { method, url } }) =>
        `fuzzer, seed ${seed}: ${method} ${url.slice(0, 200)}: ${complaint}`,
    );
  } catch {
    return ['the fuzzer left no report'];
  }
}

function report() {
  const missing = Object.keys(attackers).filter((name) => !attacks.some((a) => a.name === name));
  const rows = attacks.flatMap(({ name, results }) =>
    results.map(
      ({ tried, requests, found, late }) =>
        `| ${name} | ${tried.replaceAll('|', '\\|')} | ${requests} | ${found.length} | ${late ? 'yes' : 'no'} |`,
    ),
  );
  return [
    '# What attackers found',
    '',
    `${new Date().toISOString()} · fuzzer: ${FUZZ_REQUESTS} requests from seed ${FUZZ_SEED}`,
    ...(missing.length > 0 ? ['', `Not installed: ${missing.join(', ')}.`] : []),
    '',
    '## Findings',
    '',
    ...(findings.length > 0
      ? findings.map((text) => `- ${text.replaceAll('\n', ' ')}`)
      : ['None.']),
    '',
    '## What was tried',
    '',
    '| by | what | requests | findings | out of time |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
