/**
 * A value in a line of CSV (RFC 4180). Texts that a spreadsheet would take for a formula begin with
 * an apostrophe (OWASP, CSV injection), wherever they come from.
 */
export function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[\s]*[=+\-@\t\r\n|%]/.test(value) ? `'${value}` : value;
  return /[",\r\n;']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
