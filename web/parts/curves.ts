/** Curves from the server, asked for again whenever there is more to draw. */
import { type Signal, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Axis, Metric, RunCurves, SeriesReply } from '../../src/lab/protocol.js';
import { ApiProblem, get } from '../api.js';
import { rows } from '../state.js';

export interface CurveWish {
  readonly runs: readonly string[];
  readonly axis: Axis;
  readonly metrics: readonly Metric[];
  readonly smoothing: number;
  readonly logX: boolean;
  readonly zoom: readonly [number, number] | null;
  /** Pixels across. */
  readonly points: number;
}

/** No oftener than that: a run writes a line many times a second. */
const INTERVAL_MS = 400;

export interface Curves {
  readonly runs: Signal<readonly RunCurves[]>;
  readonly axis: Signal<Axis>;
  readonly problem: Signal<string | undefined>;
  /** Runs that are not on this axis, and why. */
  readonly notices: Signal<readonly string[]>;
}

export function useCurves(wish: CurveWish): Curves {
  const curves = useRef<Curves | undefined>(undefined);
  curves.current ??= {
    ...{ runs: signal([]), axis: signal(wish.axis) },
    ...{ problem: signal(undefined), notices: signal([]) },
  };
  const { runs, axis, problem, notices } = curves.current;
  const versions = wish.runs.map((name) => rows.value.get(name)?.version).join();
  const last = useRef(0);
  const shape = JSON.stringify(wish);
  const before = useRef('');
  useEffect(() => {
    const names = wish.runs.filter((name) => rows.peek().has(name));
    if (names.length === 0) {
      runs.value = [];
      return;
    }
    const controller = new AbortController();
    const wait =
      before.current === shape ? Math.max(0, last.current + INTERVAL_MS - Date.now()) : 0;
    before.current = shape;
    const timer = setTimeout(async () => {
      last.current = Date.now();
      try {
        const reply = await get<SeriesReply>(
          `/api/series?${queryOf(wish, names)}`,
          controller.signal,
        );
        axis.value = reply.axis;
        runs.value = reply.runs;
        notices.value = reply.notices ?? [];
        problem.value = undefined;
      } catch (error) {
        if (error instanceof ApiProblem) problem.value = error.message;
      }
    }, wait);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [shape, versions]);
  return curves.current;
}

function queryOf(wish: CurveWish, names: readonly string[]): string {
  const { axis, metrics, smoothing, logX, zoom, points } = wish;
  const query = new URLSearchParams({ axis, metrics: metrics.join(), points: String(points) });
  if (smoothing > 0) query.set('smoothing', String(smoothing));
  if (logX) query.set('logX', '1');
  if (zoom) {
    query.set('from', String(zoom[0]));
    query.set('to', String(zoom[1]));
  }
  for (const name of names) query.append('run', name);
  return query.toString();
}

/** The value of a curve at a position: of the nearest point at or before it. */
export function valueAt(
  x: readonly number[],
  y: readonly (number | null)[],
  at: number,
): number | null {
  const i = x.findLastIndex((value) => value <= at);
  return y[i < 0 ? 0 : i] ?? null;
}
