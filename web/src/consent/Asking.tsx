/** What the pages that ask have in common: who, what, and yes or no. */

import { Check, ShieldCheck, TriangleAlert } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import type { Asking, Verdict } from '../api/auth';
import { config } from '../app/boot';
import { session } from '../session/session';
import { useUser } from '../session/useSession';
import { Button } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { Notice, Skeleton } from '../ui/Small';
import { grantsOf, originOf } from './scopes';
import './consent.css';

interface BoxProps {
  title: string;
  isBusy?: boolean;
  children: ReactNode;
}

export function Box({ title, isBusy, children }: BoxProps) {
  useEffect(() => {
    document.title = `${title} · ${config.title}`;
  }, [title]);
  return (
    <div className="consent card" aria-busy={isBusy || undefined}>
      <h1>{title}</h1>
      {children}
    </div>
  );
}

export function Waiting() {
  return (
    <div>
      <Skeleton width="80%" />
      <Skeleton width="60%" />
      <Skeleton width="70%" />
    </div>
  );
}

interface RequestViewProps {
  asking: Asking & { clientId: string };
  /** More that the user should know. */
  facts?: ReactNode;
  isBusy: boolean;
  error: Error | null;
  onAnswer: (verdict: Verdict) => void;
}

export function RequestView({ asking, facts, isBusy, error, onAnswer }: RequestViewProps) {
  const user = useUser();
  const origin = originOf(asking.clientId);
  return (
    <>
      <p className="consent-origin" data-verified={origin.isVerified ? '' : undefined}>
        {origin.isVerified ? <ShieldCheck aria-hidden /> : <TriangleAlert aria-hidden />}
        <span>{origin.isVerified ? <code>{origin.text}</code> : origin.text}</span>
      </p>
      <div>
        <h2>It could</h2>
        <ul className="consent-grants">
          {grantsOf(asking).map(grant => (
            <li key={grant}>
              <Check aria-hidden /> <span>{grant}</span>
            </li>
          ))}
        </ul>
      </div>
      <dl className="facts">
        <dt>You are</dt>
        <dd>
          <EntityLink entityRef={user.userEntityRef} />
          <button type="button" className="link" onClick={() => void session.signOut()}>
            Not you? Sign out
          </button>
        </dd>
        {facts}
      </dl>
      {error && <Notice tone="error">{error.message}</Notice>}
      <div className="consent-answers">
        <Button disabled={isBusy} onClick={() => onAnswer('reject')}>
          Deny
        </Button>
        <Button variant="primary" disabled={isBusy} onClick={() => onAnswer('approve')}>
          Allow
        </Button>
      </div>
    </>
  );
}
