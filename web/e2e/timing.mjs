// What a person waits for in a browser, as the browser itself measures it.
import { rest } from './browser.mjs';

export const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Largest paint, layout shift, and the number of files asked for before that paint, of one visit. */
export async function load(page, url) {
  await page.goto(url);
  await rest(page);
  return page.evaluate(
    () =>
      new Promise(resolve => {
        const found = { lcp: 0, shift: 0 };
        new PerformanceObserver(list => {
          for (const entry of list.getEntries()) found.lcp = entry.startTime;
        }).observe({ type: 'largest-contentful-paint', buffered: true });
        new PerformanceObserver(list => {
          for (const entry of list.getEntries())
            if (!entry.hadRecentInput) found.shift += entry.value;
        }).observe({ type: 'layout-shift', buffered: true });
        const isFile = entry => !entry.name.includes('/api/') && entry.startTime < found.lcp;
        setTimeout(() => {
          const files = 1 + performance.getEntriesByType('resource').filter(isFile).length;
          resolve({ ...found, files });
        }, 100);
      }),
  );
}

/**
 * Milliseconds from what somebody does to the next paint (`answer`, the slowest of its events), and
 * to the paint of what was wanted (`shown`): `selector` is there, and says `text` where one is given.
 */
export async function reaction(page, act, { selector, text = '' }) {
  await page.evaluate(watch, { selector, text: text.toString() });
  await act();
  return page.evaluate(() => globalThis.reaction);
}

/** Runs in the page. */
function watch({ selector, text }) {
  let began = 0;
  let answer = 0;
  const begin = event => {
    began ||= event.timeStamp;
  };
  for (const type of ['keydown', 'pointerdown'])
    addEventListener(type, begin, { capture: true, once: true });
  const events = new PerformanceObserver(list => {
    for (const entry of list.getEntries())
      if (entry.interactionId) answer = Math.max(answer, entry.duration);
  });
  // The browser tells no event that was answered within 16 ms.
  events.observe({ type: 'event', durationThreshold: 16 });
  const isShown = () =>
    [...document.querySelectorAll(selector)].some(found =>
      found.textContent.toLowerCase().includes(text.toLowerCase()),
    );
  globalThis.reaction = new Promise((resolve, reject) => {
    const until = performance.now() + 60_000;
    const look = () => {
      if (performance.now() > until) return reject(new Error(`never shown: ${selector} ${text}`));
      if (began === 0 || !isShown()) return requestAnimationFrame(look);
      // After the paint of this frame.
      setTimeout(() => {
        const shown = performance.now() - began;
        setTimeout(() => {
          events.disconnect();
          resolve({ answer: Math.round(answer), shown: Math.round(shown) });
        }, 300);
      });
    };
    look();
  });
}
