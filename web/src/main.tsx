/** Starts the app in the page that the portal served. */

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client';
import { nonce } from './app/boot';
import { router } from './app/router';
import { session } from './session/session';

// Locking the scroll behind dialogs adds a style element.
setNonce(nonce);

const MAX_RETRIES = 2;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 10 * 60_000,
      // What the portal refused it refuses again.
      retry: (count, error) =>
        count < MAX_RETRIES &&
        (!(error instanceof ApiError) || error.status >= 500 || error.isOffline),
    },
    // What somebody does without a network fails now; it is not done behind their back later.
    mutations: { networkMode: 'always' },
  },
});

session.start();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
