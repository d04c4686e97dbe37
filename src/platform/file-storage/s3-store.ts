import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';

import { AwsV4Signer } from 'aws4fetch';

import type { Outgoing, OutgoingRequest } from '../outgoing/index.js';
import type { FileStore, FinishedFile } from './file-store.js';

export interface Bucket {
  /** Address of the bucket, without a slash at its end. */
  url: string;
  region: string;
  keyId: string;
  secret: string;
}

/** What is in an answer that is not a file: an excuse in XML. */
const excuseBytes = 65_536;
const briefMs = 5_000;
/** A store must take this much, or the upload fails. */
const bytesPerMs = 500;
/** A download ends by then, however slowly its reader reads. */
const downloadMs = 600_000;
/** Of nothing. */
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * In a bucket of an S3-compatible store, by the calls that all of them have: PUT, GET and DELETE
 * of an object by path, signed with Signature Version 4, hash of the content included.
 */
export class S3Store implements FileStore {
  constructor(
    private readonly bucket: Bucket,
    private readonly outgoing: Outgoing,
  ) {}

  async keep(id: string, { path, size, hash }: FinishedFile): Promise<void> {
    const { status } = await this.call(id, 'PUT', hash.toString('hex'), {
      headers: { 'content-length': String(size), 'content-type': 'application/octet-stream' },
      body: () => createReadStream(path),
      timeoutMs: briefMs + size / bytesPerMs,
    });
    if (status !== 200) throw refusal('PUT', status);
    await rm(path, { force: true });
  }

  async open(id: string, size: number): Promise<Readable> {
    const request = await this.signed(id, 'GET', emptyHash);
    const limits = { timeoutMs: downloadMs, maxBytes: size + excuseBytes };
    const { status, body } = await this.outgoing.stream(this.addressOf(id), {
      ...request,
      ...limits,
    });
    if (status === 200) return body;
    body.destroy();
    throw refusal('GET', status);
  }

  async remove(id: string): Promise<void> {
    const { status } = await this.call(id, 'DELETE', emptyHash, { timeoutMs: briefMs });
    if (![200, 204, 404].includes(status)) throw refusal('DELETE', status);
  }

  private async call(
    id: string,
    method: 'PUT' | 'DELETE',
    hash: string,
    { headers, ...request }: Omit<OutgoingRequest, 'maxBytes'>,
  ): Promise<{ status: number }> {
    const signed = await this.signed(id, method, hash);
    return this.outgoing.request(this.addressOf(id), {
      ...request,
      ...signed,
      headers: { ...headers, ...signed.headers },
      maxBytes: excuseBytes,
    });
  }

  /** A UUID needs no escaping, on which stores and signers disagree. */
  private addressOf(id: string): string {
    return `${this.bucket.url}/${id}`;
  }

  private async signed(
    id: string,
    method: 'PUT' | 'GET' | 'DELETE',
    hash: string,
  ): Promise<{ method: typeof method; headers: Record<string, string> }> {
    const { region, keyId, secret } = this.bucket;
    const { headers } = await new AwsV4Signer({
      method,
      url: this.addressOf(id),
      headers: { 'x-amz-content-sha256': hash },
      accessKeyId: keyId,
      secretAccessKey: secret,
      service: 's3',
      region,
    }).sign();
    return { method, headers: Object.fromEntries(headers) };
  }
}

function refusal(method: string, status: number): Error {
  return new Error(`the bucket answered ${method} with ${status}`);
}
