/** What a list or a page shows when it has nothing to show: why, and what to do. */

import { RotateCw } from 'lucide-react';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { ApiError } from '../api/client';
import { config } from '../app/boot';
import type { Permission } from '../session/may';
import { Button } from './Button';
import { CopyButton, Notice } from './Small';

interface EmptyProps {
  title: string;
  children?: ReactNode;
  /** The exact text that would fill the place. */
  example?: string;
  actions?: ReactNode;
}

export function Empty({ title, children, example, actions }: EmptyProps) {
  return (
    <div className="state">
      <strong>{title}</strong>
      {children && <div className="muted">{children}</div>}
      {example && (
        <>
          <pre>{example}</pre>
          <CopyButton text={example} label="Copy the example" />
        </>
      )}
      {actions && <div className="state-actions">{actions}</div>}
    </div>
  );
}

function advice(error: Error): string {
  if (!(error instanceof ApiError)) return 'This is a fault of the app. Reloading may help.';
  if (error.isOffline) return 'What you see may be old until the portal answers again.';
  if (error.status >= 500) {
    return error.requestId
      ? 'The log of the portal has the cause under the id below.'
      : 'The answer has no id, so it may be of a proxy in front of the portal: the logs of both have more.';
  }
  return 'The request was not understood; the message says why.';
}

function report(error: Error): string {
  const lines = [
    `${config.title} ${config.version}`,
    new Date().toISOString(),
    location.href,
    `${error.name}: ${error.message}`,
  ];
  if (error instanceof ApiError) {
    lines.push(`${error.request} answered ${error.status}`, `request id ${error.requestId ?? '-'}`);
  }
  return lines.join('\n');
}

/** The permission that a part of the app needs, to be named when it is missing. */
export const Needs = createContext<Permission | undefined>(undefined);

/** Why somebody who is signed in sees nothing. */
function Lacking({ needs }: { needs: Permission | undefined }) {
  return (
    <div className="muted">
      You are signed in, but may not see this.{' '}
      {needs ? (
        <>
          Ask who runs the portal for a role with <code>{needs.name}</code>.
        </>
      ) : (
        'Ask who runs the portal.'
      )}
    </div>
  );
}

/** What is shown to somebody who lacks a permission, where others have data. */
export function Denied({ needs, title = 'Not allowed' }: { needs: Permission; title?: string }) {
  return (
    <div className="state" role="alert">
      <strong>{title}</strong>
      <Lacking needs={needs} />
    </div>
  );
}

/** An error where the data would be. */
export function ErrorState({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const needs = useContext(Needs);
  const isDenied = error instanceof ApiError && error.isDenied;
  const id = error instanceof ApiError ? error.requestId : null;
  return (
    <div className="state" role="alert">
      <strong>{isDenied ? 'Not allowed' : 'This could not be loaded'}</strong>
      <Notice tone="error">{error.message}</Notice>
      {isDenied ? <Lacking needs={needs} /> : <div className="muted">{advice(error)}</div>}
      {id && (
        <div className="muted">
          Request <code>{id}</code>
        </div>
      )}
      <div className="state-actions">
        {onRetry && (
          <Button onClick={onRetry}>
            <RotateCw aria-hidden /> Try again
          </Button>
        )}
        <CopyButton text={report(error)} label="Copy for support" />
      </div>
    </div>
  );
}

/** Whether something has lasted so long that people should be told. */
export function useLasting(isActive: boolean, ms = 150): boolean {
  const [isLasting, setLasting] = useState(false);
  useEffect(() => {
    if (!isActive) return setLasting(false);
    const timer = setTimeout(() => setLasting(true), ms);
    return () => clearTimeout(timer);
  }, [isActive, ms]);
  return isActive && isLasting;
}
