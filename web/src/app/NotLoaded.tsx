/** The code of a page could not be loaded: no network, no portal, or a newer one in its place. */

import { lazyRouteComponent } from '@tanstack/react-router';
import { type ComponentType, useEffect, useState } from 'react';
import { portalUrl } from '../api/client';
import { Button } from '../ui/Button';
import { Page } from '../ui/Page';
import { Empty } from '../ui/States';

const LOOK_MS = 2000;
/** When this page was last loaded anew for want of its code. */
const RELOADED = 'callboard.reloaded';
/** A page that fails again so soon is not helped by another load. */
const AGAIN_MS = 30_000;

const UNLOADED = /dynamically imported module|preload CSS|module script failed/i;

/** Whether an error says that code is missing. */
export const isUnloaded = (error: unknown): boolean =>
  error instanceof Error && UNLOADED.test(error.message);

/** Loads the page anew when the portal answers; only then is everything there that it needs. */
async function reloadWhenBack(isAsked = false): Promise<boolean> {
  const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
  if (!isAsked && Date.now() - last < AGAIN_MS) return false;
  const answer = await fetch(portalUrl('/favicon.svg'), { cache: 'no-store' });
  if (!answer.ok) return false;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
  return true;
}

export function NotLoaded() {
  const [nTries, setTries] = useState(0);
  useEffect(() => {
    const look = () => void reloadWhenBack().catch(() => false);
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  // Without an answer the browser would put a page of its own in the place of this one.
  const again = () =>
    void reloadWhenBack(true)
      .catch(() => false)
      .then(isBack => isBack || setTries(n => n + 1));
  return (
    <Page title="This page is still to come">
      <div className="card" role="alert">
        <Empty
          title="The portal did not answer"
          actions={<Button onClick={again}>Try again</Button>}
        >
          The page has not been open in this tab before, and has to be loaded. That happens by
          itself as soon as the portal answers; everything you have seen is still there.
          {nTries > 0 && <p role="status">Tried {nTries} times: there is no answer yet.</p>}
        </Empty>
      </div>
    </Page>
  );
}

/** A page with code of its own. */
export function pageOf(load: () => Promise<{ default: ComponentType }>) {
  return lazyRouteComponent(() =>
    load().catch(error => {
      if (isUnloaded(error)) return { default: NotLoaded };
      throw error;
    }),
  );
}
