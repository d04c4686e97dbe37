import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type MailName, mails } from '../../catalogue/mails.js';
import { loadConfig, MailConfig } from '../config/index.js';
import { MailTemplates } from './mail-templates.js';

const all = { service: 'Gatehouse', home: 'https://example.com' };
const templates = (folder = ''): MailTemplates =>
  new MailTemplates(loadConfig({ MAIL_TEMPLATES_DIR: folder }).get(MailConfig));

describe('Mail templates', () => {
  it.each(Object.keys(mails) as MailName[])('say all that %s has to say, in both forms', (name) => {
    const { example } = mails[name];
    const mail = templates().render(name, { ...all, ...example });
    expect(mail.subject).toMatch(/^[A-Z][^{}]+$/);
    for (const value of Object.values(example)) {
      expect(mail.text).toContain(value);
      expect(mail.html).toContain(value);
    }
    for (const line of mail.text.split('\n')) expect(line.length).toBeLessThan(100);
  });

  it('[V1.2.1] escape what stands in HTML, and leave text as it is', () => {
    const data = { ...all, ...mails.reset_password.example, username: '<b>&"Ada"' };
    const { text, html } = templates().render('reset_password', data);
    expect(text).toContain('<b>&"Ada"');
    expect(html).toContain('&lt;b&gt;&amp;&quot;Ada&quot;');
    expect(html).not.toContain('<b>');
  });

  it('[V1.3.11] keep every value on one line, and short', () => {
    const username = `a\r\nBcc: eve@example.com\u2028b${'x'.repeat(5_000)}`;
    const { text } = templates().render('reset_password', {
      ...all,
      ...mails.reset_password.example,
      username,
    });
    expect(text).toContain('a Bcc: eve@example.com b');
    expect(text.length).toBeLessThan(3_000);
  });

  it('that cannot be used are found at start, and named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-templates-'));
    const own = (text: string): Promise<void> =>
      writeFile(join(folder, 'reset_password.txt'), text);
    await own('Subject: New\n\n{{lnk}}\n');
    expect(() => templates(folder)).toThrow(/reset_password.*lnk/);
    await own('{{link}}\n');
    expect(() => templates(folder)).toThrow(/reset_password.*Subject/);
    await own('Subject: New, {{username}}\n\n{{link}}\n');
    const { subject } = templates(folder).render('reset_password', {
      ...all,
      ...mails.reset_password.example,
    });
    expect(subject).toBe('New, ada');
    await rm(folder, { recursive: true });
  });
});
