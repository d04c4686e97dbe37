import type { Variable } from './concern.js';
import { concerns } from './concerns.js';

/** The text of `.env.example`: every variable with its meaning and default, all commented out. */
export function envExample(): string {
  const sections = concerns.map((concern) => {
    const entries = Object.values(concern.variables).map(
      (variable) =>
        `# ${variable.description}\n# Default: ${defaultText(variable)}\n#${variable.name}=\n`,
    );
    return `## ${concern.title}\n\n${entries.join('\n')}`;
  });
  return `# Every setting of Gatehouse. Development needs none of them.\n# Generated: npm run docs:generate\n\n${sections.join('\n')}`;
}

/** The reference page of all settings, as Markdown. */
export function configurationReference(): string {
  const sections = concerns.map((concern) => {
    const rows = Object.values(concern.variables).map(
      (v) => `| \`${v.name}\` | ${v.description} | ${defaultText(v)} | ${v.secret ? 'yes' : ''} |`,
    );
    return `## ${concern.title}\n\n| variable | meaning | default | secret |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Configuration\n\nGenerated from \`src/platform/config/concerns.ts\` by \`npm run docs:generate\`.\n\n${sections.join('\n')}`;
}

function defaultText(variable: Variable<unknown>): string {
  if (variable.requiredInProduction) {
    return `${variable.defaultText ?? 'none'}; required in production`;
  }
  if (variable.defaultText) return variable.defaultText;
  const value = variable.default;
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return 'none';
  return String(value);
}
