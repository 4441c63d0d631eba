/** Numbers and times as the page writes them: short, and of one width in a column. */

/** `20.6 M`, `11.9 k`, `302`. */
export function short(value: number): string {
  const units: [number, string][] = [
    [1e18, 'E'],
    [1e15, 'P'],
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ];
  const size = Math.abs(value);
  for (const [unit, letter] of units) {
    if (size >= unit * 0.9995) return `${(value / unit).toPrecision(3)} ${letter}`;
  }
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

/** `1,234,567` */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Four digits, without an exponent where it is short: `2.309`, `0.0003`, `1.2e−7`. */
export function figure(value: number | null | undefined): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e5 ? value.toExponential(2) : value.toPrecision(4);
  return text
    .replace(/e([+-]?)0*(\d)/, 'e$1$2')
    .replace('e+', 'e')
    .replaceAll('-', '−');
}

/** `0.5000` is `0.5`, `3.000e−4` is `3e−4`. */
export function withoutZeros(text: string): string {
  return text.replace(/\.?0+(?=e|$)/, (zeros) => (text.includes('.') ? '' : zeros));
}

/** A loss, to four places. */
export function loss(value: number | null | undefined): string {
  return value === undefined || value === null || !Number.isFinite(value) ? '–' : value.toFixed(4);
}

/** `1 h 02 min`, `3 min 20 s`, `12 s`. */
export function duration(seconds: number): string {
  const all = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  if (all >= 3600) return `${Math.floor(all / 3600)} h ${two(Math.floor(all / 60) % 60)} min`;
  return all >= 60 ? `${Math.floor(all / 60)} min ${two(all % 60)} s` : `${all} s`;
}

/** `25 Nov 04:15`, local. */
export function when(iso: string): string {
  const date = new Date(iso);
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return `${day} ${date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })}`;
}

/** A position on a horizontal axis. */
export function position(axis: string, value: number): string {
  if (axis === 'seconds') return duration(value);
  if (axis === 'share') return String(Number(value.toFixed(3)));
  return axis === 'step' ? whole(value) : short(value);
}

/** A token with its spaces and line ends to be seen. */
export function visible(text: string): string {
  if (text === '') return '∅';
  return text
    .replaceAll(' ', '␣')
    .replaceAll('\n', '⏎')
    .replaceAll('\t', '⇥')
    .replaceAll('\r', '␍');
}
