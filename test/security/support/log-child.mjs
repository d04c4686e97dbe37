// The real logger in a process of its own, run from its TypeScript source.
// Commands come over IPC: `flood <lines>`, `stats`, `stop`, `fatal`.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    const ours = specifier.startsWith('.') && context.parentURL?.includes('/src/');
    return next(ours ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});

const { createLogger } = await import('../../../src/platform/logging/logger.ts');

let dropped = 0;
const metrics = { counter: () => ({ inc: (lines = 1) => (dropped += lines) }) };
const logger = createLogger('info', metrics);

// Turns of the event loop: a blocked one takes none.
let turns = 0;
setInterval(() => turns++, 10).unref();

process.on('message', ({ command, lines }) => {
  if (command === 'flood') {
    for (let line = 0; line < lines; line++) logger.info({ line, text: 'x'.repeat(200) }, 'flood');
  }
  if (command === 'stop') logger.flush(() => process.exit(0));
  if (command === 'fatal') {
    logger.fatal('the end');
    process.exit(1);
  }
  process.send?.({ dropped, turns, rssMb: process.memoryUsage().rss / 2 ** 20 });
});
process.send?.('ready');
