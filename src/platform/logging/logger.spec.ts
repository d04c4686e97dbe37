import { runInContext } from '../context/request-context.js';
import { Metrics } from '../telemetry/metrics.js';
import { LogStream } from './log-stream.js';
import { createLogger } from './logger.js';

const metrics = new Metrics();

describe('Logger', () => {
  const lines: string[] = [];
  const { isTTY } = process.stdout;

  beforeEach(() => {
    lines.length = 0;
    process.stdout.isTTY = false;
    jest.spyOn(LogStream.prototype, 'write').mockImplementation((line) => void lines.push(line));
  });
  afterEach(() => {
    jest.restoreAllMocks();
    process.stdout.isTTY = isTTY;
  });

  it('[V16.2.4] writes JSON, a line each, with level, time and request id', () => {
    const context = { origin: 'http', requestId: 'request-1', address: null, userAgent: null };
    const logger = createLogger('info', metrics);
    runInContext(context as never, () => logger.info({ status: 200 }, 'request'));
    logger.debug('not written');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
      requestId: 'request-1',
      status: 200,
      msg: 'request',
    });
  });

  it('[V16.4.1] keeps line breaks and escape sequences inside the line', () => {
    const forged = 'x\n{"level":"info","msg":"all is well"}\r\n\u001b[2K\u2028';
    createLogger('info', metrics).warn({ forged, [forged]: 1 }, forged);
    expect(lines).toHaveLength(1);
    // eslint-disable-next-line no-control-regex -- the characters it looks for
    expect(lines[0]!.slice(0, -1)).not.toMatch(/[\u0000-\u001f]/);
    expect(JSON.parse(lines[0]!)).toMatchObject({ msg: forged, forged });
  });

  it('[V16.2.5] writes no secret, whichever way it is given', () => {
    const logger = createLogger('info', metrics);
    const failure = Object.assign(new Error('failed'), { parameters: ['hunter2'] });
    logger.error({ err: failure }, 'failed');
    logger.error(failure);
    logger.info({ body: { password: 'hunter2' } }, 'body');
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toContain('hunter2');
    expect(JSON.parse(lines[0]!)).toMatchObject({ err: { type: 'Error', message: 'failed' } });
    expect(JSON.parse(lines[1]!)).toMatchObject({ err: { type: 'Error' }, msg: 'failed' });
  });
});
