/**
 * The load, in a process of its own so that it takes no time from the servers' event loops: gets
 * one job a message and answers with what it measured.
 * @typedef {{ perSecond: number, p50: number, p99: number, tokens?: string[] }} Measured
 */
import { Agent, request } from 'node:http';

import { verify } from '@node-rs/argon2';
import autocannon from 'autocannon';

const jobs = { requests, refresh, hashes };

process.on('message', ({ kind, ...job }) => {
  jobs[kind](job).then(
    (measured) => process.send({ measured }),
    (error) => process.send({ error: error.stack }),
  );
});

/**
 * Sends each connection's own list of requests, over and over.
 * @param {{ url: string, perConnection: object[][], seconds: number }} job
 */
async function requests({ url, perConnection, seconds }) {
  let next = 0;
  const times = [];
  const run = autocannon({
    url,
    connections: perConnection.length,
    duration: seconds,
    setupClient: (client) => client.setRequests(perConnection[next++]),
  });
  run.on('response', (_client, _status, _bytes, time) => times.push(time)); // the result has whole ms
  const result = await run;
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) throw new Error(`${failed} requests to ${url} failed`);
  return measured(times, result.duration);
}

/**
 * One chain a connection: every answer holds the refresh token of the next request.
 * @param {{ url: string, tokens: string[], seconds: number }} job
 */
async function refresh({ url, tokens, seconds }) {
  const agent = new Agent({ keepAlive: true, maxSockets: tokens.length });
  const times = [];
  const started = performance.now();
  const chain = async (token) => {
    while (performance.now() - started < seconds * 1000) {
      const sent = performance.now();
      token = (await post(url, agent, { refreshToken: token })).refreshToken;
      times.push(performance.now() - sent);
    }
    return token;
  };
  const last = await Promise.all(tokens.map(chain));
  agent.destroy();
  return { ...measured(times, (performance.now() - started) / 1000), tokens: last };
}

/**
 * Nothing but password verification.
 * @param {{ hash: string, password: string, concurrency: number, seconds: number }} job
 */
async function hashes({ hash, password, concurrency, seconds }) {
  const times = [];
  const started = performance.now();
  const worker = async () => {
    while (performance.now() - started < seconds * 1000) {
      const begun = performance.now();
      await verify(hash, password);
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return measured(times, (performance.now() - started) / 1000);
}

/** @returns {Promise<any>} the parsed answer */
function post(url, agent, body) {
  const payload = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': payload.length };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(text)),
      );
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}

/** @returns {Measured} times in milliseconds */
function measured(times, seconds) {
  const sorted = Float64Array.from(times).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { perSecond: sorted.length / seconds, p50: at(0.5), p99: at(0.99) };
}
