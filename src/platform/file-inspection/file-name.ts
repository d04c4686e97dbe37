/** Controls, and what makes text look other than it is: bidirectional marks, invisible joiners. */
const deceptive =
  // eslint-disable-next-line no-control-regex -- they are what is meant
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]/g;
/** Windows takes neither in a name, and shells give most of them a meaning. */
const reserved = /[<>:"|?*/\\]/g;
const longest = 120;

/**
 * A name as it may be shown and offered for saving: the last part of a path, in one line, with
 * nothing hidden in it. What is stored never has this name.
 */
export function cleanFileName(given: string): string {
  const last = given.toWellFormed().normalize('NFC').split(/[/\\]/).at(-1)!;
  const plain = last
    .replace(deceptive, '')
    .replace(reserved, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '');
  const name = plain === '' ? 'file' : plain;
  const extension = extensionOf(name);
  if (extension === '') return clipped(name, longest);
  return `${clipped(name.slice(0, -extension.length - 1), longest - extension.length - 1)}.${extension}`;
}

/** What is behind the last dot, when that is short and of letters and digits. */
export function extensionOf(name: string): string {
  return /[^.]\.([A-Za-z0-9]{1,10})$/.exec(name)?.[1] ?? '';
}

/** By characters, so that none is cut in two. */
function clipped(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}
