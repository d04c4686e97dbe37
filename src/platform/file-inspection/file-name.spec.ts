import { cleanFileName, extensionOf } from './file-name.js';

describe('Names of files', () => {
  it.each([
    ['report.pdf', 'report.pdf'],
    ['/etc/passwd', 'passwd'],
    ['C:\\boot\\boot.ini', 'boot.ini'],
    ['..', 'file'],
    ['.', 'file'],
    ['', 'file'],
    ['...', 'file'],
    ['.htaccess', 'htaccess'],
    ['a\u0000b\r\n.txt', 'ab.txt'],
    ['\u202egnp.exe', 'gnp.exe'],
    ['a\u200b\u2066.txt', 'a.txt'],
    ['a<b>:"|?*.txt', 'a_b______.txt'],
    ['  two   spaces .txt ', 'two spaces .txt'],
    ['e\u0301.txt', '\u00e9.txt'],
    ['lone\ud800.txt', 'lone.txt'],
    [`${'😀'.repeat(100)}.txt`, `${'😀'.repeat(58)}.txt`],
    [`a.${'x'.repeat(300)}`, `a.${'x'.repeat(118)}`],
  ])('[PE-07][V5.3.2] %j is kept as %j', (given, kept) => {
    expect(cleanFileName(given)).toBe(kept);
    expect(cleanFileName(kept)).toBe(kept);
  });

  it('have an extension where one is short and plain', () => {
    expect(['a.PDF', 'a', '.txt', 'a.', 'a.b.c', 'a.t-t'].map(extensionOf)).toEqual([
      'PDF',
      '',
      '',
      '',
      'c',
      '',
    ]);
  });
});
