/** Small parts that appear everywhere. */

import { Check, CircleAlert, CircleCheck, Copy, Info, TriangleAlert } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { caps } from '../keys/keys';
import { IconButton } from './Button';

export type Tone = 'ok' | 'warn' | 'error' | 'info';

const TONE_ICONS = { ok: CircleCheck, warn: TriangleAlert, error: CircleAlert, info: Info };

/** A status: always a word, never a colour alone. */
export function Badge({ tone, children }: { tone?: Tone; children: ReactNode }) {
  const Icon = tone && TONE_ICONS[tone];
  return (
    <span className="badge" data-tone={tone}>
      {Icon && <Icon aria-hidden />}
      {children}
    </span>
  );
}

/** A message in the place it is about. */
export function Notice({ tone, children }: { tone: Tone; children: ReactNode }) {
  const Icon = TONE_ICONS[tone];
  return (
    <div className="notice" data-tone={tone} role={tone === 'error' ? 'alert' : undefined}>
      <Icon aria-hidden />
      <div className="grow">{children}</div>
    </div>
  );
}

export function Kbd({ keys }: { keys: string }) {
  return (
    <span>
      {caps(keys).map(cap => (
        <kbd className="kbd" key={cap}>
          {cap}
        </kbd>
      ))}
    </span>
  );
}

/** Stands for text that is on its way, where it will be. */
export function Skeleton({ width = '60%' }: { width?: string | number }) {
  return <span className="skeleton" style={{ width }} aria-hidden />;
}

export function SkeletonRows({ n = 4 }: { n?: number }) {
  return (
    <ul className="rows" aria-hidden>
      {Array.from({ length: n }, (_, at) => (
        <li key={at}>
          <Skeleton width={`${70 - ((at * 17) % 40)}%`} />
        </li>
      ))}
    </ul>
  );
}

const COPIED_MS = 1500;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <IconButton label={isCopied ? 'Copied' : label} size="small" onClick={copy}>
      {isCopied ? <Check /> : <Copy />}
    </IconButton>
  );
}

/** A person or team: their picture, or the first letters of their name. */
export function Avatar({
  name,
  picture,
  size = 24,
}: {
  name: string;
  picture?: string;
  size?: number;
}) {
  const [isBroken, setBroken] = useState(false);
  const words = name.split(/[\s\-_.]+/).filter(Boolean);
  const initials = words.slice(0, 2).map(word => word[0]?.toUpperCase());
  return (
    <span
      className="avatar"
      style={{ width: size, height: size, fontSize: size * 0.42 }}
      aria-hidden
    >
      {picture && !isBroken ? (
        <img src={picture} alt="" onError={() => setBroken(true)} referrerPolicy="no-referrer" />
      ) : (
        initials.join('')
      )}
    </span>
  );
}

const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const ABSOLUTE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** How long ago, with the exact time on hover. */
export function Time({ at }: { at: number }) {
  const ago = at - Date.now();
  const [unit, length] = UNITS.find(([, ms]) => Math.abs(ago) >= ms) ?? ['second', 1000];
  return (
    <time dateTime={new Date(at).toISOString()} title={ABSOLUTE.format(at)}>
      {RELATIVE.format(Math.round(ago / length), unit)}
    </time>
  );
}

const SPANS: [string, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** How long something lasts, in its two largest units. */
export function formatSpan(ms: number): string {
  const parts: string[] = [];
  let rest = Math.max(0, Math.round(ms));
  for (const [unit, length] of SPANS) {
    const n = Math.floor(rest / length);
    rest -= n * length;
    if (n > 0) parts.push(`${n} ${unit}${n === 1 ? '' : 's'}`);
    if (parts.length === 2 || (parts.length === 1 && n === 0)) break;
  }
  return parts.join(' ') || `${Math.round(ms)} ms`;
}

const NUMBER = new Intl.NumberFormat();

export function formatCount(count: number): string {
  return NUMBER.format(count);
}
