import { parseSender, parseSmtpUrl } from './mail-settings.js';

describe('SMTP_URL', () => {
  it('says where, as whom, and that TLS is wanted', () => {
    expect(parseSmtpUrl('smtps://ada:p%40ss@mail.example.com')).toEqual({
      host: 'mail.example.com',
      port: 465,
      tls: 'implicit',
      user: 'ada',
      password: 'p@ss',
    });
    expect(parseSmtpUrl('smtp://mail.example.com')).toEqual({
      host: 'mail.example.com',
      port: 587,
      tls: 'starttls',
    });
    expect(parseSmtpUrl('smtp://[::1]:25?tls=never')).toEqual({
      host: '::1',
      port: 25,
      tls: 'never',
    });
  });

  it.each([
    'mail.example.com:25',
    'http://mail.example.com',
    'smtp://',
    'smtps://mail.example.com?tls=never',
    'smtp://mail.example.com?tls=off',
    'smtp://mail.example.com?tls=never&debug=1',
    'smtp://mail.example.com/inbox',
    'smtp://ada:secret@mail.example.com?tls=never',
  ])('[V12.3.2] refuses %s', (value) => {
    expect(() => parseSmtpUrl(value)).toThrow(/^(must|takes)/);
  });
});

describe('MAIL_FROM', () => {
  it('is an address with or without a name', () => {
    const address = 'house@example.com';
    expect(parseSender(address)).toEqual({ name: 'Gatehouse', address, host: 'example.com' });
    expect(parseSender(`The House <${address}>`)).toMatchObject({ name: 'The House', address });
    expect(parseSender('no-reply@[::1]')).toMatchObject({ host: '[::1]' });
  });

  it.each([
    '',
    'house',
    'a@b@c',
    'x <house@example.com',
    'a <b@c.d> e',
    'a\r\nBcc: b <c@d.e>',
    'a,b@c.d',
  ])('[V1.3.11] refuses %j', (value) => {
    expect(() => parseSender(value)).toThrow('must be an address');
  });
});
