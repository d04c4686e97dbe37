import { readFileSync } from 'node:fs';

import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import type { MailData, MailName } from '../../catalogue/mails.js';
import type { Letter } from '../../catalogue/tasks.js';
import { Config, ConfigError, MailConfig, ProcessConfig } from '../config/index.js';
import { parseSender, type Sender } from '../config/mail-settings.js';
import { type JobInfo, Queue } from '../queue/index.js';
import { Metrics } from '../telemetry/metrics.js';
import { MailTemplates } from './mail-templates.js';
import {
  MailRefused,
  type MailTransport,
  OutboxTransport,
  SmtpTransport,
} from './mail-transport.js';

/**
 * Sends mails. `send` joins the running transaction: the mail goes out if and only if what it
 * speaks of has happened. It is delivered by a worker, at least once; repeated deliveries carry
 * the same Message-ID.
 */
@Injectable()
export class Mails implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Mail');
  private readonly transport: MailTransport | null;
  private readonly sender: Sender;
  private readonly home: string;

  constructor(
    private readonly templates: MailTemplates,
    private readonly queue: Queue,
    private readonly metrics: Metrics,
    config: Config,
  ) {
    const { publicUrl, dataDir } = config.get(ProcessConfig);
    const { smtpServer, smtpCaFile, sender } = config.get(MailConfig);
    this.home = publicUrl;
    this.sender = sender ?? parseSender(`Gatehouse <no-reply@${new URL(publicUrl).hostname}>`);
    if (smtpServer)
      this.transport = new SmtpTransport(smtpServer, smtpCaFile && readCa(smtpCaFile));
    else this.transport = config.production ? null : new OutboxTransport(dataDir);
  }

  onModuleInit(): void {
    if (this.transport) this.queue.handle('mail.send', (letter, job) => this.deliver(letter, job));
    else
      this.logger.warn(
        'There is no SMTP_URL: mails wait in the queue; see docs/operations/mail.md',
      );
  }

  onApplicationShutdown(): void {
    this.transport?.close();
  }

  /** @param until when the mail becomes worthless, such as the end of the link in it */
  async send<N extends MailName>(
    name: N,
    to: string,
    data: MailData<N>,
    { until }: { until?: Date } = {},
  ): Promise<void> {
    const letter = { id: uuidv7(), name, to, data, until: until?.getTime() ?? null };
    await this.queue.add('mail.send', letter);
  }

  private async deliver(letter: Letter, { attempt, last }: JobInfo): Promise<void> {
    const { id, name } = letter;
    const done = (outcome: string): void => {
      this.metrics.counter('mails_total').inc({ mail: name, outcome });
      this.logger.log({ mail: name, id, attempt, outcome }, 'Mail');
    };
    if (letter.until !== null && letter.until < Date.now()) return done('expired');
    try {
      await this.hand(letter);
      done('sent');
    } catch (error) {
      if (error instanceof MailRefused) return done('refused');
      if (last) done('given_up');
      throw error;
    }
  }

  private async hand({ id, name, to, data }: Letter): Promise<void> {
    const { name: service, address, host } = this.sender;
    await this.transport!.send({
      ...this.templates.render(name, { ...data, service, home: this.home }),
      // As objects: no text is taken apart into addresses (ASVS V1.3.11).
      from: { name: service, address },
      to: { name: '', address: to },
      messageId: `<${id}@${host}>`,
      // So that out-of-office replies stay at home (RFC 3834, section 5).
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
  }
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([
      `SMTP_CA_FILE cannot be read: ${(error as NodeJS.ErrnoException).code}`,
    ]);
  }
}
