/** Letting timers, signals and messages have their turn in the midst of long work. */

/** Of Node's globals, and of a browser's. */
const { setImmediate, MessageChannel } = globalThis as unknown as {
  setImmediate?: (callback: () => void) => void;
  MessageChannel: new () => {
    port1: { onmessage: (() => void) | null };
    port2: { postMessage(message: null): void };
  };
};

const waiting: (() => void)[] = [];
let post: (() => void) | undefined;

/** Resolves once what was due had its turn. A browser's timers would make that wait 4 ms each time. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
      return;
    }
    if (!post) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => waiting.shift()?.();
      post = () => port2.postMessage(null);
    }
    waiting.push(resolve);
    post();
  });
}
