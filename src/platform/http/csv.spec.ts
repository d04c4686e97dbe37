import { cell } from './csv.js';

describe('A value in CSV', () => {
  it.each([
    ['GET /api/v1/users', 'GET /api/v1/users'],
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    [' =1', `"' =1"`],
    ['\t=1', `"'\t=1"`],
    ['a"b', '"a""b"'],
    ['a,b', '"a,b"'],
    ['a\r\n=b', '"a\r\n=b"'],
    [-5, '-5'],
    [0, '0'],
  ])('[PE-02][V1.2.10] writes %j as %s', (value, text) => {
    expect(cell(value)).toBe(text);
  });
});
