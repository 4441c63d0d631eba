/** Text as its tokens, and the distribution that one of them was drawn from. */
import type { WeighedPiece } from '../../src/lab/explorer/messages.js';
import { visible } from '../format.js';
import type { Token } from './sample.js';

interface TokenTextProps {
  begun: readonly { text: string }[];
  tokens: readonly Token[];
  rest: string;
  picked: number | undefined;
  onPick: (index: number) => void;
  busy: boolean;
}

/** Surprising tokens have a darker ground; the arrow keys walk from token to token. */
export function TokenText({ begun, tokens, rest, picked, onPick, busy }: TokenTextProps) {
  const walk = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || tokens.length === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(tokens.length - 1, (picked ?? -1) + by));
    onPick(next);
    const place = event.currentTarget as HTMLElement;
    (place.querySelectorAll('[role=button]')[next] as HTMLElement | undefined)?.focus();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: text whose parts can be chosen
    <div class="text" role="group" aria-label="written text" aria-busy={busy} onKeyDown={walk}>
      {begun.map((piece, i) => (
        <span class="prompt" key={i}>
          {piece.text}
        </span>
      ))}
      {tokens.map((token, i) => (
        // biome-ignore lint/a11y/useSemanticElements: a button would not break its lines
        <span
          role="button"
          key={i}
          class="token"
          tabIndex={i === (picked ?? 0) ? 0 : -1}
          aria-pressed={i === picked}
          aria-label={`${visible(token.piece)}, probability ${token.probability.toPrecision(2)}`}
          style={{ '--surprise': `${Math.round(Math.min(1, token.surprise / 7) * 60)}%` }}
          onClick={() => onPick(i)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' || event.key === ' ') onPick(i);
          }}
        >
          {token.text === '' ? '◌' : token.text}
        </span>
      ))}
      {rest}
      {busy && <span class="caret" />}
    </div>
  );
}

export function Distribution({ token, temperature }: { token: Token; temperature: number }) {
  const most = Math.max(
    ...token.before.map(({ probability }) => probability),
    ...token.after.map(({ probability }) => probability),
  );
  return (
    <div class="body grid2 distribution">
      <Bars title="by the model itself" choices={token.before} id={token.id} most={most} />
      <Bars
        title={`drawn from: temperature ${temperature}, and filters`}
        choices={token.after}
        id={token.id}
        most={most}
      />
      <p class="faint">
        chosen <b class="mono">{visible(token.piece)}</b>: probability{' '}
        {token.probability.toPrecision(3)}, surprise {token.surprise.toFixed(3)} nats; entropy here{' '}
        {token.entropy.toFixed(3)} nats
      </p>
    </div>
  );
}

function Bars(props: {
  title: string;
  choices: readonly WeighedPiece[];
  id: number;
  most: number;
}) {
  const { title, choices, id, most } = props;
  return (
    <table class="bars">
      <caption>{title}</caption>
      <tbody>
        {choices.map((choice) => (
          <tr key={choice.id} class={choice.id === id ? 'chosen' : ''}>
            <th scope="row" class="mono">
              {visible(choice.text)}
              {choice.id === id && <span class="sr"> chosen</span>}
            </th>
            <td class="right mono">{choice.probability.toFixed(4)}</td>
            <td>
              <div class="bar" style={{ width: `${(100 * choice.probability) / most}%` }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
