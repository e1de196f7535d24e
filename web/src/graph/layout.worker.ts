/** Lays graphs out beside the page, which stays usable meanwhile. */

import { type LayoutInput, layout } from './layout';

self.onmessage = (event: MessageEvent<LayoutInput>) => {
  self.postMessage(layout(event.data));
};
