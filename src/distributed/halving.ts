/** Recursive halving: which part of something every rank has is made on which. */

/** A way to another rank. */
export interface Line {
  readonly rank: number;
  readonly size: number;
  /** Sends bytes from an address to a rank, and receives others from it. */
  exchange(peer: number, from: number, sent: number, to: number, received: number): void;
}

/** Elements that two ranks have in common: those that become this rank's, and the other's. */
export interface Halving {
  readonly peer: number;
  readonly mine: Stretch;
  readonly theirs: Stretch;
}
export type Stretch = readonly [begin: number, end: number];

/** Halves of `count` elements, and halves of these, until each rank has its own; neighbours share out first. */
export function halvingsOf({ rank, size }: Pick<Line, 'rank' | 'size'>, count: number): Halving[] {
  const halvings: Halving[] = [];
  let whole: Stretch = [0, count];
  for (let distance = 1; distance < size; distance *= 2) {
    const middle = (whole[0] + whole[1]) >>> 1;
    const halves: [Stretch, Stretch] = [
      [whole[0], middle],
      [middle, whole[1]],
    ];
    if (rank & distance) halves.reverse();
    const [mine, theirs] = halves;
    halvings.push({ peer: rank ^ distance, mine, theirs });
    whole = mine;
  }
  return halvings;
}

export function lengthOf([begin, end]: Stretch): number {
  return end - begin;
}
