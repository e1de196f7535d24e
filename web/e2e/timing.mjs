// What a person waits for in a browser, as the browser itself measures it.
import { rest } from './browser.mjs';

export const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Largest paint, layout shift and number of files of one visit. */
export async function load(page, url) {
  let files = 0;
  const count = request => {
    if (!request.url().includes('/api/')) files += 1;
  };
  page.on('request', count);
  await page.goto(url);
  await rest(page);
  page.off('request', count);
  const seen = await page.evaluate(
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
        setTimeout(() => resolve(found), 100);
      }),
  );
  return { ...seen, files };
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
    [...document.querySelectorAll(selector)].some(found => found.textContent.includes(text));
  globalThis.reaction = new Promise(resolve => {
    const look = () => {
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
