import type { ErrorComponentProps } from '@tanstack/react-router';
import { portalUrl } from '../api/client';
import { Page } from '../ui/Page';
import { ErrorState } from '../ui/States';
import { isUnloaded, NotLoaded } from './NotLoaded';

/** A page that failed while it was drawn, or whose code could not be loaded. */
export function CrashPage({ error, reset }: ErrorComponentProps) {
  if (isUnloaded(error)) return <NotLoaded />;
  return (
    <Page title="This page failed">
      <ErrorState
        error={error instanceof Error ? error : new Error(String(error))}
        onRetry={reset}
      />
      <p>
        <a href={portalUrl('/')}>Go to the first page</a>
      </p>
    </Page>
  );
}
