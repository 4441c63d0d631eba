/** The texts to train on: datasets, and one's own. */
import { signal } from '@preact/signals';
import { PUBLIC_DATASETS } from 'nanogpt/browser/client';

export const OWN = 'my text';
/** A dataset's name, or `OWN`. */
export const choice = signal('tiny_shakespeare');
export const ownText = signal('');
/** What one's own text is called: a file's name. */
export const ownName = signal('my-text');
export const fetching = signal(false);

export const datasets = Object.keys(PUBLIC_DATASETS);
const fetched = new Map<string, string>();

/** The chosen text. @throws Error in words, where it cannot be had. */
export async function chosenText(): Promise<{ name: string; text: string }> {
  if (choice.value === OWN) {
    if (ownText.value === '') throw new Error('paste a text, or load one from a file.');
    return { name: ownName.value, text: ownText.value };
  }
  return { name: choice.value, text: await textOf(choice.value) };
}

/** A dataset's text: from this very server where it has it, otherwise from its public address. */
export async function textOf(name: string): Promise<string> {
  const known = fetched.get(name);
  if (known !== undefined) return known;
  const dataset = PUBLIC_DATASETS[name as keyof typeof PUBLIC_DATASETS];
  if (!dataset) throw new Error(`${name}: is no dataset that has a public address.`);
  fetching.value = true;
  try {
    const problems: string[] = [];
    for (const url of [`data/${name}.txt`, dataset.url]) {
      try {
        const response = await fetch(url);
        if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
        const text = await response.text();
        // A host that answers every address with a page of its own has no such file.
        if (new TextEncoder().encode(text).length !== dataset.bytes)
          throw new Error('another text');
        fetched.set(name, text);
        return text;
      } catch (error) {
        problems.push(`${url}: ${(error as Error).message}`);
      }
    }
    throw new Error(`${name} cannot be had (${problems.join('; ')}). Paste a text of your own.`);
  } finally {
    fetching.value = false;
  }
}

/** Takes a file as one's own text. @throws Error where it is no UTF-8. */
export async function takeFile(file: File): Promise<void> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    ownText.value = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${file.name}: is not UTF-8 text.`);
  }
  ownName.value = file.name;
  choice.value = OWN;
}
