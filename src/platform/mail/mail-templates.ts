import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Injectable } from '@nestjs/common';
import Handlebars from 'handlebars';

import { type MailName, mails } from '../../catalogue/mails.js';
import { ConfigError, MailConfig } from '../config/index.js';
import { packageFile } from '../installation/package-root.js';

export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

type Template = (data: Record<string, string>) => string;

/** Longest value that a template gets; what callers send may end up in one. */
const maxLength = 1_000;

/**
 * The texts of mails, tried out at start: a template that is missing, or that wants what nobody
 * gives it, stops the service then and not the mail later.
 */
@Injectable()
export class MailTemplates {
  private readonly layout: Template;
  private readonly byName = new Map<MailName, { text: Template; html: Template }>();

  constructor(private readonly config: MailConfig) {
    this.layout = this.compile('layout.html', false);
    for (const name of Object.keys(mails) as MailName[]) {
      const text = this.compile(`${name}.txt`, true);
      this.byName.set(name, { text, html: this.compile(`${name}.html`, false) });
      this.tryOut(name);
    }
  }

  render(name: MailName, data: Record<string, string>): RenderedMail {
    const template = this.byName.get(name)!;
    const values = Object.fromEntries(
      Object.entries(data).map(([field, value]) => [field, oneLine(value)]),
    );
    const [, subject = '', text = ''] =
      /^Subject: (.+)\r?\n\s*([^]+)$/.exec(template.text(values)) ?? [];
    if (!subject) throw new Error(`${name}.txt must begin with "Subject: …" and a text`);
    return {
      subject: oneLine(subject).trim(),
      text,
      html: this.layout({ ...values, subject, body: template.html(values) }),
    };
  }

  private tryOut(name: MailName): void {
    try {
      this.render(name, {
        service: 'Gatehouse',
        home: 'https://example.com',
        ...mails[name].example,
      });
    } catch (error) {
      throw new ConfigError([`MAIL_TEMPLATES_DIR ${name}: ${(error as Error).message}`]);
    }
  }

  /** Strict: a name that is misspelt is an error. HTML is escaped, text is not. */
  private compile(file: string, noEscape: boolean): Template {
    const own = this.config.templatesDir && join(this.config.templatesDir, file);
    const path = own && existsSync(own) ? own : packageFile('templates', 'mail', file);
    return Handlebars.compile(readFileSync(path, 'utf8'), {
      strict: true,
      noEscape,
      knownHelpersOnly: true,
    });
  }
}

/** No value begins a line of its own: neither in a header (ASVS V1.3.11) nor in the text. */
function oneLine(value: string): string {
  return value.slice(0, maxLength).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}
