import type { ErrorComponentProps } from '@tanstack/react-router';
import { Page } from '../ui/Page';
import { ErrorState } from '../ui/States';

/** A page that failed while it was drawn, or whose code could not be loaded. */
export function CrashPage({ error, reset }: ErrorComponentProps) {
  return (
    <Page title="This page failed">
      <ErrorState
        error={error instanceof Error ? error : new Error(String(error))}
        onRetry={reset}
      />
    </Page>
  );
}
