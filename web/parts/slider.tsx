/** A number by a slider. */
import type { Signal } from '@preact/signals';

interface SliderProps {
  label: string;
  value: Signal<number>;
  min: number;
  max: number;
  step: number;
}

export function Slider({ label, value, min, max, step }: SliderProps) {
  return (
    <label class="field">
      {label}
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value.value}
        onInput={(event) => (value.value = Number(event.currentTarget.value))}
      />
      <output class="mono">{value.value.toFixed(2)}</output>
    </label>
  );
}
