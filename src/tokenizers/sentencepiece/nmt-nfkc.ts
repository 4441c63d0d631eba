export function nmtNfkcRules(): never {
  throw new Error('later');
}
