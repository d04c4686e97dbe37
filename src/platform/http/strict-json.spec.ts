import { AppError } from '../errors/app-error.js';
import { hasForbiddenCharacters, maxDepth, maxValues, parseStrictJson } from './strict-json.js';

const parse = (text: string | Buffer): unknown => parseStrictJson(Buffer.from(text));

function refusalOf(text: string | Buffer): AppError | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** First broken rule and its place; `accepted` when there is none. */
function verdict(text: string | Buffer): string {
  const refusal = refusalOf(text);
  const [first] = refusal?.context.errors ?? [];
  return refusal ? `${refusal.code} ${first?.rule} ${first?.pointer}`.trim() : 'accepted';
}

// RFC 8259; the cases follow the JSONTestSuite of "Parsing JSON is a Minefield".
const accepted = `
[]; [[] ]; [""]; ["a"]; [false]; [null]; [null, 1, "1", {}]; [1,null,null,null,2]; [2] ; 42; "s"
-0.1; true; false; null; ""; [-0]; [0]; [0e1]; [0e+1]; [1E22]; [1E-2]; [1E+2]; [123]; [123.456789]
[123.456e78]; [-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]
[-123]; [-1]; [20e1]; [1e-99999]; [4]; {}; {"":0}; {"a":[]}; {"a":"b","c":"d"}; {"a":[{"a":1}]}
{"min": -1.0e+28, "max": 1.0e+28}; { "x":[{"id": "x"}], "id": "y" }; ["\\u0060\\u012a\\u12AB"]
["\\uD801\\udc37"]; ["\\ud83d\\ude39\\ud83d\\udc8d"]; ["\\"\\\\\\/\\n\\r\\t"]; ["\\\\u0000"]; ["\\""]
["a/*b*/c/*d//e"]; ["\\\\a"]; ["\\u002c"]; ["\\uDBFF\\uDFFF"]; ["new\\u00A0line"]; ["\\uFFFF"]; [" "]
["\\u0821"]; ["\\u0123"]; ["\u2028"]; ["\u2029"]; ["€𝄞"]; ["\\u0061\\u30af\\u30EA\\u30b9"]; ["⍂㈴⍂"]
["\\uA66D"]; ["\\u005C"]; ["\\u0022"]; ["\\u200B"]; ["\\u2064"]; ["\\uFDD0"]; ["\\uFFFE"]; ["𛿿"]
{"a~b/c": 1}; {"proto": 1, "Constructor": 2, "__proto": 3}; "{\\"a\\":1,\\"a\\":1}"; [{"a":1},{"a":1}]
{"toString": 1}; {"a":{"a":{"a":1}}}
`;
const refused = `
[1 true]; [""],; [,1]; [1,,2]; ["",]; ["x"]]; ["x"; [x; [3[4]]; [1:2]; [,]; [-]; [   , ""]; [1,; [""
[1,]; [1,,]; [*]; ["a",4; [fals]; [nul]; [tru]; [++1234]; [+1]; [+Inf]; [-01]; [-1.0.]; [-2.]; [-NaN]
[.-1]; [.2e-3]; [0.1.2]; [0.3e+]; [0.3e]; [0.e1]; [0E+]; [0E]; [0e+]; [1.0e+]; [1.0e-]; [1.0e]
[1 000.0]; [1eE2]; [2.e+3]; [2.e-3]; [2.e3]; [9.e+]; [Inf]; [NaN]; [１]; [1+2]; [0x1]; [0x42]
[Infinity]; [0e+-1]; [-123.123foo]; [123; [-Infinity]; [-foo]; [- 1]; [-012]; [-.123]; [-1x]; [1ea]
[1.]; [.123]; [1.2a-3]; [012]; ["x", truth]; {[: "x"}; {"x", null}; {"x"::"b"}; {"a":"a" 123}; {key: 1}
{"a" b}; {:"b"}; {"a" "b"}; {"a":; {"a"; {1:1}; {9999E9999:1}; {null:null,null:null}; {"id":0,,,,,}
{'a':0}; {"id":0,}; {"a":"b"}/**/; {"a":"b"}/**//; {"a":"b"}//; {"a":"b",,"c":"d"}; {a: "b"}; {"a":"a
{ "foo" : "bar", "a" }; {"a":"b"}#; ["\\u"]; ["\\u1"]; ["\\u00A"]; ["\\a"]; ["\\x00"]; ["\\u{61}"]; ["\\
["\\uqqqq"]; [\\u0020"asd"]; [\\n]; "; ["]; 'single quote'; abc; ["\\ "]; "\\UA66D"; "x"x; <null>; <.>
[<null>]; [1]x; [1]]; [True]; 1]; {"x": true,; [][]; ]; {]; 2@; {}}; {"":; {"a":/*comment*/"b"}
{"a": true} "x"; ['; [a; ["a; [; {; {[; {,; {"a; {'a'; \\u005C; é; *; {"a":"b"}#{}; [{}; 1 2; --1; .1
`;

