/** One part of a how-to page: a heading that names a file, and what to do with it. */
export interface Section {
  /** Path from the root of the project. */
  file: string;
  kind: 'whole' | 'change';
  /** The file itself, or lines to add as a diff without line numbers. */
  text: string;
}

/** The sections of a Markdown page whose heading is a path and which hold a block of code. */
export function sectionsOf(page: string): Section[] {
  return page.split(/^(?=#{2,} )/m).flatMap((section) => {
    const file = /^#+ `([^`\n]+)`\n/.exec(section)?.[1];
    const [, language, text = ''] = /^```(\w+)\n([\s\S]*?)^```$/m.exec(section) ?? [];
    if (file === undefined || language === undefined) return [];
    return [{ file, kind: language === 'diff' ? 'change' : 'whole', text }];
  });
}

/**
 * Adds the lines of a diff: those with a plus, between the ones around them. Places are separated
 * by `@@`.
 * @throws Error when the lines around are not there exactly once
 */
export function changed(source: string, diff: string): string {
  return diff.split(/^@@\n/m).reduce((text, place) => {
    const lines = place.split('\n').filter((line) => line !== '');
    const around = lines.filter((line) => line.startsWith(' '));
    const before = around.map((line) => `${line.slice(1)}\n`).join('');
    const after = lines.map((line) => `${line.slice(1)}\n`).join('');
    const found = text.split(before).length - 1;
    if (around.length === 0 || found !== 1) throw new Error(`found ${found} times:\n${before}`);
    return text.replace(before, () => after);
  }, source);
}
