/** How deep JSON is nested, before it is parsed: a hostile text of brackets would end recursion. */

/** Whether brackets outside strings are open at once in a greater number. */
export function isDeeperThan(most: number, text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > most) return true;
  }
  return false;
}
