import { describe, expect, it } from 'vitest';
import { Emitter } from './emitter.js';

interface Events {
  said: [text: string, times: number];
  done: [];
}

describe('Emitter', () => {
  it('calls listeners in their order, and says whether there were any', () => {
    const emitter = new Emitter<Events>();
    const heard: string[] = [];
    expect(emitter.emit('said', 'nobody', 0)).toBe(false);
    emitter.on('said', (text, times) => heard.push(`a ${text} ${times}`));
    emitter.on('said', (text) => heard.push(`b ${text}`));
    expect(emitter.emit('said', 'x', 2)).toBe(true);
    expect(heard).toEqual(['a x 2', 'b x']);
    expect(emitter.listenerCount('said')).toBe(2);
    emitter.removeAllListeners('said');
    expect(emitter.emit('said', 'x', 2)).toBe(false);
  });

  it('forgets one that was to hear once, and one that is taken off, the last of its equals first', () => {
    const emitter = new Emitter<Events>();
    let count = 0;
    const add = () => void count++;
    emitter.once('done', add);
    emitter.emit('done');
    emitter.emit('done');
    expect(count).toBe(1);
    emitter.on('done', add).on('done', add).off('done', add);
    emitter.emit('done');
    expect(count).toBe(2);
    emitter.off('done', () => {});
    expect(emitter.listenerCount('done')).toBe(1);
    emitter.removeAllListeners();
    expect(emitter.listenerCount('done')).toBe(0);
  });

  it('lets listeners change the list while it is gone through, from the next time on', () => {
    const emitter = new Emitter<Events>();
    const heard: string[] = [];
    const second = () => void heard.push('second');
    emitter.on('done', () => {
      heard.push('first');
      emitter.off('done', second);
      emitter.on('done', () => void heard.push('new'));
    });
    emitter.on('done', second);
    emitter.emit('done');
    expect(heard).toEqual(['first', 'second']);
    emitter.emit('done');
    expect(heard).toEqual(['first', 'second', 'first', 'new']);
  });

  it('lets an exception of a listener through, and refuses what is no function', () => {
    const emitter = new Emitter<Events>();
    emitter.on('done', () => {
      throw new Error('mine');
    });
    expect(() => emitter.emit('done')).toThrow('mine');
    expect(() => emitter.on('done', 3 as never)).toThrow(/expected a listener of "done"/);
  });
});
