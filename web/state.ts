/** What the whole page knows: runs, where it is, how it looks. */
import { computed, effect, signal } from '@preact/signals';
import type { LabRow, ReportData } from '../src/lab/protocol.js';

/** All runs, by name. */
export const rows = signal<ReadonlyMap<string, LabRow>>(new Map());
export const folder = signal('');
/** Newest first. */
export const ordered = computed(() =>
  [...rows.value.values()].sort(
    (a, b) => (b.created ?? '').localeCompare(a.created ?? '') || (a.name < b.name ? -1 : 1),
  ),
);
/** Whether the stream of changes is open. */
export const connected = signal(false);
export const loaded = signal(false);
/** What the page shows where it is a report, and no live Lab. */
export const report = signal<ReportData | undefined>(undefined);

/** The runs that are compared, in the order in which they were chosen: their letters follow it. */
export const chosen = signal<readonly string[]>([]);

/** `#/run/NAME` → ['run', 'NAME']. */
export const route = signal<readonly string[]>(['']);

/** Where the cursor stands in every chart over the same axis. */
export const cursor = signal<{ readonly axis: string; readonly x: number } | null>(null);

/** Which of `steps` the cursor stands at; the last where it stands elsewhere. */
export function placeIn(steps: readonly number[]): number {
  const now = cursor.value;
  if (now?.axis !== 'step') return steps.length - 1;
  return Math.max(
    0,
    steps.findLastIndex((step) => step <= now.x),
  );
}

/** What the browser remembers; nothing in a page that may not (a report in a frame). */
const memory = {
  get(kind: 'localStorage' | 'sessionStorage', key: string): string {
    try {
      return globalThis[kind].getItem(key) ?? '';
    } catch {
      return '';
    }
  },
  set(kind: 'localStorage' | 'sessionStorage', key: string, value: string): void {
    try {
      globalThis[kind].setItem(key, value);
    } catch {
      // It is forgotten.
    }
  },
};

const TOKEN = 'nanogpt-token';
export const token = signal(memory.get('sessionStorage', TOKEN));

export type Theme = 'light' | 'dark';
const THEME = 'nanogpt-theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(system.matches);
system.addEventListener('change', (event) => {
  systemDark.value = event.matches;
});
export const wantedTheme = signal<Theme | ''>(memory.get('localStorage', THEME) as Theme | '');
export const theme = computed<Theme>(
  () => wantedTheme.value || (systemDark.value ? 'dark' : 'light'),
);
effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
  memory.set('localStorage', THEME, wantedTheme.value);
});

function readAddress(): void {
  const hash = location.hash.slice(1);
  if (hash.startsWith('token=')) {
    token.value = hash.slice('token='.length);
    memory.set('sessionStorage', TOKEN, token.value);
    history.replaceState(null, '', '#/'); // the key does not stay in the address
  }
  route.value = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
}
addEventListener('hashchange', readAddress);
readAddress();

/** The address of a view. */
export function hrefOf(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

/** Adds a run to those compared, or takes it out. */
export function toggle(name: string): void {
  const now = chosen.value;
  chosen.value = now.includes(name) ? now.filter((other) => other !== name) : [...now, name];
}
