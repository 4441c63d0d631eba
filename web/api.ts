/** Asking the server; or, in a report, the page itself. */
import { token } from './state.js';

/** What the server answered, in its words. */
export class ApiProblem extends Error {}

async function check(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as { problem?: string };
  throw new ApiProblem(body.problem ?? `the Lab answered ${response.status}.`);
}

async function ask(input: string, init?: RequestInit): Promise<Response> {
  try {
    return await check(await fetch(input, init));
  } catch (error) {
    if (error instanceof ApiProblem || (error as Error).name === 'AbortError') throw error;
    throw new ApiProblem('the Lab does not answer: it was ended, or the machine sleeps.');
  }
}

/** Answers in the server's place. @throws ApiProblem for what it does not know. */
export type Answerer = (path: string, query: URLSearchParams) => unknown;
let answerer: Answerer | undefined;

/** From now on nothing is sent: `answer` knows it all. */
export function answerFrom(answer: Answerer): void {
  answerer = answer;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  if (answerer) {
    const [at = '', query] = path.split('?');
    return answerer(at, new URLSearchParams(query)) as T;
  }
  return (await (await ask(path, signal ? { signal } : undefined)).json()) as T;
}

function posting(body: unknown, signal?: AbortSignal): RequestInit {
  return {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token.peek()}` },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  };
}

/** Asks for something to be done. */
export async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  if (answerer) {
    return answerer(path, new URLSearchParams(body as Record<string, string>)) as T;
  }
  return (await (await ask(path, posting(body, signal))).json()) as T;
}

/** Has the browser keep what the server makes. */
export async function download(path: string, body: unknown, name: string): Promise<void> {
  const blob = await (await ask(path, posting(body))).blob();
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** As `post`, for an answer that comes in pieces: lines of JSON. */
export async function* stream<T>(
  path: string,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<Awaited<T>> {
  const response = await ask(path, posting(body, signal));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const part = JSON.parse(line) as { problem?: string };
      if (part.problem !== undefined) throw new ApiProblem(part.problem);
      yield part as Awaited<T>;
    }
  }
}
