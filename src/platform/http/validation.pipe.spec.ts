import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsString,
  Length,
  ValidateNested,
} from 'class-validator';

import { type AppError, type FieldError } from '../errors/app-error.js';
import { Equals } from './equals.decorator.js';
import { QueryInteger, UuidParam } from './params.js';
import { StrictValidationPipe } from './validation.pipe.js';

class Inner {
  @IsString()
  @Length(1, 3)
  'a/b~c': string;
}

class Outer {
  @IsString()
  name: string;

  @IsOptional()
  @IsInt()
  age?: number;

  @IsOptional()
  @IsBoolean()
  active?: boolean;

  @IsOptional()
  @ValidateNested()
  @Type(() => Inner)
  inner?: Inner;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(2)
  @ValidateNested({ each: true })
  @Type(() => Inner)
  list?: Inner[];

  @IsOptional()
  @Equals('name')
  again?: string;
}

class Page {
  @QueryInteger({ min: 1, max: 100 })
  limit?: number;
}

const pipe = new StrictValidationPipe();
const body = (value: unknown): Promise<unknown> =>
  pipe.transform(value, { type: 'body', metatype: Outer });
const query = (value: unknown): Promise<unknown> =>
  pipe.transform(value, { type: 'query', metatype: Page });

async function errorsOf(work: Promise<unknown>): Promise<readonly FieldError[]> {
  const error = (await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as AppError;
  return error?.context.errors ?? [];
}

const brief = async (work: Promise<unknown>): Promise<string[]> =>
  (await errorsOf(work)).map(({ pointer, rule }) => `${pointer} ${rule}`);

describe('Strict validation', () => {
  it('[PE-06] gives the instance of the class when all is well', async () => {
    const value = { name: 'ada', inner: { 'a/b~c': 'x' }, again: 'ada' };
    expect(await body(value)).toBeInstanceOf(Outer);
    expect(await body(value)).toEqual(value);
  });

  it.each([undefined, null, [], ['x'], 'text', 7, true])(
    '[PE-06][V15.3.5] takes no body but an object: %j',
    async (value) => {
      expect(await brief(body(value))).toEqual([' object']);
    },
  );

  it('[PE-06] names the place with a JSON pointer, escaped as RFC 6901 says', async () => {
    const value = { name: 'ada', inner: { 'a/b~c': 'long' }, list: [{ 'a/b~c': 'x' }, {}] };
    expect(await brief(body(value))).toEqual([
      '/inner/a~1b~0c isLength',
      '/list/1/a~1b~0c isLength',
      '/list/1/a~1b~0c isString',
    ]);
  });

  it('[PE-06][V15.3.3] refuses unknown fields, nested ones and odd names included', async () => {
    const value = { name: 'ada', isAdmin: true, 'x/y': 1, inner: { 'a/b~c': 'x', role: 'admin' } };
    expect(await brief(body(value))).toEqual([
      '/isAdmin unknownField',
      '/x~1y unknownField',
      '/inner/role unknownField',
    ]);
  });

  it.each(['toString', 'valueOf', 'hasOwnProperty', '__defineGetter__', 'toLocaleString'])(
    '[PE-06][V15.3.3][V15.3.6] refuses a field named %s, which class-transformer would drop',
    async (name) => {
      expect(await brief(body({ name: 'ada', [name]: 1 }))).toEqual([`/${name} unknownField`]);
      const parsed = Object.assign(Object.create(null) as object, { [name]: '1' });
      expect(await brief(query(parsed))).toEqual([`/query/${name} unknownField`]);
    },
  );

  it('[PE-06][V15.3.6] refuses __proto__ and constructor in a query', async () => {
    const parsed = Object.create(null) as Record<string, unknown>;
    parsed['__proto__'] = 'x';
    parsed['constructor'] = 'y';
    expect(await brief(query(parsed))).toEqual([
      '/query/__proto__ unknownField',
      '/query/constructor unknownField',
    ]);
  });

  it.each([
    [{ name: 7 }, '/name isString'],
    [{ name: ['ada'] }, '/name isString'],
    [{ name: { length: 3 } }, '/name isString'],
    [{ name: 'ada', age: '7' }, '/age isInt'],
    [{ name: 'ada', age: 7.5 }, '/age isInt'],
    [{ name: 'ada', age: true }, '/age isInt'],
    [{ name: 'ada', active: 'true' }, '/active isBoolean'],
    [{ name: 'ada', active: 1 }, '/active isBoolean'],
    [{ name: 'ada', again: 'Ada' }, '/again equals'],
    [{ name: 'ada', again: ['ada'] }, '/again equals'],
  ])('[PE-06][V15.3.5] converts nothing in %j', async (value, problem) => {
    expect(await brief(body(value))).toEqual([problem]);
  });

  it('[PE-06] never repeats the value', async () => {
    const errors = await errorsOf(body({ name: { secret: 'hunter2' }, age: 'hunter2' }));
    expect(errors).toHaveLength(2);
    expect(JSON.stringify(errors)).not.toContain('hunter2');
  });

  it.each([
    '0',
    '101',
    '-1',
    '+1',
    '1.0',
    '1e2',
    '0x10',
    ' 1',
    '01',
    '',
    'NaN',
    '٣',
    '9'.repeat(17),
  ])('[PE-06][V15.3.5] takes %j for no number in a query', async (limit) => {
    const problems = await brief(query({ limit }));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.every((problem) => problem.startsWith('/query/limit '))).toBe(true);
  });

  it('[PE-06] takes plain decimal digits in a query', async () => {
    expect(await query({ limit: '100' })).toEqual({ limit: 100 });
    expect(await query({})).toEqual({});
  });

  it('[PE-06] says which part of the path is wrong', async () => {
    const id = new UuidParam();
    const read = (value: string): string => id.transform(value, { data: 'id' });
    expect(read('0199A0B0-7C1E-7B52-8F4D-3F1D2C9A6B10')).toBe(
      '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10',
    );
    for (const value of ['', '1', "' OR 1=1", '{0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10}']) {
      expect(() => read(value)).toThrow(
        expect.objectContaining({
          context: { errors: [expect.objectContaining({ pointer: '/path/id' }) as unknown] },
        }) as Error,
      );
    }
    const located = pipe.transform(
      { limit: 'x' },
      { type: 'param', metatype: Page, data: undefined },
    );
    expect((await brief(located))[0]).toMatch(/^\/path\/limit /);
  });

  it('[PE-06][F09] looks at a reasonable number of fields only', async () => {
    const fields = (length: number): object =>
      Object.fromEntries(Array.from({ length }, (_, index) => [`x${index}`, '1']));
    expect(await brief(body({ name: 'ada', ...fields(199) }))).toHaveLength(199);
    const started = performance.now();
    expect(await brief(body(fields(10_000)))).toEqual([' maxProperties']);
    expect(await brief(query(fields(2_000)))).toEqual(['/query maxProperties']);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
