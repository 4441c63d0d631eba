/** A chart on the page: drawn by ECharts, with a cursor that all charts over the same axis share. */
import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ECharts, EChartsCoreOption } from '../charts/echarts.js';
import { cursor } from '../state.js';

export interface ChartProps {
  readonly option: EChartsCoreOption;
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly height: number;
  /** What its horizontal axis is; without one it has no cursor. */
  readonly axis?: string;
  /** Hears of a part of the axis that was drawn over with the mouse; null on a double click. */
  readonly onZoom?: (range: readonly [number, number] | null) => void;
  /** Positions on the axis at which the arrow keys stop. */
  readonly stops?: readonly number[];
  readonly onClick?: (x: number, y: number) => void;
}

/** Pixels that are a drag, and no unsteady click. */
const DRAG = 5;

export function Chart(props: ChartProps) {
  const { option, label, height, axis, stops = [] } = props;
  const host = useRef<HTMLDivElement>(null);
  const line = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(undefined);
  const latest = useRef(props);
  latest.current = props;

  const draw = () => {
    chart.current?.setOption(latest.current.option, { notMerge: true, lazyUpdate: false });
    placeCursor();
  };
  useEffect(() => {
    let isGone = false;
    const sizes = new ResizeObserver(() => {
      chart.current?.resize();
      placeCursor();
    });
    // The library is most of the page's weight: what needs no chart is on the screen before it.
    void import('../charts/echarts.js').then(({ init }) => {
      if (isGone) return;
      chart.current = init(host.current!, null, { renderer: 'canvas' });
      sizes.observe(host.current!);
      draw();
    });
    return () => {
      isGone = true;
      sizes.disconnect();
      chart.current?.dispose();
    };
  }, []);
  useEffect(draw, [option]);

  const placeCursor = () => {
    const at = cursor.peek();
    const shown = line.current;
    if (!shown || !chart.current) return;
    const isHere = at !== null && at.axis === latest.current.axis;
    const x = isHere ? pixelOf(chart.current, at.x) : undefined;
    shown.hidden = x === undefined;
    if (x !== undefined) shown.style.transform = `translateX(${Math.round(x)}px)`;
  };
  useSignalEffect(() => {
    void cursor.value;
    placeCursor();
  });

  const start = useRef<number | undefined>(undefined);
  const pixel = (event: PointerEvent | MouseEvent) =>
    event.clientX - host.current!.getBoundingClientRect().left;

  const move = (event: PointerEvent) => {
    if (axis === undefined) return;
    const x = pixel(event);
    const value = valueAt(chart.current, x);
    if (value !== undefined) cursor.value = { axis, x: value };
    if (start.current === undefined || !box.current) return;
    const [from, to] = [Math.min(start.current, x), Math.max(start.current, x)];
    box.current.hidden = to - from < DRAG;
    box.current.style.left = `${from}px`;
    box.current.style.width = `${to - from}px`;
  };
  const up = (event: PointerEvent) => {
    const [from, to] = [start.current, pixel(event)];
    start.current = undefined;
    if (box.current) box.current.hidden = true;
    if (from === undefined) return;
    if (Math.abs(to - from) < DRAG) {
      const y = event.clientY - host.current!.getBoundingClientRect().top;
      const at = chart.current?.convertFromPixel({ gridIndex: 0 }, [to, y]);
      if (at) latest.current.onClick?.(at[0]!, at[1]!);
      return;
    }
    const ends = [valueAt(chart.current, from, true), valueAt(chart.current, to, true)];
    if (ends[0] === undefined || ends[1] === undefined) return;
    latest.current.onZoom?.([Math.min(ends[0], ends[1]), Math.max(ends[0], ends[1])]);
  };
  const key = (event: KeyboardEvent) => {
    if (axis === undefined || stops.length === 0) return;
    if (event.key === 'Escape') cursor.value = null;
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
    const end = { Home: 0, End: stops.length - 1 }[event.key];
    if (by === undefined && end === undefined) return;
    event.preventDefault();
    const now = cursor.peek();
    const here = now?.axis === axis ? stops.findLastIndex((stop) => stop <= now.x) : -1;
    const next = end ?? Math.max(0, Math.min(stops.length - 1, here + by!));
    cursor.value = { axis, x: stops[next]! };
  };

  const at = cursor.value?.axis === axis ? cursor.value?.x : undefined;
  const reach = { 'aria-valuemin': stops[0] ?? 0, 'aria-valuemax': stops.at(-1) ?? 0 };
  const slider = axis !== undefined && {
    role: 'slider' as const, // of its cursor
    tabIndex: 0,
    ...reach,
    'aria-valuenow': at ?? reach['aria-valuemax'],
    onKeyDown: key,
  };
  const leave = () => {
    cursor.value = null;
    start.current = undefined;
    if (box.current) box.current.hidden = true;
  };
  return (
    <div
      class="chart"
      style={{ height: `${height}px` }}
      role="img"
      {...slider}
      aria-label={label}
      onPointerMove={move}
      onPointerUp={up}
      onPointerLeave={leave}
      onDblClick={() => props.onZoom?.(null)}
      onPointerDown={(event) => {
        if (props.onZoom || props.onClick) start.current = pixel(event);
      }}
    >
      <div ref={host} class="chart-host" />
      <div ref={line} class="chart-cursor" hidden />
      <div ref={box} class="chart-box" hidden />
    </div>
  );
}

function pixelOf(chart: ECharts, x: number): number | undefined {
  const pixel = chart.convertToPixel({ xAxisIndex: 0 }, x) as unknown;
  const value = Array.isArray(pixel) ? pixel[0] : pixel;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The position on the axis; outside the plot none, unless its end is to be taken. */
function valueAt(chart: ECharts | undefined, pixel: number, clamped = false): number | undefined {
  const value = chart?.convertFromPixel({ xAxisIndex: 0 }, pixel) as unknown;
  const at = Array.isArray(value) ? value[0] : value;
  if (typeof at !== 'number' || !Number.isFinite(at)) return undefined;
  return clamped || chart!.containPixel({ gridIndex: 0 }, [pixel, chart!.getHeight() / 2])
    ? at
    : undefined;
}
