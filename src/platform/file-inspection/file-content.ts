/** Content that can be read anywhere without being in memory. */
export interface FileContent {
  readonly size: number;
  /** Fewer bytes only at the end. */
  read(position: number, length: number): Promise<Buffer>;
}

/** Content from one place to another, some at a time. */
export async function* piecesOf(
  content: FileContent,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  const pieceBytes = 65_536;
  for (let position = start; position < end; position += pieceBytes) {
    yield await content.read(position, Math.min(pieceBytes, end - position));
  }
}
