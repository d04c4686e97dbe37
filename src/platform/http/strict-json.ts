import { isUtf8 } from 'node:buffer';

import { AppError, type FieldError } from '../errors/app-error.js';

/** Deepest nesting a body may have; our own bodies need 3. */
export const maxDepth = 32;
/** Errors told at once; a hostile body could have thousands. */
const maxProblems = 20;
/** Most members and elements a body may have, in all its objects and arrays together. */
export const maxValues = 10_000;

// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const controlCharacters = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Parses a JSON body (RFC 8259) more strictly than `JSON.parse`: valid UTF-8 without BOM, bounded
 * depth and size, no duplicate keys (ASVS V1.5.3), no keys that reach prototypes (V15.3.6), no
 * control characters and no lone surrogates in any string, no numbers that become infinite.
 * @throws AppError `http.malformed_json` or `validation.failed`
 */
export function parseStrictJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw malformed('', 'utf8', 'The body must be valid UTF-8');
  const source = body.toString('utf8');
  if (source.charCodeAt(0) === 0xfeff) throw malformed('', 'bom', 'Leave out the byte order mark');
  checkStructure(source);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw malformed('', 'json', jsonComplaint(error));
  }
  const problems = valueProblems(value);
  if (problems.length > 0) throw new AppError('validation.failed', { errors: problems });
  return value;
}

/** Whether a text holds a character that no input of ours may hold. */
export function hasForbiddenCharacters(text: string): boolean {
  return controlCharacters.test(text) || !text.isWellFormed();
}

function malformed(pointer: string, rule: string, message: string): AppError {
  return new AppError('http.malformed_json', { errors: [{ pointer, rule, message }] });
}

/** V8 quotes the input in its message; only the position is passed on. */
function jsonComplaint(error: unknown): string {
  const position = /position (\d+)/.exec(String(error))?.[1];
  return position ? `Not valid JSON at character ${position}` : 'Not valid JSON';
}

/** An object or array that is open where the scan is. */
interface Container {
  /** Members so far; an array has none. */
  keys?: Set<string>;
  /** Name or index of what is being read in it. */
  place: string | number;
}

/**
 * One pass over the source, before anything is built from it: depth, number of values, and
 * duplicate keys. Leaves every other mistake to `JSON.parse`.
 */
function checkStructure(source: string): void {
  const open: Container[] = [];
  let values = 0;
  for (let at = 0; at < source.length; at++) {
    const char = source.charCodeAt(at);
    if (char === 0x22 /* " */) {
      const end = endOfString(source, at);
      if (open.at(-1)?.keys && isKey(source, end)) addKey(open, source.slice(at, end + 1));
      at = end;
    } else if (char === 0x7b /* { */ || char === 0x5b /* [ */) {
      open.push(char === 0x7b ? { keys: new Set(), place: '' } : { place: 0 });
      if (open.length > maxDepth) {
        throw malformed('', 'maxDepth', `Nest at most ${maxDepth} levels`);
      }
      values++;
    } else if (char === 0x7d /* } */ || char === 0x5d /* ] */) {
      open.pop();
    } else if (char === 0x2c /* , */) {
      const container = open.at(-1);
      if (typeof container?.place === 'number') container.place++;
      values++;
    }
    if (values > maxValues) throw malformed('', 'maxValues', `Send at most ${maxValues} values`);
  }
}

function endOfString(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at++) {
    const char = source.charCodeAt(at);
    if (char === 0x5c /* \ */) at++;
    else if (char === 0x22) return at;
  }
  return source.length;
}

function isKey(source: string, endOfText: number): boolean {
  for (let at = endOfText + 1; at < source.length; at++) {
    const char = source.charCodeAt(at);
    if (char === 0x20 || char === 0x09 || char === 0x0a || char === 0x0d) continue;
    return char === 0x3a; /* : */
  }
  return false;
}

function addKey(open: readonly Container[], quoted: string): void {
  const container = open.at(-1)!;
  const key = quoted.includes('\\') ? unescape(quoted) : quoted.slice(1, -1);
  container.place = key;
  const duplicate = container.keys?.has(key);
  if (duplicate || forbiddenKeys.has(key)) {
    const pointer = pointerTo(['', ...open.map(({ place }) => String(place))]);
    throw duplicate
      ? malformed(pointer, 'duplicateKey', 'Send each member once')
      : malformed(pointer, 'forbiddenKey', `A member must not be named ${key}`);
  }
  container.keys?.add(key);
}

/** The key as JSON reads it, so that `"\u0061"` and `"a"` are the same. */
function unescape(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch (error) {
    throw malformed('', 'json', jsonComplaint(error));
  }
}

/** Walks without recursion; depth is bounded already, but the stack need not know. */
function valueProblems(root: unknown): FieldError[] {
  const problems: FieldError[] = [];
  const open: { value: unknown; path: readonly string[] }[] = [{ value: root, path: [''] }];
  while (open.length > 0 && problems.length < maxProblems) {
    const { value, path } = open.pop()!;
    if (typeof value === 'string' && hasForbiddenCharacters(value)) {
      problems.push(characterProblem(path));
    } else if (value === Infinity || value === -Infinity) {
      problems.push({ pointer: pointerTo(path), rule: 'number', message: 'is too large a number' });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) {
        if (hasForbiddenCharacters(key)) problems.push(characterProblem([...path, '?']));
        else if (needsLook(member)) open.push({ value: member, path: [...path, key] });
      }
    }
  }
  return problems;
}

function needsLook(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'object' || typeof value === 'number';
}

function characterProblem(path: readonly string[]): FieldError {
  return {
    pointer: pointerTo(path),
    rule: 'characters',
    message: 'must not contain control characters or unpaired surrogates',
  };
}

/** RFC 6901, section 3. */
function pointerTo(path: readonly string[]): string {
  return path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
}
