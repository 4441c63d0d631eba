/** Recursive halving: who makes which part of something that every rank has. */

/** A way to other ranks; one exchange at a time. */
export interface Line {
  readonly rank: number;
  readonly size: number;
  /** Sends bytes from an address to a rank, and receives others from it. */
  exchange(peer: number, from: number, sent: number, to: number, received: number): void;
  /** Begins to; what it returns waits for the end. */
  begin(peer: number, from: number, sent: number, to: number, received: number): () => void;
}

export type Stretch = readonly [begin: number, end: number];

/** What two ranks have in common: what becomes this one's, and the other's. */
export interface Halving {
  readonly peer: number;
  readonly mine: Stretch;
  readonly theirs: Stretch;
}

/** Halves of so many elements, and halves of these, down to those of each rank alone. Neighbours come first. */
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
