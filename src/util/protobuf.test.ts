import { describe, expect, it } from 'vitest';
import { type Message, MessageType } from './protobuf.js';

const POINT = new MessageType({
  x: { id: 1, type: 'int32' },
  y: { id: 2, type: 'int32', fallback: 7 },
});
const TYPE = new MessageType({
  name: { id: 1, type: 'string' },
  points: { id: 2, type: POINT, repeated: 'each' },
  weights: { id: 3, type: 'float', repeated: 'packed' },
  first: { id: 4, type: POINT },
  on: { id: 5, type: 'bool' },
  size: { id: 6, type: 'uint64' },
  raw: { id: 7, type: 'bytes' },
  names: { id: 16, type: 'string', repeated: 'each' },
});
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const written = (type: MessageType, message: Message) => Uint8Array.from(type.encode(message));

describe('MessageType', () => {
  it('writes by the examples of the encoding’s documentation, fields in the order of their numbers', () => {
    expect(written(POINT, { x: 150 })).toEqual(hex('08 96 01'));
    expect(written(POINT, { y: 0, x: -1 })).toEqual(hex('08 ff ff ff ff ff ff ff ff ff 01 10 00'));
    const whole = {
      ...{ names: ['a', ''], raw: hex('ff'), size: 300, on: false, first: {} },
      ...{ weights: [1, 0], points: [{ x: 1 }], name: 'testing' },
    };
    expect(written(TYPE, whole)).toEqual(
      hex(
        '0a 07 74657374696e67  12 02 08 01  1a 08 0000803f 00000000  22 00  28 00  30 ac02  3a 01 ff  8201 01 61  8201 00',
      ),
    );
    expect(written(TYPE, { name: undefined, weights: [], unknown: 3 })).toEqual(hex(''));
  });

  it('reads it back, with defaults for what is not there', () => {
    expect(TYPE.decode(hex(''))).toEqual({
      ...{ name: '', points: [], weights: [], first: undefined, on: false, size: 0 },
      ...{ raw: hex(''), names: [] },
    });
    const message = TYPE.decode(hex('0a03 efbbbf 12021005 2202 0803 2202 1004 1a04 0000803f'));
    expect(message).toMatchObject({
      name: '\ufeff', // no byte-order mark, but a character
      points: [{ x: 0, y: 5 }],
      first: { x: 3, y: 4 }, // in two parts
      weights: [1],
    });
    // Packed or not, as it comes.
    expect(TYPE.decode(hex('1d 0000803f 1d 00000040'))).toMatchObject({ weights: [1, 2] });
  });

  it('passes over fields that it does not know, or that are of another type', () => {
    expect(POINT.decode(hex('1a 03 616263 08 05 21 0000000000000000 0d 00000000'))).toEqual({
      x: 5,
      y: 7,
    });
  });

  it.each([
    ['a length beyond the end', '0a 05 61'],
    ['a message longer than what is left', '12 05 08 01'],
    ['a field that reaches beyond its message', '12 02 1a 05 00 00 00 00 00'],
    ['a list beyond the end', '1a 08 0000803f'],
    ['a list that is not whole', '1a 05 0000803f 00'],
    ['a number without an end', '28 ff'],
    ['four gigabytes', '0a ffffffff0f 61'],
    ['field 0', '00 00'],
    ['a wire type that there is not', '0f 00'],
    ['groups without end', '0b'.repeat(5000)],
  ])('refuses %s', (_, bytes) => {
    expect(() => TYPE.decode(hex(bytes))).toThrow(Error);
  });
});
