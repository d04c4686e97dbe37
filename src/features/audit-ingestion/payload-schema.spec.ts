import { problemOfPayload } from './external-event.policy.js';
import { problemOfSchema, violation } from './payload-schema.js';

const deep = (levels: number): object =>
  levels === 0 ? {} : { properties: { a: deep(levels - 1) } };
const deepValue = (levels: number): object => (levels === 0 ? {} : { a: deepValue(levels - 1) });

describe('The schema of a source', () => {
  it('[AU-06] checks payloads', () => {
    const schema = { type: 'object', required: ['sum'], properties: { sum: { minimum: 0 } } };
    expect(problemOfSchema(schema)).toBeNull();
    expect(violation(schema, { sum: 1 })).toBeNull();
    expect(violation(schema, { sum: -1 })).toMatchObject({ instancePath: '/sum' });
    expect(violation(schema, {})).toMatchObject({ keyword: 'required' });
  });

  it('[AU-06] may name a property like a keyword', () => {
    expect(problemOfSchema({ properties: { pattern: { type: 'string' } } })).toBeNull();
  });

  it.each<[string, object]>([
    ['loads another one', { $ref: 'http://example.com/schema' }],
    ['refers to itself', { properties: { a: { $ref: '#' } } }],
    ['has a name of its own', { $id: 'x' }],
    ['runs a pattern', { properties: { a: { pattern: '^(a+)+$' } } }],
    ['runs patterns over names', { patternProperties: { '(a+)+$': {} } }],
    ['names a format', { anyOf: [{ format: 'email' }] }],
    ['is none', { type: 'number-like' }],
    ['is too deep', deep(20)],
    ['is too long', { description: 'x'.repeat(20_000) }],
    ['holds no schema where one belongs', { properties: { a: 1 } }],
  ])('[AU-06] is not taken when it %s', (_, schema) => {
    expect(problemOfSchema(schema)).toMatch(/^must/);
  });

  it.each<[object, boolean]>([
    [{ a: 2 ** 53 - 1, b: 0.1, c: [-1] }, true],
    [{ a: [{ b: 2 ** 53 }] }, false],
    [{ a: 1e21 }, false],
    [deepValue(7), true],
    [deepValue(9), false],
    [{ a: 'x'.repeat(8_192) }, false],
  ])('[AU-06] is for payloads that mean one thing: %#', (payload, good) => {
    expect(problemOfPayload(payload) === null).toBe(good);
  });
});
