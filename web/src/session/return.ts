/** Coming back from the pages of a provider that were shown in this window. */

const LEFT = 'callboard.left';

/** Says that this window is about to leave for a provider. */
export function willReturn(): void {
  sessionStorage.setItem(LEFT, '1');
}

/**
 * Whether a provider has sent this window back, and with which refusal; that is taken out of the
 * address. Only who left from here comes back: a link of somebody else cannot put words on the page.
 */
export function takeReturn(): { error?: Error } | undefined {
  if (!globalThis.sessionStorage?.getItem(LEFT)) return undefined;
  sessionStorage.removeItem(LEFT);
  const url = new URL(location.href);
  const message = url.searchParams.get('error');
  if (message === null) return {};
  url.searchParams.delete('error');
  history.replaceState(history.state, '', url);
  return { error: new Error(message) };
}

/** Who goes back from the pages of a provider sees this one as it was left. */
export function whenBack(run: () => void): void {
  globalThis.addEventListener?.('pageshow', event => {
    if (!event.persisted) return;
    sessionStorage.removeItem(LEFT);
    run();
  });
}
