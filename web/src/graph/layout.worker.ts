/** Lays graphs out beside the page, which stays usable meanwhile. */

import { type LayoutInput, layout, type Places } from './layout';

/** What the worker says: how far it is, from 0 to 1, and at the end the places. */
export type LayoutNews = { progress: number } | { places: Places };

const tell = (news: LayoutNews) => self.postMessage(news);

self.onmessage = (event: MessageEvent<LayoutInput>) => {
  tell({ places: layout(event.data, progress => tell({ progress })) });
};
