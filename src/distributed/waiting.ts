/** Waiting for something without an event: at once where it comes at once, and politely where it does not. */

/**
 * Looks for so long before it lets others have the core in between: longer than one core is usually behind the
 * other, since whoever naps hears of a message a tenth of a millisecond late.
 */
const SPIN_MS = 4;
const NAP_MS = 0.05;
/** How often it looks before it reads the clock. */
const LOOKS = 16;
/** How often whoever waits hears that it still does. */
const REPORT_MS = 250;

const bed = new Int32Array(new SharedArrayBuffer(4));

/**
 * Returns once `isDone` does.
 *
 * @param isCrowded whether others need the core at once.
 * @param late called four times a second with the milliseconds waited.
 */
export function waitUntil(
  isDone: () => boolean,
  isCrowded: boolean,
  late: (milliseconds: number, isFirst: boolean) => void,
): void {
  const looked = () => {
    for (let i = 0; i < LOOKS; i++) if (isDone()) return true;
    return false;
  };
  if (looked()) return;
  const began = performance.now();
  let reportAt = REPORT_MS;
  for (;;) {
    const waited = performance.now() - began;
    if (waited >= reportAt) {
      late(waited, reportAt === REPORT_MS);
      reportAt += REPORT_MS;
    }
    if (isCrowded || waited > SPIN_MS) Atomics.wait(bed, 0, 0, NAP_MS);
    if (looked()) return;
  }
}
