/** Waiting in a tab that somebody looks at. */

/**
 * Waits for `ms` and, where nobody sees the tab, until somebody does; whether it was out of sight.
 * Ends at once when `signal` says stop.
 */
export function untilVisible(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    let wasHidden = document.hidden;
    const done = () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', change);
      signal.removeEventListener('abort', done);
      resolve(wasHidden);
    };
    const change = () => {
      if (document.hidden) wasHidden = true;
      else done();
    };
    const timer = setTimeout(() => {
      if (!document.hidden) done();
    }, ms);
    document.addEventListener('visibilitychange', change);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