const casesOf = (table: string): string[] => table.split(/[;\n]/).map((text) => text.trim());

describe('Strict JSON', () => {
  it.each(casesOf(accepted).filter(Boolean))('[PE-06][F10] accepts %s', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it.each(casesOf(refused).filter(Boolean))('[PE-06][F10] refuses %s', (text) => {
    expect(verdict(text)).toBe('http.malformed_json json');
  });

  it('[PE-06] refuses a body of nothing but blanks, and blanks JSON does not know', () => {
    for (const text of [' ', '\n', '[\f]', '[\u00a0]', '[\u2060]', '\u2003{}', '\v1']) {
      expect(verdict(text)).toBe('http.malformed_json json');
    }
  });

  it('[PE-06] says where it stopped and never repeats the input', () => {
    const refusal = refusalOf('{"password": "hunter2" oops}');
    expect(refusal?.context.errors).toEqual([
      { pointer: '', rule: 'json', message: 'Not valid JSON at character 23' },
    ]);
    expect(JSON.stringify(refusal) + String(refusal)).not.toMatch(/hunter2|oops/);
  });

  it.each([
    ['a byte order mark', Buffer.from('\ufeff{}'), 'bom'],
    ['a lone continuation byte', Buffer.from('["\x80"]', 'latin1'), 'utf8'],
    ['an overlong slash', Buffer.from('["\xc0\xaf"]', 'latin1'), 'utf8'],
    ['an overlong NUL', Buffer.from('["\xc0\x80"]', 'latin1'), 'utf8'],
    ['a surrogate in UTF-8', Buffer.from('["\xed\xa0\x80"]', 'latin1'), 'utf8'],
    ['a character beyond Unicode', Buffer.from('["\xf4\xbf\xbf\xbf"]', 'latin1'), 'utf8'],
    ['a truncated character', Buffer.from('["\xe0\xff"]', 'latin1'), 'utf8'],
    ['Latin-1', Buffer.from('["\xe9"]', 'latin1'), 'utf8'],
    ['UTF-16 with its mark', Buffer.from('\ufeff{}', 'utf16le'), 'utf8'],
  ])('[PE-06][V1.5.3] refuses %s', (_name, body, rule) => {
    expect(verdict(body)).toBe(`http.malformed_json ${rule}`);
  });

  it('[PE-06] refuses UTF-16 without a mark', () => {
    expect(verdict(Buffer.from('{"a":1}', 'utf16le'))).toBe('http.malformed_json json');
    expect(verdict(Buffer.from('[]', 'utf16le').swap16())).toBe('http.malformed_json json');
  });

  it.each([
    ['{"a":1,"a":1}', '/a'],
    ['{"a":1,"b":2,"a":3}', '/a'],
    ['{"a":1,"\\u0061":2}', '/a'],
    ['{"\\u0061":1,"a":2}', '/a'],
    ['{"\\u00e9":1,"é":2}', '/é'],
    ['{"a/b":1,"a\\/b":2}', '/a~1b'],
    ['{"":1,"":2}', '/'],
    ['{"a" \n: 1, "a"\t:1}', '/a'],
    ['{"x":{"a":1,"a":2}}', '/x/a'],
    ['{"a":{"a":1},"b":[{},{"c~":1,"c~":2}]}', '/b/1/c~0'],
    ['[[0,{"a":{}},{"b":"a","b":0}]]', '/0/2/b'],
  ])('[PE-06][V1.5.3] refuses the duplicate key in %s', (text, pointer) => {
    expect(verdict(text)).toBe(`http.malformed_json duplicateKey ${pointer}`);
  });

  it.each([
    ['{"__proto__":{"admin":true}}', '/__proto__'],
    ['{"\\u005f_proto__":{}}', '/__proto__'],
    ['{"a":{"constructor":{"prototype":{"admin":true}}}}', '/a/constructor'],
    ['{"\\u0063onstructor":1}', '/constructor'],
    ['[{"prototype":{}}]', '/0/prototype'],
  ])('[PE-06][V15.3.6] refuses the way to a prototype in %s', (text, pointer) => {
    expect(verdict(text)).toBe(`http.malformed_json forbiddenKey ${pointer}`);
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  it.each([
    ['["\\u0000"]', '/0'],
    ['{"a":"x\\u0000y"}', '/a'],
    ['{"a":"\\u0008"}', '/a'],
    ['{"a":"\\f"}', '/a'],
    ['{"a":"\\u001b[31m"}', '/a'],
    ['{"a":"\u007f"}', '/a'],
    ['{"a":"\\u0085"}', '/a'],
    ['{"a":"\\ud800"}', '/a'],
    ['{"a":"\\udc00\\ud800"}', '/a'],
    ['{"a":"\\uD834\\uD834\\uDD1E"}', '/a'],
    ['{"a/b":{"c":["x","\\uDEAD"]}}', '/a~1b/c/1'],
    ['{"\\u0000":1}', '/?'],
    ['{"a":{"\\ud800":1}}', '/a/?'],
    ['"\\u0000"', ''],
  ])('[PE-06] refuses the characters in %s', (text, pointer) => {
    expect(verdict(text)).toBe(`validation.failed characters ${pointer}`.trim());
  });

  it('[PE-06] names at most twenty bad texts', () => {
    const body = JSON.stringify(Array.from({ length: 500 }, () => '\u0007'));
    expect(refusalOf(body)?.context.errors).toHaveLength(20);
  });

  it.each([
    ['[1e999]', '/0'],
    ['{"a":-1e400}', '/a'],
    [`[1${'0'.repeat(400)}]`, '/0'],
  ])('[PE-06] refuses the number without a value in %.20s', (text, pointer) => {
    expect(verdict(text)).toBe(`validation.failed number ${pointer}`);
  });

  it('[PE-06][F10] takes 32 levels and refuses the 33rd, whatever follows', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(verdict(nested(maxDepth))).toBe('accepted');
    expect(verdict('{"a":'.repeat(maxDepth) + '1' + '}'.repeat(maxDepth))).toBe('accepted');
    for (const text of [nested(maxDepth + 1), nested(400_000), '['.repeat(400_000)]) {
      expect(verdict(text)).toBe('http.malformed_json maxDepth');
    }
    expect(verdict('{"a":'.repeat(100_000))).toBe('http.malformed_json maxDepth');
    expect(verdict('["["'.repeat(30) + ']'.repeat(30))).toBe('http.malformed_json json');
  });

  it('[PE-06][F10] takes 10,000 values and refuses the next', () => {
    const list = (length: number): string => JSON.stringify(Array(length).fill(0));
    expect(verdict(list(maxValues))).toBe('accepted');
    expect(verdict(list(maxValues + 1))).toBe('http.malformed_json maxValues');
    const members = Object.fromEntries(Array.from({ length: maxValues + 1 }, (_, i) => [i, i]));
    expect(verdict(JSON.stringify(members))).toBe('http.malformed_json maxValues');
    expect(verdict(JSON.stringify([list(maxValues * 2)]))).toBe('accepted'); // a text
  });

  it('[PE-06][F10] reads hostile bodies of 250 kB in a time that grows with their length', () => {
    const size = 250_000;
    const hostile = [
      '['.repeat(size),
      '"'.repeat(size),
      '\\'.repeat(size),
      `{"${'\\'.repeat(size)}":1}`,
      `["${'\\u0041'.repeat(size / 6)}"]`,
      `{"${'\\u0041'.repeat(size / 6)}":1,"b":1}`,
      ' '.repeat(size),
      `{${Array.from({ length: 9_000 }, (_, i) => `"key-of-some-length-${i}":0`).join()}}`,
      `{${Array.from({ length: 9_000 }, (_, i) => `"k${i}"${' '.repeat(20)}:0`).join()}}`,
      `{"a"${' '.repeat(size)}`,
      `["a"${' '.repeat(size)}`.repeat(2),
      `[${'1'.repeat(size)}]`,
      `[-${'0'.repeat(size)}]`,
      `[${'"",'.repeat(9_000)}1]`,
      `"${'é'.repeat(size / 2)}"`,
    ];
    for (const text of hostile) {
      const started = performance.now();
      verdict(text);
      expect([text.slice(0, 8), performance.now() - started < 500]).toEqual([
        text.slice(0, 8),
        true,
      ]);
    }
  });

  it('[PE-06] knows what no text of ours may hold', () => {
    for (const text of ['a\u0000', '\u000b', '\u009f', '\ud800x']) {
      expect(hasForbiddenCharacters(text)).toBe(true);
    }
    for (const text of ['', 'a\tb\r\nc', '\u00a0', '\u200b', '😀', '\ufffd']) {
      expect(hasForbiddenCharacters(text)).toBe(false);
    }
  });
});
