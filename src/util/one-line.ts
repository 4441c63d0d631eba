/**
 * `text` in one line: what its lines list is set apart by semicolons, and other control characters (a file's
 * name may hold them) are shown and not obeyed.
 */
export function oneLine(text: string): string {
  return text
    .trim()
    .replace(/([:;,.]?)\s*[\r\n]\s*/g, (_, mark: string) => `${mark || ';'} `)
    .replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
