import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { LRUCache } from 'lru-cache';

const mostBytes = 16 * 1024;
const mostLevels = 10;

/**
 * The keywords of JSON Schema that are taken. No references: nothing is loaded, and nothing recurs.
 * No patterns and formats: no regular expression of somebody else runs here.
 */
const plainKeywords = new Set([
  ...['type', 'required', 'enum', 'const', 'title', 'description', 'minimum', 'maximum'],
  ...['exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength'],
  ...['minItems', 'maxItems', 'minProperties', 'maxProperties'],
]);
const schemaKeywords = new Set(['items', 'additionalProperties', 'not']);
const listKeywords = new Set(['anyOf', 'oneOf', 'allOf']);

const ajv = new Ajv({
  strict: true,
  strictTypes: false,
  strictRequired: false,
  addUsedSchema: false,
});
const compiled = new LRUCache<string, ValidateFunction>({ max: 200 });

/** Why this is no schema to check payloads with, if so. */
export function problemOfSchema(schema: object): string | null {
  if (Buffer.byteLength(JSON.stringify(schema)) > mostBytes) {
    return `must be at most ${mostBytes} bytes of JSON`;
  }
  const problem = problemIn(schema, 1);
  if (problem) return problem;
  try {
    compile(schema);
    return null;
  } catch (error) {
    return `must be a JSON Schema: ${(error as Error).message}`.slice(0, 300);
  }
}

/** What is wrong with a payload by a schema: the first thing, if any. */
export function violation(schema: object, payload: object): ErrorObject | null {
  const validate = compile(schema);
  return validate(payload) ? null : validate.errors![0]!;
}

/** Compiling is slow, and ajv keeps what it compiled unless it is told not to. */
function compile(schema: object): ValidateFunction {
  const key = JSON.stringify(schema);
  let validate = compiled.get(key);
  if (!validate) {
    validate = ajv.compile(schema);
    ajv.removeSchema(schema);
    compiled.set(key, validate);
  }
  return validate;
}

function problemIn(schema: unknown, level: number): string | null {
  if (typeof schema === 'boolean') return null;
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    return 'must hold schemas where JSON Schema has them';
  }
  if (level > mostLevels) return `must be at most ${mostLevels} levels deep`;
  for (const [keyword, value] of Object.entries(schema)) {
    const below = schemasBelow(keyword, value);
    if (below === null) return `must not use ${keyword.slice(0, 40)}`;
    for (const each of below) {
      const problem = problemIn(each, level + 1);
      if (problem) return problem;
    }
  }
  return null;
}

/** Null for a keyword that is not taken. */
function schemasBelow(keyword: string, value: unknown): readonly unknown[] | null {
  if (plainKeywords.has(keyword)) return [];
  if (schemaKeywords.has(keyword)) return [value];
  if (listKeywords.has(keyword)) return Array.isArray(value) ? value : null;
  return keyword === 'properties' && value ? Object.values(value) : null;
}
